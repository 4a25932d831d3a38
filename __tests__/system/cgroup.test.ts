import { describe, expect, test } from '@jest/globals';
import { cgroupCpuQuota, cgroupFolders } from '../../lib/system/cgroup.ts';
import { reading, v1, v2 } from './fake-files.ts';

describe('cgroupFolders', () => {
  test('gives the own group first, then its ancestors up to the mount point', () => {
    expect(cgroupFolders('cpu', reading(v2('/user.slice/app.scope'))).v2).toEqual([
      '/sys/fs/cgroup/user.slice/app.scope',
      '/sys/fs/cgroup/user.slice',
      '/sys/fs/cgroup',
    ]);
  });

  test('finds the controller of version 1 among those that share a folder', () => {
    expect(cgroupFolders('cpu', reading(v1('/docker/abc')))).toEqual({
      v2: [],
      v1: [
        '/sys/fs/cgroup/cpu,cpuacct/docker/abc',
        '/sys/fs/cgroup/cpu,cpuacct/docker',
        '/sys/fs/cgroup/cpu,cpuacct',
      ],
    });
    expect(cgroupFolders('memory', reading(v1('/x'))).v1[0]).toBe('/sys/fs/cgroup/memory/x');
  });

  test.each([
    ['the mount shows the own group, named as the host names it', v2('/docker/abc', '/docker/abc')],
    ['the process has a namespace of its own', v2('/')],
    ['the path lies outside of the namespace', v2('/../other')],
    ['the mount shows another part than the path names', v2('/docker/abc', '/docker/xyz')],
  ])('takes the mount point when %s', (_, files) => {
    expect(cgroupFolders('cpu', reading(files)).v2).toEqual(['/sys/fs/cgroup']);
  });

  test('finds groups below the one that the mount shows', () => {
    expect(cgroupFolders('cpu', reading(v2('/docker/abc/inner', '/docker/abc'))).v2).toEqual([
      '/sys/fs/cgroup/inner',
      '/sys/fs/cgroup',
    ]);
  });

  test('reads mount points with spaces', () => {
    const files = {
      '/proc/self/cgroup': '0::/a\n',
      '/proc/self/mountinfo': '30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n',
    };
    expect(cgroupFolders('cpu', reading(files)).v2).toEqual(['/my groups/a', '/my groups']);
  });

  test('gives nothing where there are no control groups', () => {
    expect(cgroupFolders('cpu', reading({}))).toEqual({ v2: [], v1: [] });
    expect(cgroupFolders('cpu', reading({ '/proc/self/cgroup': 'rubbish\n0::\n' }))).toEqual({
      v2: [],
      v1: [],
    });
  });
});

describe('cgroupCpuQuota', () => {
  test('is quota by period, of both versions', () => {
    const own2 = { ...v2('/a'), '/sys/fs/cgroup/a/cpu.max': '150000 100000\n' };
    const own1 = {
      ...v1('/a'),
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us': '100000\n',
    };
    expect(cgroupCpuQuota(reading(own2))).toBe(1.5);
    expect(cgroupCpuQuota(reading(own1))).toBe(0.5);
  });

  test('is the least of the group and its ancestors', () => {
    const files = {
      ...v2('/pod/app'),
      '/sys/fs/cgroup/pod/app/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/pod/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/cpu.max': '800000 100000\n',
    };
    expect(cgroupCpuQuota(reading(files))).toBe(2);
  });

  test.each(['', 'max\n', 'max 100000', 'garbage 1', '100000', '0 100000', '100000 0', '-1 100000'])(
    '%j sets no limit',
    (content) => {
      expect(cgroupCpuQuota(reading({ ...v2('/'), '/sys/fs/cgroup/cpu.max': content }))).toBe(Infinity);
    },
  );

  test.each([
    ['-1\n', '100000\n'],
    ['', ''],
    ['max\n', '100000\n'],
    ['50000', ''],
  ])('a quota of %j in a period of %j sets no limit', (quota, period) => {
    const files = {
      ...v1('/'),
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': quota,
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': period,
    };
    expect(cgroupCpuQuota(reading(files))).toBe(Infinity);
  });
});
