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

/** The value of a metric for each value of its second label, or for none. */
type Figures<Stats> = (
  stats: Stats,
) => Iterable<readonly [label: string | number, value: number | undefined]>;

interface Metric<Stats> {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  /** The name of a second label. */
  readonly label?: string;
  readonly figures: Figures<Stats>;
}

type Metrics<Stats> = readonly Metric<Stats>[];

function one<Stats>(
  type: Metric<Stats>['type'],
  name: string,
  help: string,
  figure: (stats: Stats) => number | undefined,
): Metric<Stats> {
  return { type, name, help, figures: (stats) => [['', figure(stats)]] };
}

function many<Stats>(
  type: Metric<Stats>['type'],
  name: string,
  help: string,
  label: string,
  figures: Figures<Stats>,
): Metric<Stats> {
  return { type, name, help, label, figures };
}

const STATES = ['booting', 'initializing', 'spare', 'idle', 'busy', 'leaving', 'killed'] as const;

/** A worker that starts, is spare or leaves may have the rank of one that runs tasks. */
const isInPlace = ({ state }: WorkerStats): boolean => state === 'idle' || state === 'busy';

const executor: Metrics<ExecutorStats> = [
  many('gauge', 'workers', 'Worker processes by state.', 'state', ({ workers }) =>
    STATES.map((state) => [state, workers.filter((worker) => worker.state === state).length]),
  ),
  one('gauge', 'tasks_pending', 'Tasks that have not started.', ({ pending }) => pending),
  one('gauge', 'tasks_running', 'Tasks that workers run.', ({ running }) => running),
  many(
    'gauge',
    'worker_resident_memory_bytes',
    'Memory of a worker with its descendants, when it was last seen busy.',
    'rank',
    ({ workers }) => workers.filter(isInPlace).map(({ rank, rss }) => [rank, rss]),
  ),
  many(
    'gauge',
    'worker_cpu_cores',
    'CPU cores that a worker with its descendants used, when it was last seen busy.',
    'rank',
    ({ workers }) => workers.filter(isInPlace).map(({ rank, cpu }) => [rank, cpu && cpu / 100]),
  ),
  many('counter', 'tasks_total', 'Settled tasks, by outcome.', 'outcome', ({ outcomes }) =>
    Object.entries(outcomes),
  ),
  many(
    'counter',
    'worker_exits_total',
    'Worker processes that have ended, by reason.',
    'reason',
    ({ exits }) => Object.entries(exits),
  ),
  many(
    'counter',
    'worker_recycled_total',
    'Workers that were replaced, by reason.',
    'reason',
    ({ recycled }) => Object.entries(recycled),
  ),
];

const machine: Metrics<ServerStats> = [
  many('counter', 'machine_jobs_total', 'Jobs of a machine, by outcome.', 'event', ({ jobs }) =>
    Object.entries(jobs),
  ),
  one('gauge', 'machine_jobs_active', 'Jobs that a machine runs.', ({ active }) => active),
  one('gauge', 'machine_workers', 'Jobs that a machine can run at once.', ({ workers }) => workers),
  one('gauge', 'machine_draining', 'Whether a machine is draining: 1 or 0.', ({ draining }) =>
    Number(draining),
  ),
  one(
    'counter',
    'machine_lock_failures_total',
    'Locks of jobs that could not be renewed.',
    ({ lockFailures }) => lockFailures,
  ),
  one(
    'gauge',
    'machine_last_fetch_timestamp_seconds',
    'When the machine last fetched a job.',
    ({ lastFetch }) => lastFetch && lastFetch / 1_000,
  ),
];

const submitter: Metrics<RemoteStats> = [
  many(
    'gauge',
    'submitter_tasks',
    'Tasks of a submitter that are not settled, by state.',
    'state',
    ({ unsent, waiting, running }) => Object.entries({ unsent, waiting, running }),
  ),
  many('counter', 'submitter_tasks_total', 'Settled tasks, by outcome.', 'outcome', ({ outcomes }) =>
    Object.entries(outcomes),
  ),
  one(
    'counter',
    'submitter_submitted_total',
    'Tasks that were ever submitted.',
    ({ submitted }) => submitted,
  ),
  one('gauge', 'submitter_connected', 'Whether the engine can be reached: 1 or 0.', ({ connected }) =>
    Number(connected),
  ),
  one(
    'counter',
    'submitter_machines_lost_total',
    'Machines that fell silent under its tasks.',
    ({ machinesLost }) => machinesLost,
  ),
];

export const metricsOf: Readonly<Record<SourceKind, Metrics<never>>> = { executor, machine, submitter };
