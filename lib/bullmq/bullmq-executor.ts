/** The executor whose tasks run on other machines: the same calls as on one, other options. */
import { randomUUID } from 'node:crypto';
import type { Executor, ResultIterator } from '../executor/executor.ts';
import { type AnyFunction, mapOn, submitTo } from '../executor/pool-view.ts';
import type { Future } from '../futures/future.ts';
import {
  checkShutdownOptions,
  checkTaskOptions,
  type ShutdownOptions,
  type TaskOptions,
} from '../options/task-options.ts';
import { type BullMQExecutorOptions, resolveExecutorOptions } from './executor-options.ts';
import { type RemoteCalls, remoteCalls } from './remote-calls.ts';
import { RemotePool } from './remote-pool.ts';
import type { RemoteStats } from './remote-stats.ts';
import type { RemoteTaskSettings } from './remote-task.ts';
import { valueCodec } from './wire-values.ts';

/**
 * Runs tasks on the machines that serve a queue (`serveTasks`). Functions go by their name in the registry that both sides
 * share; values as text. Delivery is at least once: a task may run again if its machine is lost, and learns which job it is
 * run for from `jobInfo()`.
 *
 * `cancel()` returns `true` for a task that is not known to have begun: its future is cancelled, its job is taken out of the
 * queue, and if a machine has begun it meanwhile, it is ended there. While Redis is away, it is `true` only for a task that
 * was not sent; any other one is cancelled when Redis is back, if it has not begun by then. An idle executor does not keep
 * the process alive while Redis can be reached; a pending task always does.
 */
export class BullMQExecutor implements Executor {
  readonly #pool: RemotePool;
  readonly #calls: RemoteCalls;
  readonly #settings: RemoteTaskSettings;

  /**
   * Does not wait for Redis: tasks do.
   *
   * @throws TypeError, RangeError for options that are missing, unknown, of the wrong type or out of range.
   */
  constructor(options: BullMQExecutorOptions) {
    const settings = resolveExecutorOptions(options);
    const executorId = randomUUID();
    const codec = valueCodec(settings.tasks.reducers, settings.maxPayload);
    this.#pool = new RemotePool(settings, executorId, codec);
    this.#calls = remoteCalls(this.#pool, settings, executorId, codec);
    this.#settings = {
      timeout: settings.taskTimeout,
      signal: undefined,
      retries: settings.crashRetries,
      priority: 0,
      name: undefined,
    };
  }

  /** Tasks that are not settled. */
  get pendingCount(): number {
    return this.#pool.pendingCount;
  }

  /** Figures since the start, for metrics and logs. */
  stats(): RemoteStats {
    return this.#pool.stats();
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return submitTo(this.#calls, this.#settings, this.submit, fn, args) as Future<Awaited<R>>;
  }

  readonly map: Executor['map'] = (fn: AnyFunction, ...rest: unknown[]) =>
    mapOn(() => this.#calls, this.#settings, this.map, fn, rest) as ResultIterator<never>;

  /** @throws TypeError Always: a job of BullMQ has one result. */
  readonly stream: Executor['stream'] = refuseStream;

  /**
   * A view whose tasks have these options. `retries` is for tasks whose worker process died. Of two priorities the higher
   * one runs first: above 0 before all that waits, the last submitted first; below 0 after all that waits.
   */
  withOptions(options: TaskOptions): Executor {
    return new RemoteView(this, this.#calls, withRemoteOptions(this.#settings, options));
  }

  /**
   * Takes no more tasks, waits for those it has, and closes its connections; the serving machines go on. With `killWorkers`
   * running tasks are ended, wherever they run. If Redis stays away, pending futures fail after `outageTimeout`.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#pool.shutdown(checkShutdownOptions(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

class RemoteView implements Executor {
  readonly #executor: Executor;
  readonly #calls: RemoteCalls;
  readonly #settings: RemoteTaskSettings;

  /** @param executor Where `shutdown` goes. */
  constructor(executor: Executor, calls: RemoteCalls, settings: RemoteTaskSettings) {
    this.#executor = executor;
    this.#calls = calls;
    this.#settings = settings;
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return submitTo(this.#calls, this.#settings, this.submit, fn, args) as Future<Awaited<R>>;
  }

  readonly map: Executor['map'] = (fn: AnyFunction, ...rest: unknown[]) =>
    mapOn(() => this.#calls, this.#settings, this.map, fn, rest) as ResultIterator<never>;

  readonly stream: Executor['stream'] = refuseStream;

  withOptions(options: TaskOptions): Executor {
    return viewOf(this.#executor, this.#calls, withRemoteOptions(this.#settings, options));
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#executor.shutdown(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

function refuseStream(): never {
  throw new TypeError(
    'a BullMQExecutor has no stream, as a job of BullMQ has one result: give what the task yields to reportProgress and take it with ' +
      'onProgress, or stream from a ProcessPoolExecutor',
  );
}

/** Outside of the class: the bundler renames one that names itself. */
function viewOf(executor: Executor, calls: RemoteCalls, settings: RemoteTaskSettings): Executor {
  return new RemoteView(executor, calls, settings);
}

/** @throws TypeError, RangeError */
function withRemoteOptions(settings: RemoteTaskSettings, given: TaskOptions): RemoteTaskSettings {
  const options = checkTaskOptions(given);
  if (options.retries === Number.POSITIVE_INFINITY) {
    throw new RangeError('retries must be a whole number, 0 or more, got Infinity: BullMQ counts attempts');
  }
  if (options.killGrace !== undefined) {
    throw new TypeError(
      'killGrace is an option of the executor that serves the tasks, not of one that submits them',
    );
  }
  return {
    timeout: options.timeout ?? settings.timeout,
    signal: options.signal ?? settings.signal,
    retries: options.retries ?? settings.retries,
    priority: options.priority ?? settings.priority,
    name: options.name ?? settings.name,
  };
}
