/**
 * Counts cores, where hyper-threads share one. Each system reports it in a way of its own; every function throws
 * when it cannot be found out, and the caller decides what then.
 */
import type { ReadText } from './cgroup.ts';

/** What counting cores stands on. */
export interface CoreSystem {
  readonly platform: NodeJS.Platform;
  readonly read: ReadText;
  /** Runs a program and gives its stdout; throws when it fails. */
  readonly run: (file: string, args: readonly string[]) => string;
}

/** Cores of this machine; on Linux those that the CPUs `usable` belong to. */
export function countPhysicalCores(system: CoreSystem, usable: readonly number[] | undefined): number {
  switch (system.platform) {
    case 'linux':
    case 'android':
      return countLinux(system.read, usable);
    case 'darwin':
      return wholeNumber(system.run('sysctl', ['-n', 'hw.physicalcpu']), 'sysctl hw.physicalcpu');
    case 'freebsd':
      return wholeNumber(system.run('sysctl', ['-n', 'kern.smp.cores']), 'sysctl kern.smp.cores');
    case 'win32':
      return countWindows(system.run);
    default:
      throw new Error(`there is no known way to count them on ${system.platform}`);
  }
}

function countLinux(read: ReadText, usable: readonly number[] | undefined): number {
  if (!usable) throw new Error('the list of usable CPUs in /proc/self/status cannot be read');
  const cores = coresOfSys(read, usable) ?? coresOfCpuinfo(read, usable);
  if (!cores) throw new Error('neither /sys/devices/system/cpu nor /proc/cpuinfo shows the core of each CPU');
  return cores.size;
}

/** A core is known by the list of the CPUs that share it. The file was renamed in Linux 5.5. */
function coresOfSys(read: ReadText, usable: readonly number[]): Set<string> | undefined {
  const cores = new Set<string>();
  for (const cpu of usable) {
    const topology = `/sys/devices/system/cpu/cpu${cpu}/topology`;
    const core = (read(`${topology}/core_cpus_list`) ?? read(`${topology}/thread_siblings_list`))?.trim();
    if (!core) return undefined;
    cores.add(core);
  }
  return cores;
}

function coresOfCpuinfo(read: ReadText, usable: readonly number[]): Set<string> | undefined {
  const coreOfCpu = new Map<string, string>();
  for (const section of (read('/proc/cpuinfo') ?? '').split(/\n\s*\n/)) {
    const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(\\d+)$`, 'm').exec(section)?.[1];
    const [cpu, core] = [field('processor'), field('core id')];
    if (cpu !== undefined && core !== undefined) coreOfCpu.set(cpu, `${field('physical id') ?? 0}:${core}`);
  }
  const cores = usable.map((cpu) => coreOfCpu.get(String(cpu)));
  return cores.includes(undefined) ? undefined : new Set(cores as string[]);
}

function countWindows(run: CoreSystem['run']): number {
  const query = '(Get-CimInstance -ClassName Win32_Processor).NumberOfCores';
  const perSocket = run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
  return perSocket
    .trim()
    .split(/\s+/)
    .map((text) => wholeNumber(text, 'Get-CimInstance Win32_Processor'))
    .reduce((sum, cores) => sum + cores, 0);
}

function wholeNumber(text: string, source: string): number {
  const value = Number(text.trim() || Number.NaN);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${source} should print a number of cores above 0, but printed ${JSON.stringify(text)}`);
}
