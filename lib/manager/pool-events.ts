/** What a manager tells about its doings; whoever makes one decides where it goes. */
import type { LeakFigures } from '../channel/leak-figures.ts';
import type { BrokenProcessPool } from '../errors.ts';
import type { ExitReport } from '../worker-process/exit-report.ts';
import type { PoolWorker } from './pool-worker.ts';

/**
 * Why a worker is replaced: it leaks, has done its share (`maxTasksPerWorker`), or was above `memory.limit` when
 * it had nothing to do.
 */
export type RecycleReason = 'memory-leak' | 'max-tasks' | 'memory-limit';

export interface PoolEvents {
  onWorkerStarting(worker: PoolWorker): void;
  onWorkerReady(worker: PoolWorker): void;
  onWorkerExit(worker: PoolWorker, exit: ExitReport): void;
  onWorkerRecycled(worker: PoolWorker, reason: RecycleReason, memory: LeakFigures | undefined): void;
  onBroken(error: BrokenProcessPool): void;
  onOutput(worker: PoolWorker, stream: 'stdout' | 'stderr', line: string): void;
}
