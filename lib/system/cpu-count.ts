/**
 * How many CPUs this process may use: the machine, its affinity, the quota of its control groups, and
 * LOKY_MAX_CPU_COUNT, whichever is least. It knows no pool.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { cgroupCpuQuota, type ReadText, readText } from './cgroup.ts';
import { boolean, checkOptions } from './check.ts';

/** Options of {@link cpuCount}. */
export interface CpuCountOptions {
  /** Count cores rather than hyper-threads. Default: false. */
  onlyPhysicalCores?: boolean;
}

/** What {@link cpuCount} stands on; tests put their own in its place. */
export interface CpuSystem {
  readonly platform: NodeJS.Platform;
  readonly read: ReadText;
  /** Runs a program and gives its stdout; throws when it fails. */
  readonly run: (file: string, args: readonly string[]) => string;
  readonly env: Record<string, string | undefined>;
  readonly availableParallelism: () => number;
  readonly warn: (message: string) => void;
}

const thisSystem: CpuSystem = {
  platform: process.platform,
  read: readText,
  run: (file, args) =>
    execFileSync(file, args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'pipe'] }),
  get env() {
    return process.env;
  },
  availableParallelism,
  warn: (message) => process.emitWarning(message),
};

/** A `cpuCount` for a given system. It asks other programs once, and warns once. */
export function createCpuCount(system: CpuSystem): (options?: CpuCountOptions) => number {
  let warned = false;
  /** Programs take long, and their answer does not change. On Linux files have it, and the affinity may change. */
  let askedPrograms: number | undefined;

  function physicalCores(usable: number[] | undefined): number | undefined {
    if (askedPrograms !== undefined) return askedPrograms;
    try {
      const cores = countPhysicalCores(system, usable);
      if (!usable) askedPrograms = cores;
      return cores;
    } catch (error) {
      if (!warned) {
        system.warn(
          `Could not find the number of physical cores: ${error instanceof Error ? error.message : error}. ` +
            'The number of logical cores is used instead. ' +
            'Set LOKY_MAX_CPU_COUNT to the number of cores that you want to use to silence this warning.',
        );
      }
      warned = true;
      return undefined;
    }
  }

  return (options) => {
    const { onlyPhysicalCores = false } = checkOptions(options, { onlyPhysicalCores: boolean }, 'cpuCount');
    const onLinux = system.platform === 'linux' || system.platform === 'android';
    const usable = onLinux ? usableCpus(system.read) : undefined;
    // Newer versions of Node count the quota in here, rounded down; hence the kernel's own list comes first.
    const logical = usable?.length ?? system.availableParallelism();
    const quota = onLinux ? Math.ceil(cgroupCpuQuota(system.read)) : Number.POSITIVE_INFINITY;
    const cores = onlyPhysicalCores ? physicalCores(usable) : undefined;
    const wanted = maxCpuCount(system.env.LOKY_MAX_CPU_COUNT);
    return Math.max(1, Math.min(logical, cores ?? logical, quota, wanted));
  };
}

const countHere = createCpuCount(thisSystem);

/**
 * The number of CPUs that this process may use, at least 1: the least of the machine's CPUs, the affinity of this
 * process, the CPU quota of its control groups (rounded up), and the environment variable `LOKY_MAX_CPU_COUNT`.
 *
 * With `onlyPhysicalCores` hyper-threads of one core count once; where that cannot be found out, it warns once
 * and counts them all.
 *
 * @throws RangeError if `LOKY_MAX_CPU_COUNT` is no whole number; TypeError for an unknown option.
 */
export function cpuCount(options?: CpuCountOptions): number {
  return countHere(options);
}

/** As in loky, what is below 1 asks for one CPU. An empty variable counts as none. */
function maxCpuCount(text: string | undefined): number {
  if (text === undefined || text.trim() === '') return Number.POSITIVE_INFINITY;
  if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
  throw new RangeError(
    `Expected LOKY_MAX_CPU_COUNT to be a whole number of CPUs, such as 4, got ${JSON.stringify(text)}. ` +
      'Correct the environment variable, or remove it to set no limit.',
  );
}

// The CPUs of this process, on Linux

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

// Cores

/**
 * Cores of this machine, where hyper-threads share one; on Linux those that the CPUs `usable` belong to. Each system reports it in a
 * way of its own.
 *
 * @throws Error where it cannot be found out.
 */
function countPhysicalCores(system: CpuSystem, usable: readonly number[] | undefined): number {
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

function countWindows(run: CpuSystem['run']): number {
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
