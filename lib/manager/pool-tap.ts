/**
 * What a live view gets from a pool. It gets tasks and workers themselves: no event is created, no async context is kept, so
 * that it costs a pool of brief tasks next to nothing. A pool that nothing looks at has no tap.
 */

import type { ExitReport } from '../child/exit-report.ts';
import type { LeakFigures } from '../child/protocol.ts';
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

/** What a pool with these views has as its tap. */
export function oneTapOf(views: ReadonlySet<PoolTap>): PoolTap | undefined {
  if (views.size < 2) return [...views][0];
  return new Proxy({} as PoolTap, {
    get:
      (_, name: keyof PoolTap) =>
      (...args: never[]) => {
        for (const view of views) (view[name] as (...args: never[]) => void)(...args);
      },
  });
}
