/**
 * How many CPUs this process may use: the machine, its affinity, the quota of its control groups, and
 * LOKY_MAX_CPU_COUNT, whichever is least. It knows no pool.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { cgroupCpuQuota, readText } from './cgroup.ts';
import { boolean, checkOptions } from './check.ts';
import { usableCpus } from './cpu-list.ts';
import { type CoreSystem, countPhysicalCores } from './physical-cores.ts';

/** Options of {@link cpuCount}. */
export interface CpuCountOptions {
  /** Count cores rather than hyper-threads. Default: false. */
  onlyPhysicalCores?: boolean;
}

/** What {@link cpuCount} stands on; tests put their own in its place. */
export interface CpuSystem extends CoreSystem {
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
