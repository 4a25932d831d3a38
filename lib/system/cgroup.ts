/**
 * Finds the control groups of this process, of both versions, and the limit they set to its CPU time.
 * A limit anywhere above counts as well, hence the ancestors. It reads files and decides nothing.
 */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Reads a small text file; `undefined` if it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/** {@link ReadText} on the real file system. */
export const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The folders of a control group and its ancestors, its own one first, by version. */
interface CgroupFolders {
  readonly v2: string[];
  readonly v1: string[];
}

interface Mount {
  /** The group that the mount point shows; containers often see their own one only. */
  readonly root: string;
  readonly mountPoint: string;
}

/** Where the groups of this process are, for a controller of version 1 and for all of version 2. */
export function cgroupFolders(controller: 'cpu' | 'memory', read: ReadText = readText): CgroupFolders {
  const folders: CgroupFolders = { v2: [], v1: [] };
  const mounts = parseMounts(read('/proc/self/mountinfo') ?? '', controller);
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (id === '0' && controllers === '') folders.v2.push(...upwards(path, mounts.v2));
    else if (controllers?.split(',').includes(controller)) folders.v1.push(...upwards(path, mounts.v1));
  }
  return folders;
}

/** CPUs' worth of time that the groups of this process may use, as a fraction; `Infinity` without a limit. */
export function cgroupCpuQuota(read: ReadText = readText): number {
  const { v2, v1 } = cgroupFolders('cpu', read);
  const quotas = [
    ...v2.map((folder) => (read(`${folder}/cpu.max`) ?? '').trim().split(/\s+/)),
    ...v1.map((folder) => [
      read(`${folder}/cpu.cfs_quota_us`) ?? '',
      read(`${folder}/cpu.cfs_period_us`) ?? '',
    ]),
  ];
  return Math.min(...quotas.map(([quota, period]) => ratio(quota, period)), Number.POSITIVE_INFINITY);
}

/** `max`, -1 and whatever else is no pair of positive whole numbers is no limit. */
function ratio(quota = '', period = ''): number {
  const [time, of] = [quota, period].map((text) => (/^\d+$/.test(text.trim()) ? Number(text) : 0));
  return time && of ? time / of : Number.POSITIVE_INFINITY;
}

/** Fields of mountinfo: id, parent, device, root, mount point, options, tags …, "-", type, source, super options. */
function parseMounts(mountinfo: string, controller: string): { v2: Mount[]; v1: Mount[] } {
  const mounts: { v2: Mount[]; v1: Mount[] } = { v2: [], v1: [] };
  for (const line of mountinfo.split('\n')) {
    if (!line.includes(' - cgroup')) continue;
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ').map(unescapeOctal);
    const [type, , options = ''] = after.split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    if (type === 'cgroup2') mounts.v2.push({ root, mountPoint });
    if (type === 'cgroup' && options.split(',').includes(controller)) mounts.v1.push({ root, mountPoint });
  }
  return mounts;
}

function upwards(path: string, mounts: readonly Mount[]): string[] {
  return mounts.flatMap(({ root, mountPoint }) => {
    // A container may see its group by the host's name for it, or as outside of all it sees: the mount point it is.
    const outside = path.startsWith('/..') || posix.relative(root, path).startsWith('..');
    const names = outside ? [] : posix.relative(root, path).split('/').filter(Boolean);
    const folders = [mountPoint];
    for (const name of names) folders.unshift(posix.join(folders[0] as string, name));
    return folders;
  });
}

function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
