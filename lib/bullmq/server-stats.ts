/** What a machine reports about itself: to its own program, and to observers of all machines. */
import type { ExecutorStats } from '../executor/stats.ts';
import type { Exchange } from './exchange.ts';

/** How many jobs have come to what end on a machine. */
export interface JobCounts {
  /** Jobs whose task has begun. A job that runs again is counted again. */
  started: number;
  /** The task has given a result. */
  done: number;
  /** For good: the task threw, was cancelled or ran out of time, or no machine could run it. */
  failed: number;
  /** The worker process died, and BullMQ runs the job again. */
  retried: number;
  /** Left to other machines, for this one leaves or has no room. */
  handedBack: number;
  /** Left to machines that have the task, its version or its key. */
  refused: number;
  /** Their lock was lost: another machine has them, and this copy was ended. */
  superseded: number;
}

/** Figures of a machine since its start. What `server.stats()` gives. */
export interface ServerStats {
  /** Jobs that run at this moment. */
  readonly active: number;
  /** Jobs that can run at once. */
  readonly workers: number;
  /** Whether it takes no more jobs, for it leaves. */
  readonly draining: boolean;
  readonly jobs: Readonly<JobCounts>;
  /** Locks of jobs that could not be renewed. */
  readonly lockFailures: number;
  /** When a job came last, in milliseconds since 1970; `undefined` before the first one. */
  readonly lastFetch: number | undefined;
  /** The figures of its pool. */
  readonly pool: ExecutorStats;
}

/** Whether a machine can work. What `server.health()` gives. Times are in milliseconds since 1970. */
export interface ServerHealth {
  /** Whether it is connected and does not leave. */
  readonly ok: boolean;
  readonly connected: boolean;
  readonly draining: boolean;
  /** When a job came last; `undefined` before the first one. */
  readonly lastFetch: number | undefined;
  /** When the engine has taken its last heartbeat; `undefined` before the first one. */
  readonly lastHeartbeat: number | undefined;
  /** Locks of jobs that could not be renewed since the start. */
  readonly lockFailures: number;
  /** What keeps it from being connected, as far as it is known. */
  readonly lastError: string | undefined;
}

/** What a machine reports about itself to observers. */
export interface MachineReport extends Omit<ServerStats, 'pool'> {
  /** As `server.machineId` of its program. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Times are in milliseconds since 1970, by the clock of the machine. */
  readonly startedAt: number;
  readonly reportedAt: number;
  /** The version of Node.js. */
  readonly node: string;
  /** The version of BullMQ. */
  readonly bullmq: string;
  /** The version of the protocol of `loky/bullmq`: machines and submitters must have the same. */
  readonly protocol: number;
  /** The `version` of `defineTasks`. */
  readonly tasksVersion: string | null;
  readonly tasks: readonly string[];
  /** Whether it has a `store` for large payloads. */
  readonly hasStore: boolean;
  /** Names the key of its `allowFunctions`, without giving it away; `null` if it runs no functions but its tasks. */
  readonly keyName: string | null;
  /** Memory of its worker processes together, in bytes, as far as it was sampled. */
  readonly rss: number | undefined;
}

export type CompactStats = Omit<ServerStats, 'pool'> & Pick<MachineReport, 'rss'>;

export function withoutPool({ pool, ...stats }: ServerStats): CompactStats {
  const sampled = pool.workers.flatMap(({ rss }) => (rss === undefined ? [] : [rss]));
  return { ...stats, rss: sampled.length === 0 ? undefined : sampled.reduce((sum, rss) => sum + rss, 0) };
}

/** Every client of the engine can write there: entries that are not reports are left out. */
export const readReports = (texts: readonly string[]): MachineReport[] =>
  texts.map(readReport).filter((report) => report !== undefined);

function readReport(text: string): MachineReport | undefined {
  try {
    const report = JSON.parse(text) as Partial<MachineReport> | null;
    const isReport =
      typeof report?.id === 'string' && typeof report.host === 'string' && Array.isArray(report.tasks);
    return isReport ? (report as MachineReport) : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds for which an answer is good. */
const GOOD_FOR = 1_000;

/** The machines of a queue, asked for seldom: many jobs may be in doubt at once. */
export function recentMachines(
  exchange: Pick<Exchange, 'beats'>,
  now: () => number = () => performance.now(),
): () => Promise<readonly MachineReport[]> {
  let asked: Promise<readonly MachineReport[]> | undefined;
  let askedAt = 0;
  return () => {
    if (asked === undefined || now() - askedAt >= GOOD_FOR) {
      askedAt = now();
      asked = exchange.beats().then(readReports);
    }
    return asked;
  };
}
