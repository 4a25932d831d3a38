/** What `executor.stats()` returns. */
import type { BrokenProcessPool } from '../errors.ts';
import type { Manager } from '../manager/manager.ts';
import { type Percentiles, percentilesOf } from '../manager/task-counts.ts';
import type { WorkerState } from '../manager/worker.ts';
import type { RecycleReason, TaskOutcome, WorkerExitReason } from '../observing/events.ts';

export type { Percentiles };

export interface WorkerStats {
  readonly pid: number | undefined;
  /** The place in the pool. It stays the same when another process takes over. */
  readonly rank: number;
  readonly state: WorkerState;
  /** The name of the task that it runs; `undefined` if it runs none. */
  readonly task: string | undefined;
  /** The names of all tasks that it runs: with `tasksPerWorker` there may be several, in the order of their start. */
  readonly tasks: readonly string[];
  /** The modules that it loads at this moment, for its task or to get ready; `undefined` if it loads none. */
  readonly loading: string | undefined;
  /**
   * Last memory seen with descendants, in bytes; `undefined` while nothing was sampled. Busy workers are sampled with
   * `memory.limit`, and else for a minute from each call of `stats()`.
   */
  readonly rss: number | undefined;
  /** CPU use with descendants when it was sampled last, in percent of one core. */
  readonly cpu: number | undefined;
  readonly tasksDone: number;
}

/** A time in which the system has no process, thread, descriptor or memory to spare for a worker. */
export interface WorkerShortage {
  /** When the first start failed, in milliseconds of `performance.now()`. */
  readonly since: number;
  /** How many starts have failed since then. */
  readonly failures: number;
  /** What the latest one failed with. */
  readonly error: BrokenProcessPool;
}

export interface ExecutorStats {
  /** Tasks that have not begun. A chunk of a `map` is one task. */
  readonly pending: number;
  readonly running: number;
  /** Tasks that a worker has answered, with a result or an error. */
  readonly finished: number;
  /** All tasks that have come to their end, by what became of them. */
  readonly outcomes: Readonly<Record<TaskOutcome, number>>;
  /** All workers that still have a process. */
  readonly workers: readonly WorkerStats[];
  /** How many workers have ended, by the reason; reasons that did not occur are not there. */
  readonly exits: Readonly<Partial<Record<WorkerExitReason, number>>>;
  /** How many workers were replaced because they leaked, or had done their share of tasks, by the reason. */
  readonly recycled: Readonly<Partial<Record<RecycleReason, number>>>;
  /** The time in which no worker can be started for now; `undefined` while none has failed to. */
  readonly shortage: WorkerShortage | undefined;
  /** From submit to start, when what the task needs is loaded. */
  readonly waitTime: Percentiles;
  /** From start to answer, as measured in the worker. */
  readonly runTime: Percentiles;
}

/** What an observer of the pool has counted. */
interface Counts {
  readonly exits: ExecutorStats['exits'];
  readonly recycled: ExecutorStats['recycled'];
}

export function statsOf(manager: Manager, { exits, recycled }: Counts): ExecutorStats {
  const { answered, outcomes, waitTime, runTime } = manager.counts;
  const { shortage } = manager;
  return {
    pending: manager.pendingCount,
    running: manager.runningCount,
    finished: answered,
    outcomes: { ...outcomes },
    workers: [...manager.workers].map(
      ({ pid, rank, state, task, tasks, loading, memory, cpu, tasksDone }) => ({
        pid,
        rank,
        state,
        task: task?.name,
        tasks: tasks.map(({ name }) => name),
        loading,
        rss: memory,
        cpu,
        tasksDone,
      }),
    ),
    exits: { ...exits },
    recycled: { ...recycled },
    shortage: shortage && { since: shortage.since, failures: shortage.failures, error: shortage.error },
    waitTime: percentilesOf(waitTime),
    runTime: percentilesOf(runTime),
  };
}
