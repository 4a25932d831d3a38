/** The executor whose tasks run on other machines. Light: what it does is loaded with the first one. */
import type { Executor, ResultIterator } from '../executor/executor.ts';
import type { Future } from '../futures/future.ts';
import type { WaitOptions } from '../futures/wait-for.ts';
import type { ShutdownOptions } from '../options/task-options.ts';
import type { Shared } from '../sending/common/shared.ts';
import type { BullMQExecutorOptions } from './executor-options.ts';
import * as heavy from './heavy.ts';
import type { RemoteExecutor, RemoteTaskOptions } from './remote-executor.ts';
import type { RemoteStats } from './remote-stats.ts';
import type { RemoteView } from './remote-view.ts';

/** Loaded when it is asked for. */
const later = (): typeof heavy => heavy;

/** What the executors that `withOptions` makes are given in the place of options. */
const ofViews = new WeakSet<object>();

/**
 * Runs tasks on the machines that serve a queue (`serveTasks`). Functions go by their name in the registry that both sides
 * share; values as text. Delivery is at least once: a task may run again if its machine is lost, and learns which job it is
 * run for from `jobInfo()`.
 *
 * `cancel()` returns `true` for a task that is not known to have begun: its future is cancelled, its job is taken out of the
 * queue, and if a machine has started it by then, it is killed there. While Redis is unreachable, it is `true` only for a task that
 * was not sent; any other one is cancelled when Redis is back, if it has not begun by then. An idle executor does not keep
 * the process alive while Redis can be reached; a pending task always does.
 */
export class BullMQExecutor implements RemoteExecutor {
  readonly #view: RemoteView;

  /**
   * Does not wait for Redis: tasks do.
   *
   * @throws TypeError, RangeError for options that are missing, unknown, of the wrong type or out of range.
   */
  constructor(options: BullMQExecutorOptions) {
    this.#view = ofViews.has(options)
      ? (options as unknown as RemoteView)
      : later().createRemoteView(options);
  }

  /** Tasks that are not settled. */
  get pendingCount(): number {
    return this.#view.pool.pendingCount;
  }

  /** Figures since the start, for metrics and logs. */
  stats(): RemoteStats {
    return this.#view.pool.stats();
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    return this.#view.submit(this.submit, fn, args) as Future<Awaited<R>>;
  }

  readonly map: Executor['map'] = (fn: (...args: never[]) => unknown, ...rest: unknown[]) =>
    this.#view.map(this.map, fn, rest) as ResultIterator<never>;

  enqueue<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<{ id: string }> {
    return this.#view.enqueue(this.enqueue, fn, args);
  }

  future<T = unknown>(id: string): Future<T> {
    return this.#view.future(this.future, id) as Future<T>;
  }

  result<T = unknown>(id: string, options?: WaitOptions): Promise<T> {
    return this.#view.result(this.result, id, options) as Promise<T>;
  }

  flush(): Promise<void> {
    return this.#view.pool.flush();
  }

  /** @throws TypeError Always: a job of BullMQ has one result. */
  readonly stream: Executor['stream'] = () => refuseStream();

  /**
   * Shares a large value with the machines: it is encoded at this call, put once into the `store`, read from there once by each
   * machine, when a job there needs it first, and sent once to each of its workers. The handle is sent instead of the value: as
   * an argument, in arguments, or captured by a function; tasks read its `value`. A handle of any executor of this process can be
   * sent by any other.
   *
   * It holds what arguments may hold: data, and what the registry has reducers for. What is changed in the value after this call
   * does not travel.
   *
   * When the handle is disposed or collected, or this executor was shut down, and no pending task needs it, it is removed from a
   * store that has `delete`; not so once a task with an id of its own (`enqueue`, `jobId`) has needed it.
   *
   * @throws TypeError if the executor has no `store`.
   * @throws SerializationError with the path of what cannot be sent.
   * @throws ShutdownExecutorError after `shutdown`.
   */
  share<T>(value: T): Shared<T> {
    return this.#view.share(value);
  }

  /**
   * A view whose tasks have these options. `retries` is for tasks whose worker process died. Of two priorities the higher
   * one runs first: above 0 before all that waits, the last submitted first; below 0 after all that waits.
   */
  withOptions(options: RemoteTaskOptions): RemoteExecutor {
    return executorOf(this.#view.withOptions(options));
  }

  /**
   * Takes no more tasks, waits for those it has, and closes its connections; the serving machines continue. With `killWorkers`
   * running tasks are ended, wherever they run. If Redis stays away, pending futures fail after `outageTimeout`.
   */
  shutdown(options?: ShutdownOptions): Promise<void> {
    return this.#view.shutdown(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** Outside of the class: the bundler renames one that names itself. */
function executorOf(view: RemoteView): RemoteExecutor {
  ofViews.add(view);
  return new BullMQExecutor(view as never);
}

function refuseStream(): never {
  throw new TypeError(
    'a BullMQExecutor has no stream, as a job of BullMQ has one result: give what the task yields to reportProgress and take it with ' +
      'onProgress, or stream from a ProcessPoolExecutor',
  );
}
