/**
 * What code that runs in a worker can learn about it. The worker's own bundle and the package as a task
 * imports it are two modules in one process: they meet in a global symbol.
 */

/** What a task can learn of the worker that it runs in. */
export interface WorkerInfo {
  /**
   * The worker's place in the pool, from 0 to `maxWorkers - 1`. Workers that run tasks at the same time have different
   * ones. A worker that takes the place of another gets its number; where `env` is a function, it keeps the one that it
   * was started with.
   */
  readonly rank: number;
  /** How deep executors are nested: 1 in a worker of the main process. */
  readonly depth: number;
  /** The `executorId` of the executor that the worker belongs to. */
  readonly executorId: number;
}

const key = Symbol.for('loky.workerInfo');
const shared = globalThis as { [key]?: WorkerInfo };

/** Describes the worker this code runs in; `undefined` outside of workers. */
export function workerInfo(): WorkerInfo | undefined {
  return shared[key];
}

/** For a worker at boot, and when it takes another place. */
export function setWorkerInfo(info: WorkerInfo): void {
  Object.defineProperty(globalThis, key, { value: Object.freeze(info), configurable: true });
}
