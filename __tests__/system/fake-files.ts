/** A file system for tests: paths and their contents. */
import type { ReadText } from '../../lib/system/cgroup.ts';

export const reading =
  (files: Record<string, string>): ReadText =>
  (path) =>
    files[path];

/** The group of this process on a machine with version 2, mounted as systemd does. */
export const v2 = (path: string, root = '/'): Record<string, string> => ({
  '/proc/self/cgroup': `0::${path}\n`,
  '/proc/self/mountinfo':
    '23 28 0:21 / /proc rw,nosuid - proc proc rw\n' +
    `30 23 0:26 ${root} /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n`,
});

/** The same with version 1, whose controllers have folders of their own, as Docker does. */
export const v1 = (path: string, root = '/'): Record<string, string> => ({
  '/proc/self/cgroup': `12:cpuset:/\n4:cpu,cpuacct:${path}\n3:memory:${path}\n1:name=systemd:/\n`,
  '/proc/self/mountinfo':
    `31 30 0:27 ${root} /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n` +
    `32 30 0:28 ${root} /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory\n`,
});
