/** What the system tells of processes (CPU, memory; nothing where there is no /proc), and small statistics. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Everything that this process has started, and that those have. */
export function descendants(pid = process.pid) {
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Descendants that run Node: the workers of a pool of processes. */
export function workerProcesses() {
  return descendants().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
    } catch {
      return false;
    }
  });
}

/** Microseconds of CPU of a process, all threads of it. */
function cpuOf(pid) {
  return sum(
    threadsOf(pid).map(
      (thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000,
    ),
  );
}

/** Private memory in bytes: what one more of them takes. */
export function privateMemoryOf(pid) {
  const text = read(`/proc/${pid}/smaps_rollup`);
  return 1024 * sum([...text.matchAll(/^Private_\w+:\s*(\d+)/gm)].map(([, kilobytes]) => Number(kilobytes)));
}

/** Resident memory now and at its peak, in bytes. */
export function memoryOf(pid) {
  const bytes = (field) =>
    1024 * Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`))?.[1]);
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** The peak counts from now on. */
export function resetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not on Linux: `memoryOf` gives nothing either.
  }
}

/** Gives, at each call, what has passed since the last: time, CPU of this process and of its descendants, in µs. */
export function stopwatch() {
  const ownCpu = () => sum(Object.values(process.cpuUsage()));
  const workersCpu = () => sum(descendants().map(cpuOf));
  // What looking at the descendants takes is between two laps.
  let last = { workers: workersCpu(), at: performance.now(), host: ownCpu() };
  return (calls = 1) => {
    const [at, host] = [performance.now(), ownCpu()];
    const workers = workersCpu();
    const lap = {
      wall: ((at - last.at) * 1000) / calls,
      host: (host - last.host) / calls,
      workers: Math.max(0, workers - last.workers) / calls,
    };
    last = { workers, at: performance.now(), host: ownCpu() };
    return lap;
  };
}

export const delay = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const mean = (values) => sum(values) / values.length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
