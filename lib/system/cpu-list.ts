/** The numbers of the CPUs that this process may use, on Linux. It counts nothing. */
import type { ReadText } from './cgroup.ts';

/** CPUs that are switched on and within the affinity, or `undefined` where the kernel does not report them. */
export function usableCpus(read: ReadText): number[] | undefined {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const cpus = parseCpuList(allowed ?? '');
  if (cpus.length === 0) return undefined;
  // The affinity of a virtual machine names CPUs that could be added some day.
  const online = new Set(parseCpuList(read('/sys/devices/system/cpu/online') ?? ''));
  return online.size === 0 ? cpus : cpus.filter((cpu) => online.has(cpu));
}

/** The kernel's notation: `0-3,8`. Gives nothing for what is not in it. */
export function parseCpuList(list: string): number[] {
  const cpus: number[] = [];
  for (const range of list.trim().split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined) return [];
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu);
  }
  return cpus;
}
