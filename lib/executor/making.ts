/** How the pool behind an executor is made: with the constructor, in the turn after it, or by the first task. */
import { dropLaunched, type Launched, launchWorker } from '../child/launch.ts';
import { launchSettings } from '../manager/launch-settings.ts';
import type { Manager } from '../manager/manager.ts';
import type { PoolObserver } from '../observing/observer.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { loadersForSending } from '../sending/host/rich.ts';
import { inRootContext } from '../system/root-context.ts';
import { setImmediate, setTimeout } from '../system/timers.ts';
import { pool } from './parts.ts';
import type { ProcessPoolExecutor } from './process-pool-executor.ts';

export interface MadePool {
  readonly manager: Manager;
  readonly observer: PoolObserver;
}

/** Whether something of the user's is sent to each worker that starts: what of it cannot be sent is an error of the constructor. */
export const sendsAtStart = ({
  initializer,
  teardown,
  jobReducers,
  resultReducers,
}: ExecutorSettings): boolean =>
  [initializer, teardown, jobReducers, resultReducers].some((given) => given !== undefined);

/**
 * @param launched The process of the first worker, for `Manager.startFirst`. It is ended if there is to be no pool.
 * @throws SerializationError if the initializer, its arguments or the teardown cannot be sent.
 * @throws TypeError if a reducer is not what it should be.
 */
export function makePool(
  executor: ProcessPoolExecutor,
  settings: ExecutorSettings,
  launched?: Launched,
): MadePool {
  try {
    const { executorId } = executor;
    const { createSender, createWorkerSetup, Manager, PoolObserver } = pool.get();
    const mainByReference = settings.context.startMethod === 'loky_init_main';
    const sender = createSender({ ...settings, mainByReference });
    const setup = createWorkerSetup(settings, sender, executorId, launched);
    const observer = new PoolObserver(executor, executorId);
    return { observer, manager: new Manager(settings, sender, setup, observer) };
  } catch (error) {
    if (launched !== undefined) dropLaunched(launched);
    throw error;
  }
}

/** Milliseconds after which an executor without a task is one that waits for its first. */
const IDLE_AFTER = 100;

/** Loads what the first task would wait for: now what starts a process, and later what sends a closure, if no task has come. */
export function loadAhead(manager: Manager): NodeJS.Timeout {
  process.getBuiltinModule('node:child_process');
  const hasTasks = (): boolean => manager.counts.answered + manager.pendingCount + manager.runningCount > 0;
  return setTimeout(() => {
    if (!hasTasks()) loadInTurns(loadersForSending);
  }, IDLE_AFTER).unref();
}

/** Each in a turn of its own: none holds the event loop for long. */
function loadInTurns([load, ...rest]: readonly (() => unknown)[]): void {
  if (load === undefined) return;
  try {
    inRootContext(load);
  } catch {
    return; // the call that needs it tries again
  }
  setImmediate(() => loadInTurns(rest));
}

/** The process of the first worker, which boots while the pool is loaded; `undefined` if the pool is to start it. */
export function launchFirst(settings: ExecutorSettings): Launched | undefined {
  if (typeof settings.env === 'function') return undefined; // it is called once for each worker
  try {
    const launched = inRootContext(() => launchWorker(launchSettings(settings, 0)));
    if (launched.subprocess.pid !== undefined) return launched;
    dropLaunched(launched); // what it holds is missing otherwise when the pool is loaded
    return undefined;
  } catch {
    return undefined; // the pool tries again, and says what is wrong
  }
}
