/** What submitters hold: the contract of an executor whose tasks run on other machines, beyond that of every executor. */
import type { Executor } from '../executor/executor.ts';
import type { Future } from '../futures/future.ts';
import type { WaitOptions } from '../futures/wait-for.ts';
import type { TaskOptions } from '../options/task-options.ts';

/** A line that a task has written, where it ran. */
export interface TaskOutput {
  readonly stream: 'stdout' | 'stderr';
  /** Without its line break, cut at 8,000 characters. */
  readonly line: string;
  /** The id of the job. */
  readonly id: string;
}

/** For the tasks of a view made by `withOptions` of a `BullMQExecutor`. */
export interface RemoteTaskOptions extends TaskOptions {
  /**
   * The id of the job, as BullMQ's `jobId`: for one task, which runs once however often it is submitted, by whichever process, as
   * long as its job or its outcome is kept. Every submit of it gives a future of the one outcome; function and arguments are those of
   * the first. Not empty, without `:`, no whole number, 256 characters at most. Default: an id of its own for each task.
   */
  jobId?: string;
  /**
   * Milliseconds from the submit on within which a machine must begin the task; then it never runs, and its future fails with a
   * `TimeoutError` that says so. The running time has its own limit, `timeout`. Machines compare by their own clocks. Default: the
   * executor's `queueTimeout`.
   */
  queueTimeout?: number;
  /**
   * Called with each line that the task writes to stdout and stderr, if the pool of its machine has `stdio: 'events'`. A line
   * may come up to a second after the outcome. Of a flood the first 64,000 characters of each tenth of a second are sent. Default: output stays on the machine.
   */
  onOutput?: (output: TaskOutput) => void;
}

/** A `BullMQExecutor`, or a view on one that `withOptions` gives. */
export interface RemoteExecutor extends Executor {
  /**
   * Stores a task, and waits for no outcome: the program may end. Every program that knows the id can ask for the outcome,
   * with `result` or `future`, until `keepOutcomes` after the task's end.
   *
   * @returns The id, once the job is stored.
   * @throws TypeError if `fn` is no function.
   * @throws what the future of `submit` would fail with if the job cannot be stored: `QueueUnavailableError`,
   * `SerializationError`, `PayloadStoreError`, `ShutdownExecutorError`, `QueueFullError`.
   */
  enqueue<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<{ id: string }>;

  /**
   * A future of a task that was stored by `enqueue`, or submitted with a `jobId`, by this process or another one. It fails with
   * `UnknownJobError` if there is no such job and no outcome of it. `cancel` cancels the task for all its futures; a shutdown or an outage ends only this future.
   *
   * @throws ShutdownExecutorError, QueueFullError as `submit` does.
   */
  future<T = unknown>(id: string): Future<T>;

  /** The outcome of such a task: `future(id).result(options)`. */
  result<T = unknown>(id: string, options?: WaitOptions): Promise<T>;

  /**
   * Resolves when everything that was submitted so far is stored, or was cancelled before: the process may end then, and loses no
   * task. A process that ends with tasks that are not stored warns of them (`LOKY_NOT_STORED`).
   *
   * @throws what the first task that could not be stored has failed with.
   */
  flush(): Promise<void>;

  withOptions(options: RemoteTaskOptions): RemoteExecutor;
}
