/** The events of an executor, as listeners see them. An event is created only if it has a listener. */
import type { LeakFigures } from '../child/protocol.ts';
import type { BrokenProcessPool } from '../errors.ts';
import type { RecycleReason, WorkerExitReason } from '../manager/pool-events.ts';
import type { TaskOutcome } from '../manager/task.ts';
import type { WorkerEndReason, WorkerStartReason } from '../manager/worker.ts';

export type { RecycleReason, TaskOutcome, WorkerEndReason, WorkerExitReason, WorkerStartReason };

/** Whose event it is. */
interface OfExecutor {
  /** The `executorId` of the executor. */
  readonly executorId: number;
}

export interface WorkerEvent extends OfExecutor {
  /** `undefined` if the process could not be created. */
  readonly pid: number | undefined;
  /** The place in the pool. It stays the same when another process takes over. */
  readonly rank: number;
}

export interface WorkerStartedEvent extends WorkerEvent {
  readonly reason: WorkerStartReason;
}

export interface WorkerExitedEvent extends WorkerEvent {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly reason: WorkerExitReason;
  /**
   * Of a worker that ended unexpectedly: what its tasks fail with, whose `task` is the one that it was running; or why the process
   * could not be created. `undefined` where the pool ended it.
   */
  readonly error: Error | undefined;
  /** The name of the task that it was running, or for which the pool ended it; `undefined` if there was none. */
  readonly task: string | undefined;
}

export interface WorkerRecycledEvent extends WorkerEvent {
  readonly reason: RecycleReason;
  /** In bytes; there if the reason is `'memory-leak'`. */
  readonly memory: LeakFigures | undefined;
  readonly tasksDone: number;
}

export interface WorkerShortageEvent extends OfExecutor {
  /** What the latest start failed with. The pool is not broken. */
  readonly error: BrokenProcessPool;
  /** How many starts have failed since one succeeded. */
  readonly failures: number;
  /** For so many milliseconds no worker is started. */
  readonly pause: number;
}

export interface TaskEvent extends OfExecutor {
  /** Unique within this process; the same in all events of a task. */
  readonly id: number;
  /** That of `withOptions({ name })`, or the function's own. */
  readonly name: string;
  /** It runs several inputs of a `map` (`chunkSize`). */
  readonly isChunk: boolean;
  /** When it was submitted, in milliseconds of `performance.now()`. */
  readonly submittedAt: number;
}

export type TaskQueuedEvent = TaskEvent;

export interface TaskStartedEvent extends TaskEvent, WorkerEvent {
  /** When its worker began it, in milliseconds of `performance.now()`: what it needs is loaded. */
  readonly startedAt: number;
  /** From submit to this start, in milliseconds. */
  readonly waitTime: number;
  /** 1, or more if it is run again because its worker died. */
  readonly attempt: number;
}

export interface TaskSettledEvent extends TaskEvent {
  readonly outcome: TaskOutcome;
  /** What its future fails with; `undefined` if it succeeded. */
  readonly error: unknown;
  /** The process that ran it last; `undefined` if it never began. */
  readonly pid: number | undefined;
  readonly rank: number | undefined;
  /** In milliseconds of `performance.now()`; `undefined` if it never began. */
  readonly startedAt: number | undefined;
  /** From submit to its last start, in milliseconds; to its end if it never began. */
  readonly waitTime: number;
  /** From start to answer in the worker, to its end if there was no answer, in milliseconds; `undefined` if it never began. */
  readonly runTime: number | undefined;
}

export interface OutputEvent extends WorkerEvent {
  readonly stream: 'stdout' | 'stderr';
  /** Without its line break. */
  readonly line: string;
  /** The name of the task that wrote it: the one that ran, or the last one that had. `undefined` before the first one, and while several run at once (`tasksPerWorker`). */
  readonly task: string | undefined;
  /**
   * There was no line break: the task, or its process, ended before the line did. What else comes of it is a line of its
   * own. Lines of more than 64 KiB come in pieces, of which only the last one is finished.
   */
  readonly isUnfinished: boolean;
}

/** The events of an executor, by name. */
export interface ExecutorEvents {
  /** A worker process was asked for. */
  workerStarted: [WorkerStartedEvent];
  /** It is booted and initialized. */
  workerReady: [WorkerEvent];
  /** It is being replaced: it leaked, or has done its share of tasks. */
  workerRecycled: [WorkerRecycledEvent];
  workerExited: [WorkerExitedEvent];
  /** The system has no process, thread, descriptor or memory for a worker: it is tried again after a pause. */
  workerShortage: [WorkerShortageEvent];
  /** A task was submitted. */
  taskQueued: [TaskQueuedEvent];
  /** A worker has started a task. For short tasks, several of which are sent at a time, this comes with their answer. */
  taskStarted: [TaskStartedEvent];
  /** A task has come to its end, in whatever way; its future settles right after this. */
  taskSettled: [TaskSettledEvent];
  /** With `stdio: 'events'`: a line that a worker wrote. */
  output: [OutputEvent];
  /** The pool is broken: it runs no more tasks. */
  broken: [BrokenProcessPool];
}
