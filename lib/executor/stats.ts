/** What `executor.stats()` tells. */
import type { Manager } from '../manager/manager.ts';
import type { WorkerState } from '../manager/pool-worker.ts';

export interface WorkerStats {
  readonly pid: number | undefined;
  readonly rank: number;
  readonly state: WorkerState;
  /** Last memory seen with descendants, in bytes; `undefined` while nothing was sampled. */
  readonly rss: number | undefined;
  /** CPU use with descendants, in percent of one core. */
  readonly cpu: number | undefined;
  readonly tasksDone: number;
}

/** In milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface ExecutorStats {
  readonly pending: number;
  readonly running: number;
  /** Tasks that were answered, whatever their outcome. */
  readonly finished: number;
  readonly workers: readonly WorkerStats[];
  /** From submit to start. */
  readonly waitTime: Percentiles;
  /** From start to answer. */
  readonly runTime: Percentiles;
}

export function statsOf(manager: Manager): ExecutorStats {
  const { waitTime, runTime } = manager.clocks;
  return {
    pending: manager.pendingCount,
    running: manager.runningCount,
    finished: manager.finishedCount,
    workers: [...manager.workers].map(({ pid, rank, state, memory, cpu, tasksDone }) => ({
      pid,
      rank,
      state,
      rss: memory,
      cpu,
      tasksDone,
    })),
    waitTime: waitTime.percentiles(),
    runTime: runTime.percentiles(),
  };
}
