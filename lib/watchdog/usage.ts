/**
 * Memory and CPU of given processes, in one go: from /proc on Linux, by pidusage elsewhere. It knows no tree and no
 * timer.
 */
import { readFileSync } from 'node:fs';

/** What a process uses. */
export interface Usage {
  /** Resident set size, in bytes. */
  readonly rss: number;
  /** Per cent of one CPU since the last reading; more than 100 with several threads. 0 at the first reading. */
  readonly cpu: number;
}

/** Reads all of `pids` at once. Those that are gone are missing in the answer. Rejects when none can be read. */
export type ReadUsage = (pids: readonly number[]) => Promise<ReadonlyMap<number, Usage>>;

/**
 * The reader that suits this system: Linux's own files, or pidusage where there are none.
 *
 * On Linux pidusage would lose a descriptor for ever with every process that ends between its opening the file and
 * its reading it, as a worker's short-lived children do; it also needs `getconf`, which slim images lack.
 *
 * @param memory How long, in milliseconds, a process may go unread before its CPU time starts anew.
 */
export async function createUsageReader(memory: number): Promise<ReadUsage> {
  return process.platform === 'linux' ? createProcReader() : createPidusageReader(memory);
}

/** Asks the system's own program. pidusage is loaded here, as loading takes 14 ms. */
export async function createPidusageReader(memory: number): Promise<ReadUsage> {
  const { default: pidusage } = await import('pidusage');
  return async (pids) => {
    if (pids.length === 0) return new Map();
    const stats: Record<string, { memory: number; cpu: number } | undefined> = await pidusage([...pids], {
      maxage: memory,
    }).catch((error: unknown) => {
      if (isGone(error)) return {};
      throw error;
    });
    const usages = new Map<number, Usage>();
    for (const pid of pids) {
      const stat = stats[pid];
      if (stat) usages.set(pid, { rss: stat.memory, cpu: stat.cpu });
    }
    return usages;
  };
}

/** It rejects when the only process, or on some systems the last of them, is gone. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}

/** Clock ticks a second in what /proc shows: the same on every architecture that Node runs on. */
const TICKS = 100;

/** Reads /proc alone. RSS comes from `status`, which tells it in kB and needs no page size. */
export function createProcReader(): ReadUsage {
  let before = new Map<number, { ticks: number; time: number }>();
  return async (pids) => {
    const now = new Map<number, { ticks: number; time: number }>();
    const usages = new Map<number, Usage>();
    for (const pid of pids) {
      const figures = readFigures(pid);
      if (!figures) continue;
      const time = performance.now();
      const last = before.get(pid);
      const seconds = last ? (time - last.time) / 1_000 : 0;
      const cpu = last && seconds > 0 ? ((figures.ticks - last.ticks) / TICKS / seconds) * 100 : 0;
      now.set(pid, { ticks: figures.ticks, time });
      usages.set(pid, { rss: figures.rss, cpu: Math.max(0, cpu) });
    }
    before = now;
    return usages;
  };
}

function readFigures(pid: number): { rss: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (kilobytes === undefined) return undefined; // it is ending, and has given its memory back
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { rss: Number(kilobytes) * 1024, ticks };
  } catch {
    return undefined;
  }
}
