/** What the system tells of processes (CPU, memory; nothing where there is no /proc), clocks, and small statistics. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

function tried(call, otherwise) {
  try {
    return call();
  } catch {
    return otherwise;
  }
}

const read = (path) => tried(() => readFileSync(path, 'utf8'), '');
const threadsOf = (pid) => tried(() => readdirSync(`/proc/${pid}/task`), []);

/** Everything that this process has started, and that those have. */
export function descendants(pid = process.pid) {
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Descendants that run Node: the workers of a pool of processes. */
export const workerProcesses = () =>
  descendants().filter((pid) => tried(() => readlinkSync(`/proc/${pid}/exe`)) === process.execPath);

/** Microseconds of CPU of a process, all threads of it. */
export const cpuOf = (pid) =>
  sum(
    threadsOf(pid).map(
      (thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]) / 1000,
    ),
  );

/** Microseconds of CPU of this process. */
export const ownCpu = () => sum(Object.values(process.cpuUsage()));

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

/** The peak counts from now on. Not on Linux: `memoryOf` gives nothing either. */
export const resetPeak = (pid) => tried(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'));

/** Gives, at each call, what has passed since the last: time, CPU of this process and of its descendants, in µs. */
export function stopwatch() {
  const workersCpu = () => sum(descendants().map(cpuOf));
  // What looking at the descendants takes is between two laps.
  let last = { workers: workersCpu(), at: performance.now(), host: ownCpu() };
  return (calls = 1) => {
    const [at, host, workers] = [performance.now(), ownCpu(), workersCpu()];
    const lap = {
      wall: ((at - last.at) * 1000) / calls,
      host: (host - last.host) / calls,
      // Threads are the host's: they have no CPU beside it.
      ...(workers > 0 && { workers: Math.max(0, workers - last.workers) / calls }),
    };
    last = { workers, at: performance.now(), host: ownCpu() };
    return lap;
  };
}

export async function timeOf(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Calls of `work` a second. */
export const rateOf = async (calls, work) => (calls * 1000) / (await timeOf(work));

export const delay = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
/** What `make` gives for 0, 1, … */
export const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
export const allOf = (count, make) => Promise.all(times(count, make));
export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const mean = (values) => sum(values) / values.length;
export const sorted = (values) => [...values].sort((a, b) => a - b);
export const median = (values) => {
  const half = values.length / 2;
  return mean(sorted(values).slice(Math.ceil(half) - 1, Math.floor(half) + 1));
};

/** `{ way: [figures] }` of what each way gives, in rounds; the order rotates, so that what one way leaves falls to another. */
export async function inTurns(ways, rounds) {
  const entries = Object.entries(ways);
  const figures = Object.fromEntries(entries.map(([way]) => [way, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < entries.length; turn += 1) {
      const [way, work] = entries[(turn + round) % entries.length];
      figures[way].push(await work(round));
    }
  }
  return figures;
}
