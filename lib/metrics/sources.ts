/** What figures can be read of, which metrics these are, and how they are called. */
import type { RemoteStats } from '../bullmq/remote-stats.ts';
import type { ServerStats } from '../bullmq/server-stats.ts';
import type { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { ExecutorStats, WorkerStats } from '../executor/stats.ts';

/** What figures can be read of: an executor of this machine, a machine that serves a queue, or an executor over a queue. */
export type MetricsSource = ProcessPoolExecutor | MachineSource | SubmitterSource;

/** What `serveTasks` of `loky/bullmq` gives. */
export interface MachineSource {
  readonly machineId: string;
  stats(): ServerStats;
}

/** A `BullMQExecutor` of `loky/bullmq`. */
export interface SubmitterSource {
  stats(): RemoteStats;
}

/** The kind of a source is also the name of the first label of its metrics. */
export type SourceKind = 'executor' | 'machine' | 'submitter';

/** By what only it has: the source may come from another entry point's copy of its class. */
export function kindOf(source: MetricsSource): SourceKind {
  if ('machineId' in source) return 'machine';
  return 'on' in source ? 'executor' : 'submitter';
}

/** A metric of a source. With a `label` it has a figure for each value of that. */
type Metric<Stats> = readonly [
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  ...(
    | [figure: (stats: Stats) => number | undefined]
    | [figures: (stats: Stats) => Readonly<Record<string, number | undefined>>, label: string]
  ),
];

type Metrics<Stats> = readonly Metric<Stats>[];

const STATES = ['booting', 'initializing', 'spare', 'idle', 'busy', 'leaving', 'killed'] as const;

/** A worker that starts, is spare or leaves may have the rank of one that runs tasks. */
const isInPlace = ({ state }: WorkerStats): boolean => state === 'idle' || state === 'busy';

/** By the rank of each. */
const byRank = (workers: readonly WorkerStats[], figure: (worker: WorkerStats) => number | undefined) =>
  Object.fromEntries(workers.filter(isInPlace).map((worker) => [worker.rank, figure(worker)]));

const executor: Metrics<ExecutorStats> = [
  [
    'gauge',
    'workers',
    'Worker processes by state.',
    ({ workers }) =>
      Object.fromEntries(STATES.map((each) => [each, workers.filter(({ state }) => state === each).length])),
    'state',
  ],
  ['gauge', 'tasks_pending', 'Tasks that have not started.', ({ pending }) => pending],
  ['gauge', 'tasks_running', 'Tasks that workers run.', ({ running }) => running],
  [
    'gauge',
    'worker_resident_memory_bytes',
    'Memory of a worker with its descendants, when it was last seen busy.',
    ({ workers }) => byRank(workers, ({ rss }) => rss),
    'rank',
  ],
  [
    'gauge',
    'worker_cpu_cores',
    'CPU cores that a worker with its descendants used, when it was last seen busy.',
    ({ workers }) => byRank(workers, ({ cpu }) => cpu && cpu / 100),
    'rank',
  ],
  ['counter', 'tasks_total', 'Settled tasks, by outcome.', ({ outcomes }) => outcomes, 'outcome'],
  [
    'counter',
    'worker_exits_total',
    'Worker processes that have ended, by reason.',
    ({ exits }) => exits,
    'reason',
  ],
  [
    'counter',
    'worker_recycled_total',
    'Workers that were replaced, by reason.',
    ({ recycled }) => recycled,
    'reason',
  ],
];

const machine: Metrics<ServerStats> = [
  ['counter', 'machine_jobs_total', 'Jobs of a machine, by outcome.', ({ jobs }) => ({ ...jobs }), 'event'],
  ['gauge', 'machine_jobs_active', 'Jobs that a machine runs.', ({ active }) => active],
  ['gauge', 'machine_workers', 'Jobs that a machine can run at once.', ({ workers }) => workers],
  ['gauge', 'machine_draining', 'Whether a machine is draining: 1 or 0.', ({ draining }) => Number(draining)],
  [
    'counter',
    'machine_lock_failures_total',
    'Locks of jobs that could not be renewed.',
    ({ lockFailures }) => lockFailures,
  ],
  [
    'gauge',
    'machine_last_fetch_timestamp_seconds',
    'When the machine last fetched a job.',
    ({ lastFetch }) => lastFetch && lastFetch / 1_000,
  ],
];

const submitter: Metrics<RemoteStats> = [
  [
    'gauge',
    'submitter_tasks',
    'Tasks of a submitter that are not settled, by state.',
    ({ unsent, waiting, running }) => ({ unsent, waiting, running }),
    'state',
  ],
  ['counter', 'submitter_tasks_total', 'Settled tasks, by outcome.', ({ outcomes }) => outcomes, 'outcome'],
  ['counter', 'submitter_submitted_total', 'Tasks that were ever submitted.', ({ submitted }) => submitted],
  [
    'gauge',
    'submitter_connected',
    'Whether the engine can be reached: 1 or 0.',
    ({ connected }) => Number(connected),
  ],
  [
    'counter',
    'submitter_machines_lost_total',
    'Machines that fell silent under its tasks.',
    ({ machinesLost }) => machinesLost,
  ],
];

export const metricsOf: Readonly<Record<SourceKind, Metrics<never>>> = { executor, machine, submitter };
