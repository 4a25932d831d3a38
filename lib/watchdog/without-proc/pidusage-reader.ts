/** Memory and CPU of processes where there is no /proc: pidusage asks the system's own program. */
import pidusage from 'pidusage';

/** Resident set size in bytes, and per cent of one CPU. */
type Usages = ReadonlyMap<number, { readonly rss: number; readonly cpu: number }>;

/** @param memory How long, in milliseconds, a process may go unread before its CPU time starts again from 0. */
export function createPidusageReader(memory: number): (pids: readonly number[]) => Promise<Usages> {
  return async (pids) => {
    if (pids.length === 0) return new Map();
    const stats: Record<string, { memory: number; cpu: number } | undefined> = await pidusage([...pids], {
      maxage: memory,
    }).catch((error: unknown) => {
      if (isGone(error)) return {};
      throw error;
    });
    const usages = new Map<number, { rss: number; cpu: number }>();
    for (const pid of pids) {
      const stat = stats[pid];
      if (stat) usages.set(pid, { rss: stat.memory, cpu: stat.cpu });
    }
    return usages;
  };
}

/** pidusage rejects when the only process, or on some systems the last of them, has ended. */
function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ESRCH';
}
