/**
 * What a live view gets from a pool. It gets tasks and workers themselves: no event is created, no async context is kept, so
 * that it costs a pool of brief tasks next to nothing. A pool that nothing looks at has no tap.
 */

import type { ExitReport } from '../child/exit-report.ts';
import type { LeakFigures } from '../child/frames.ts';
import type { BrokenProcessPool } from '../errors.ts';
import type { RecycleReason, WorkerExitReason } from './pool-events.ts';
import type { Task, TaskOutcome } from './task.ts';
import type { PoolWorker, WorkerEndReason } from './worker.ts';

export interface PoolTap {
  /** @param runTime In milliseconds. Whether it succeeded is not known yet: `taskFailed` follows if not. */
  taskAnswered(task: Task, worker: PoolWorker, runTime: number): void;
  taskFailed(task: Task, outcome: Exclude<TaskOutcome, 'succeeded'>, error: unknown): void;
  /** @param decode May throw. */
  taskProgressed(task: Task, worker: PoolWorker, decode: () => unknown): void;
  workerStarting(worker: PoolWorker): void;
  workerReady(worker: PoolWorker): void;
  /** The pool ends it. What it was sent is still in `worker.tasks`. */
  workerEnding(worker: PoolWorker, reason: WorkerEndReason): void;
  workerRecycled(worker: PoolWorker, reason: RecycleReason, memory: LeakFigures | undefined): void;
  workerExited(worker: PoolWorker, exit: ExitReport, reason: WorkerExitReason): void;
  broken(error: BrokenProcessPool): void;
}

/** Several views of one pool. */
export class PoolTaps implements PoolTap {
  readonly #taps: readonly PoolTap[];

  private constructor(taps: readonly PoolTap[]) {
    this.#taps = taps;
  }

  static with(present: PoolTap | undefined, added: PoolTap): PoolTap {
    if (present === undefined) return added;
    return new PoolTaps([...(present instanceof PoolTaps ? present.#taps : [present]), added]);
  }

  static without(present: PoolTap | undefined, removed: PoolTap): PoolTap | undefined {
    if (!(present instanceof PoolTaps)) return present === removed ? undefined : present;
    const left = present.#taps.filter((tap) => tap !== removed);
    return left.length === 1 ? left[0] : new PoolTaps(left);
  }

  taskAnswered(...args: Parameters<PoolTap['taskAnswered']>): void {
    for (const tap of this.#taps) tap.taskAnswered(...args);
  }

  taskFailed(...args: Parameters<PoolTap['taskFailed']>): void {
    for (const tap of this.#taps) tap.taskFailed(...args);
  }

  taskProgressed(...args: Parameters<PoolTap['taskProgressed']>): void {
    for (const tap of this.#taps) tap.taskProgressed(...args);
  }

  workerStarting(...args: Parameters<PoolTap['workerStarting']>): void {
    for (const tap of this.#taps) tap.workerStarting(...args);
  }

  workerReady(...args: Parameters<PoolTap['workerReady']>): void {
    for (const tap of this.#taps) tap.workerReady(...args);
  }

  workerEnding(...args: Parameters<PoolTap['workerEnding']>): void {
    for (const tap of this.#taps) tap.workerEnding(...args);
  }

  workerRecycled(...args: Parameters<PoolTap['workerRecycled']>): void {
    for (const tap of this.#taps) tap.workerRecycled(...args);
  }

  workerExited(...args: Parameters<PoolTap['workerExited']>): void {
    for (const tap of this.#taps) tap.workerExited(...args);
  }

  broken(...args: Parameters<PoolTap['broken']>): void {
    for (const tap of this.#taps) tap.broken(...args);
  }
}
