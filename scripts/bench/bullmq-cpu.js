/** CPU time of this process, of Redis and of the processes that run jobs. Of others than this one on Linux alone. */
import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's clock ticks are of 10 ms. */
const TICK = 10_000;

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) * TICK };
  } catch {
    return { parent: 0, cpu: 0 };
  }
}

function childrenOf(pid) {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name).parent === pid);
  } catch {
    return [];
  }
}

/** @returns what gives the microseconds of each since this call. */
export function watchCpu(redisPid) {
  const children = childrenOf(process.pid).filter((pid) => Number(pid) !== redisPid);
  const own = process.cpuUsage();
  const redis = statOf(redisPid).cpu;
  const before = children.map((pid) => statOf(pid).cpu);
  return () => {
    const { user, system } = process.cpuUsage(own);
    const workers = children.reduce((sum, pid, index) => sum + statOf(pid).cpu - before[index], 0);
    return { host: user + system, redis: statOf(redisPid).cpu - redis, workers };
  };
}
