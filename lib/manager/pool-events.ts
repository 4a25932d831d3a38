/** What a manager reports; the executor that makes it decides where the reports go. */

import type { ExitReport } from '../child/exit-report.ts';
import type { LeakFigures } from '../child/protocol.ts';
import type {
  BrokenProcessPool,
  InitializerError,
  TerminationReason,
  WorkerStartupError,
} from '../errors.ts';
import type { PoolTap } from './pool-tap.ts';
import type { Shortage } from './recovery.ts';
import type { Task, TaskOutcome } from './task.ts';
import type { PoolWorker, WorkerEndReason, WorkerStartReason } from './worker.ts';

/**
 * Why a worker is replaced: it leaks, has done its share (`maxTasksPerWorker`), was above `memory.limit` when it had nothing
 * to do, or `recycle()` has asked for it.
 */
export type RecycleReason = 'memory-leak' | 'max-tasks' | 'memory-limit' | 'requested';

/**
 * Why a worker process ended: by the pool's own decision ({@link WorkerEndReason}), unexpectedly
 * (`TerminationReason`), or because it could not be created at all.
 */
export type WorkerExitReason = WorkerEndReason | TerminationReason | 'could-not-start';

/** A time in which no worker can be started. */
export interface PoolShortage extends Shortage {
  /** What the latest start failed with. */
  readonly error: WorkerStartupError | InitializerError;
}

/** What a worker wrote. */
export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
  /** The name of the one that wrote it. */
  readonly task: string | undefined;
  readonly isUnfinished: boolean;
}

export interface PoolEvents {
  onWorkerStarting(worker: PoolWorker, reason: WorkerStartReason): void;
  onWorkerReady(worker: PoolWorker): void;
  /** The pool has decided that it ends. */
  onWorkerEnding(worker: PoolWorker, reason: WorkerEndReason): void;
  onWorkerExit(worker: PoolWorker, exit: ExitReport): void;
  onWorkerRecycled(worker: PoolWorker, reason: RecycleReason, memory: LeakFigures | undefined): void;
  /** @param pause For so many milliseconds no worker is started. */
  onWorkerShortage(shortage: PoolShortage, pause: number): void;
  onBroken(error: BrokenProcessPool): void;
  onOutput(worker: PoolWorker, output: OutputLine): void;

  /** Of a live view that is open: `undefined` while no page is open. */
  readonly tap: PoolTap | undefined;
  /** `undefined` while no task is observed. */
  readonly tasks: TaskEvents | undefined;
}

/** What becomes of tasks. */
export interface TaskEvents {
  queued(task: Task): void;
  /** May be called again for the same start. */
  started(task: Task, worker: PoolWorker): void;
  /** @param runTime In milliseconds. */
  answered(task: Task, worker: PoolWorker, runTime: number): void;
  /** It waits again: its worker has died. */
  retried(task: Task): void;
  settled(task: Task, outcome: TaskOutcome, error: unknown): void;
}
