/** What `withOptions` returns: the same pool, other options for its tasks. */
import type { Future } from '../futures/future.ts';
import type { Manager } from '../manager/manager.ts';
import type { TaskSettings } from '../manager/task.ts';
import { killGraceNeedsOwnWorker } from '../options/own-worker.ts';
import { checkTaskOptions, type ShutdownOptions, type TaskOptions } from '../options/task-options.ts';
import type { Executor, ResultIterator } from './executor.ts';
import { calls } from './parts.ts';
import { type AnyFunction, submitTo } from './pool-view.ts';

export class ExecutorView implements Executor {
  readonly #executor: Executor;
  readonly #pool: () => Manager;
  readonly #settings: TaskSettings;

  /** @param executor Where `shutdown` goes. */
  constructor(executor: Executor, pool: () => Manager, settings: TaskSettings) {
    this.#executor = executor;
    this.#pool = pool;
    this.#settings = settings;
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return submitTo(this.#pool(), this.#settings, this.submit, fn, args) as Future<Awaited<R>>;
  }

  readonly map: Executor['map'] = (fn: AnyFunction, ...rest: unknown[]) =>
    calls.get().mapOn(this.#pool, this.#settings, this.map, fn, rest) as ResultIterator<never>;

  readonly stream: Executor['stream'] = (fn: AnyFunction, ...args: unknown[]) =>
    calls.get().streamOn(this.#pool(), this.#settings, this.stream, fn, args) as ResultIterator<never>;

  withOptions(options: TaskOptions): Executor {
    return viewOf(this.#executor, this.#pool, withTaskOptions(this.#settings, options));
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#executor.shutdown(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** Outside of the class: the bundler renames one that names itself. */
function viewOf(executor: Executor, pool: () => Manager, settings: TaskSettings): Executor {
  return new ExecutorView(executor, pool, settings);
}

/** @throws TypeError, RangeError */
export function withTaskOptions(settings: TaskSettings, given?: TaskOptions): TaskSettings {
  const options = checkTaskOptions(given);
  if (options.retries && !settings.mayRetry) {
    throw new TypeError(
      "retries needs an executor with onWorkerCrash: 'isolate': with 'break' one death ends the whole pool",
    );
  }
  if (options.killGrace && settings.sharesWorker) throw killGraceNeedsOwnWorker();
  return { ...settings, ...options };
}
