/** What an executor is made of. A program that imports the package and makes none does without: see parts.ts. */
export { Manager } from '../../manager/manager.ts';
export { createWorkerSetup } from '../../manager/worker-setup.ts';
export { PoolObserver } from '../../observing/observer.ts';
export { createSender } from '../../sending/sender.ts';
