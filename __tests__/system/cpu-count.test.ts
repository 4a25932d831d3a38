import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  type CpuSystem,
  cpuCount,
  createCpuCount,
  parseCpuList,
  usableCpus,
} from '../../lib/system/cpu-count.ts';
import { compileHost, hostFolder } from '../watchdog/hosts.ts';
import { reading, v2 } from './fake-files.ts';

const { folder, remove } = hostFolder();
afterAll(remove);

/** Linux with eight CPUs, two to a core, and no limits, unless `files` or `changes` say otherwise. */
function linux(files: Record<string, string> = {}, changes: Partial<CpuSystem> = {}) {
  const warnings: string[] = [];
  const cpus = { ...topology(8), '/sys/devices/system/cpu/online': '0-7\n', ...allowed('0-7'), ...files };
  const count = createCpuCount({
    platform: 'linux',
    read: reading(cpus),
    run: () => {
      throw new Error('no program should be run on Linux');
    },
    env: {},
    availableParallelism: () => 8,
    warn: (message) => warnings.push(message),
    ...changes,
  });
  return { count, warnings };
}

const allowed = (list: string) => ({
  '/proc/self/status': `Name:\tnode\nCpus_allowed_list:\t${list}\nMems:\t0\n`,
});

function topology(cpus: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let cpu = 0; cpu < cpus; cpu++) {
    const core = cpu - (cpu % 2);
    files[`/sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`] = `${core}-${core + 1}\n`;
  }
  return files;
}

describe('cpuCount', () => {
  test('is the number of CPUs when nothing limits it', () => {
    expect(linux().count()).toBe(8);
  });

  test('is at most the affinity', () => {
    expect(linux(allowed('0,2-3')).count()).toBe(3);
  });

  test('counts no CPU that is switched off', () => {
    expect(linux({ ...allowed('0-127') }).count()).toBe(8);
  });

  test.each([
    ['50000 100000', 1],
    ['150000 100000', 2],
    ['200000 100000', 2],
    ['9900000 100000', 8],
    ['max 100000', 8],
  ])('is at most the quota %j rounded up: %d', (quota, expected) => {
    expect(linux({ ...v2('/'), '/sys/fs/cgroup/cpu.max': quota }).count()).toBe(expected);
  });

  test.each([
    ['3', 3],
    ['64', 8],
    ['0', 1],
    ['-2', 1],
    ['', 8],
  ])('is at most LOKY_MAX_CPU_COUNT=%j: %d', (value, expected) => {
    expect(linux({}, { env: { LOKY_MAX_CPU_COUNT: value } }).count()).toBe(expected);
  });

  test('reads LOKY_MAX_CPU_COUNT each time', () => {
    const env: Record<string, string> = {};
    const { count } = linux({}, { env });
    expect(count()).toBe(8);
    env.LOKY_MAX_CPU_COUNT = '2';
    expect(count()).toBe(2);
  });

  test.each(['four', '2.5', '1e3', '0x2', 'NaN'])('refuses LOKY_MAX_CPU_COUNT=%j', (value) => {
    const { count } = linux({}, { env: { LOKY_MAX_CPU_COUNT: value } });
    expect(count).toThrow(
      new RangeError(
        `Expected LOKY_MAX_CPU_COUNT to be a whole number of CPUs, such as 4, got "${value}". ` +
          'Correct the environment variable, or remove it to set no limit.',
      ),
    );
  });

  test('asks Node where the kernel does not list CPUs', () => {
    expect(linux({ '/proc/self/status': '' }, { availableParallelism: () => 5 }).count()).toBe(5);
    expect(linux({}, { platform: 'darwin', availableParallelism: () => 10 }).count()).toBe(10);
    expect(linux({}, { platform: 'win32', availableParallelism: () => 12 }).count()).toBe(12);
  });

  test('refuses options that it does not have', () => {
    const { count } = linux();
    expect(() => count({ only_physical_cores: true } as object)).toThrow(
      /unknown option only_physical_cores of cpuCount: it is called onlyPhysicalCores here/,
    );
    expect(() => count({ onlyPhysicalCores: 1 } as object)).toThrow(/true or false, got 1/);
    expect(() => count(null as unknown as object)).toThrow(TypeError);
  });

  test('agrees with the affinity and the environment of a real process', () => {
    const file = compileHost(
      folder,
      'cpu-count',
      `import { cpuCount } from './lib/system/cpu-count.ts'; console.log(cpuCount(), cpuCount({ onlyPhysicalCores: true }));`,
    );
    const run = (command: string, args: string[], env = {}) =>
      execFileSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } }).trim();
    expect(run('taskset', ['-c', '0', process.execPath, file])).toBe('1 1');
    expect(run(process.execPath, [file], { LOKY_MAX_CPU_COUNT: '1' })).toBe('1 1');
    expect(cpuCount()).toBeGreaterThanOrEqual(1);
  });
});

describe('cpuCount of physical cores', () => {
  const onlyPhysicalCores = true;

  test('counts hyper-threads of one core once', () => {
    expect(linux().count({ onlyPhysicalCores })).toBe(4);
  });

  test('counts the cores within the affinity', () => {
    expect(linux(allowed('0-2')).count({ onlyPhysicalCores })).toBe(2);
    expect(linux(allowed('1,3,5')).count({ onlyPhysicalCores })).toBe(3);
  });

  test('keeps to the other limits', () => {
    const quota = { ...v2('/'), '/sys/fs/cgroup/cpu.max': '250000 100000' };
    expect(linux(quota).count({ onlyPhysicalCores })).toBe(3);
    expect(linux({}, { env: { LOKY_MAX_CPU_COUNT: '2' } }).count({ onlyPhysicalCores })).toBe(2);
  });

  test('takes /proc/cpuinfo where /sys tells nothing', () => {
    const cpuinfo = [0, 1, 2, 3].map(
      (cpu) => `processor\t: ${cpu}\nphysical id\t: ${cpu >> 1}\ncore id\t\t: 0\nflags\t\t: fpu\n`,
    );
    const files = { '/proc/cpuinfo': cpuinfo.join('\n'), ...allowed('0-3') };
    const { count } = linux({}, { read: reading(files) });
    expect(count({ onlyPhysicalCores })).toBe(2);
  });

  test('warns once, and counts them all, where it cannot be found out', () => {
    const { count, warnings } = linux({}, { read: reading(allowed('0-3')) });
    expect([count({ onlyPhysicalCores }), count({ onlyPhysicalCores })]).toEqual([4, 4]);
    expect(warnings).toEqual([
      'Could not find the number of physical cores: neither /sys/devices/system/cpu nor /proc/cpuinfo shows the ' +
        'core of each CPU. The number of logical cores is used instead. ' +
        'Set LOKY_MAX_CPU_COUNT to the number of cores that you want to use to silence this warning.',
    ]);
  });

  test('asks the system on macOS, FreeBSD and Windows, once', () => {
    const outputs = { darwin: '6\n', freebsd: '4\n', win32: '2\r\n3\r\n' } as const;
    const expected = { darwin: 6, freebsd: 4, win32: 5 } as const;
    for (const platform of ['darwin', 'freebsd', 'win32'] as const) {
      let runs = 0;
      const run = () => {
        runs++;
        return outputs[platform];
      };
      const { count, warnings } = linux({}, { platform, run });
      expect([count({ onlyPhysicalCores }), count({ onlyPhysicalCores })]).toEqual(
        Array(2).fill(expected[platform]),
      );
      expect({ runs, warnings }).toEqual({ runs: 1, warnings: [] });
    }
  });

  test.each(['', '0', 'many'])('does not believe a system that answers %j', (answer) => {
    const { count, warnings } = linux({}, { platform: 'darwin', run: () => answer });
    expect(count({ onlyPhysicalCores })).toBe(8);
    expect(warnings).toHaveLength(1);
  });
});

test('parseCpuList reads the notation of the kernel and nothing else', () => {
  expect(parseCpuList('0-2,5,7-8\n')).toEqual([0, 1, 2, 5, 7, 8]);
  for (const rubbish of ['', 'all', '1-', '1,,2', '0-x']) expect(parseCpuList(rubbish)).toEqual([]);
});

test('usableCpus trusts the affinity where the list of CPUs that are on cannot be read', () => {
  expect(usableCpus(reading(allowed('0-1')))).toEqual([0, 1]);
});
