/** A pool and its workers as rows of the page. It reads and changes nothing. */
import type { ExecutorStats } from '../executor/stats.ts';
import type { Manager } from '../manager/manager.ts';
import type { Task } from '../manager/task.ts';
import type { PoolWorker } from '../manager/worker.ts';
import { ROWS } from '../observing/trace-format.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { messageOf } from '../system/thrown.ts';
import {
  MOST_TASKS,
  type PoolRow,
  type Progress,
  type RunningTask,
  type WorkerRow,
} from './aggregate/messages.ts';

type CountsOfExits = Pick<ExecutorStats, 'exits' | 'recycled'>;

export function describePool(
  id: number,
  manager: Manager,
  settings: ExecutorSettings,
  { exits, recycled }: CountsOfExits,
  withSettings: boolean,
): PoolRow {
  return {
    key: `p${id}`,
    id,
    state: manager.isBroken ? 'broken' : manager.isOpen ? 'open' : 'closed',
    pending: manager.pendingCount,
    running: manager.runningCount,
    maxWorkers: manager.maxWorkers,
    outcomes: manager.counts.outcomes,
    exits: exits as Record<string, number>,
    recycled: recycled as Record<string, number>,
    shortage: manager.shortage && messageOf(manager.shortage.error).slice(0, 500),
    memoryLimit: settings.memory.limit,
    leakThreshold: settings.memory.leakThreshold,
    ...(withSettings && { settings: describeSettings(settings) }),
  };
}

/** Those that say how the pool works. Environment and arguments of the initializer may hold secrets. */
function describeSettings(settings: ExecutorSettings): [string, string][] {
  const { memory, restartIntensity } = settings;
  const duration = (value: number | null | undefined): string =>
    value === undefined || value === null ? 'none' : `${value} ms`;
  const bound = (value: number): string => (Number.isFinite(value) ? String(value) : 'none');
  return [
    ['minWorkers', String(settings.minWorkers)],
    ['spareWorkers', String(settings.spareWorkers)],
    ['idleTimeout', duration(settings.idleTimeout)],
    ['context', settings.context.startMethod],
    ['preload', settings.preload.map(({ specifier }) => specifier).join(', ') || 'none'],
    ['initializer', settings.initializer === undefined ? 'none' : settings.initializer.name || '(anonymous)'],
    ['teardown', settings.teardown === undefined ? 'none' : settings.teardown.name || '(anonymous)'],
    ['onWorkerCrash', settings.onWorkerCrash],
    ['crashRetries', String(settings.crashRetries)],
    [
      'restartIntensity',
      restartIntensity === undefined
        ? 'none'
        : `${restartIntensity.max} in ${restartIntensity.window} ms, share ${restartIntensity.share}`,
    ],
    ['maxTasksPerWorker', bound(settings.maxTasksPerWorker)],
    ['tasksPerWorker', String(settings.tasksPerWorker)],
    ['memory.leakThreshold', inMegabytes(memory.leakThreshold)],
    ['memory.checkDelay', duration(memory.checkDelay)],
    ['memory.limit', memory.limit === undefined ? 'none' : inMegabytes(memory.limit)],
    ['taskTimeout', duration(settings.taskTimeout)],
    ['killGrace', duration(settings.killGrace)],
    ['maxPending', bound(settings.maxPending)],
    ['stdio', settings.stdio],
    ['startTimeout', duration(settings.startTimeout)],
    ['serializer', settings.serializer],
    ['unknownClasses', settings.unknownClasses],
  ];
}

function inMegabytes(bytes: number): string {
  return Number.isFinite(bytes) ? `${Math.round(bytes / 1e5) / 10} MB` : 'none';
}

/** What the view itself knows of a worker. */
interface KnownOfWorker {
  functionOf(name: string): number;
  progress(task: Task): Progress | undefined;
  /** The least memory that was seen. */
  baseline(worker: PoolWorker): number | undefined;
}

export function describeWorker(pool: number, worker: PoolWorker, known: KnownOfWorker): WorkerRow {
  const { pid, rank, memory } = worker;
  const baseline = known.baseline(worker);
  const running = worker.state === 'busy' ? worker.tasks.filter(({ startedAt }) => startedAt !== 0) : [];
  return {
    key: `w${pool}:${pid ?? `start:${rank}`}`,
    row: pool * ROWS + rank,
    ...{ pool, rank, pid },
    state: worker.state,
    isRetiring: worker.isRetiring,
    memory,
    growth: memory === undefined || baseline === undefined ? undefined : memory - baseline,
    cpu: worker.cpu === undefined ? undefined : Math.round(worker.cpu),
    done: worker.tasksDone,
    tasks: running.slice(0, MOST_TASKS).map((task) => describeTask(task, worker, known)),
    running: running.length,
    ahead: worker.taskCount - worker.tasks.length,
  };
}

const LONGEST_NAME = 200;

function describeTask(task: Task, worker: PoolWorker, known: KnownOfWorker): RunningTask {
  const { id, name } = task;
  return {
    id,
    name: name.slice(0, LONGEST_NAME),
    fn: known.functionOf(name),
    since: Math.round(task.startedAt * 10) / 10,
    loading: task.isLoading ? worker.loading?.slice(0, LONGEST_NAME) : undefined,
    progress: known.progress(task),
  };
}
