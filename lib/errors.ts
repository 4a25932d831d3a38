/**
 * Every error class that users can meet. Messages are sentences that say what happened and, where there is
 * one, the way out. Each class has a stable `code`; nothing here knows how the errors come about.
 */

/** The executor is broken and runs no more tasks: a worker died, could not start, or its initializer failed. */
export class BrokenProcessPool extends Error {
  override readonly name: string = 'BrokenProcessPool';
  readonly code: string = 'ERR_BROKEN_PROCESS_POOL';
}

/**
 * Why a worker ended unexpectedly.
 *
 * - `exit`: a task called `process.exit()`
 * - `crash`: a signal ended it (segmentation fault, abort, a `kill` from outside)
 * - `out-of-memory`: V8's heap was exhausted, or the kernel killed it for its memory
 * - `memory-limit`: the watchdog ended it because it passed `memory.limit`
 * - `uncaught-exception`: something that a task left behind (a timer, a promise) threw
 * - `channel`: it closed its channel to the host, or sent what is not part of the protocol
 * - `shared-worker`: it was ended because another task that it ran at the same time (`tasksPerWorker`) was cancelled with `kill`, was
 *   aborted, or ran longer than its timeout
 */
export type TerminationReason =
  | 'exit'
  | 'crash'
  | 'out-of-memory'
  | 'memory-limit'
  | 'uncaught-exception'
  | 'channel'
  | 'shared-worker';

/** What is known of a worker that ended unexpectedly. */
export interface TerminationReport {
  /** `undefined` if the process could not be created. */
  readonly pid: number | undefined;
  /** The worker's number in its executor, from 0 on. */
  readonly rank: number;
  /** `undefined` if a signal ended it. */
  readonly exitCode: number | undefined;
  /** `undefined` if it exited by itself. */
  readonly signal: NodeJS.Signals | undefined;
  readonly reason: TerminationReason;
  /** The last resident set size seen, with the worker's descendants, in bytes; `undefined` if it ended too early for one. */
  readonly memory: number | undefined;
  /** The last lines that the worker wrote to its stderr. */
  readonly stderr: string;
  /** The name of the task it was running, if it was running one. */
  readonly task: string | undefined;
}

/**
 * A worker ended unexpectedly, or the watchdog ended it for its memory. The message says what
 * happened, and contains loky's phrases `unexpectedly terminated` and `The exit codes of the workers are {…}`.
 */
export class TerminatedWorkerError extends BrokenProcessPool implements TerminationReport {
  override readonly name = 'TerminatedWorkerError';
  override readonly code = 'ERR_TERMINATED_WORKER';
  readonly pid!: number | undefined;
  readonly rank!: number;
  readonly exitCode!: number | undefined;
  readonly signal!: NodeJS.Signals | undefined;
  readonly reason!: TerminationReason;
  readonly memory!: number | undefined;
  readonly stderr!: string;
  readonly task!: string | undefined;

  constructor(message: string, report: TerminationReport, options?: ErrorOptions) {
    super(message, options);
    Object.assign(this, report);
  }
}

/** The `initializer` threw, rejected, or did not settle in time. The real error is the `cause`. */
export class InitializerError extends BrokenProcessPool {
  override readonly name = 'InitializerError';
  override readonly code = 'ERR_INITIALIZER';
}

/** A worker process could not boot. The message carries what it wrote to its stderr. */
export class WorkerStartupError extends BrokenProcessPool {
  override readonly name = 'WorkerStartupError';
  override readonly code = 'ERR_WORKER_STARTUP';
}

/** `submit` after `shutdown`, or a task lost to `shutdown({ killWorkers: true })`. */
export class ShutdownExecutorError extends Error {
  override readonly name = 'ShutdownExecutorError';
  readonly code = 'ERR_SHUTDOWN_EXECUTOR';
}

/** The future was cancelled before its task began, or its task was killed. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  readonly code = 'ERR_CANCELLED';
}

/** A wait was over before the future was done, or a task ran longer than its `timeout`. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ERR_TIMEOUT';
}

/** A function or value cannot be sent to a worker or back, or cannot be rebuilt at the other end. */
export class SerializationError extends Error {
  override readonly name = 'SerializationError';
  readonly code = 'ERR_SERIALIZATION';
  /** The place of the offender, such as ``closure variable `db`.socket``. */
  readonly path: string | undefined;

  constructor(message: string, options?: ErrorOptions & { path?: string }) {
    super(message, options);
    this.path = options?.path;
  }
}

/** Executors are nested deeper than `LOKY_MAX_DEPTH` allows. */
export class LokyRecursionError extends Error {
  override readonly name = 'LokyRecursionError';
  readonly code = 'ERR_LOKY_RECURSION';
}

/** `maxPending` tasks are waiting already. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
  readonly code = 'ERR_QUEUE_FULL';
}
