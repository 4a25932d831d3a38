/** What the system tells of processes (CPU, memory; nothing where there is no /proc), clocks, ways to repeat, and statistics. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import tasks from './tasks.cjs';

function tried(call, otherwise) {
  try {
    return call();
  } catch {
    return otherwise;
  }
}

const read = (path) => tried(() => readFileSync(path, 'utf8'), '');
const threadsOf = (pid) => tried(() => readdirSync(`/proc/${pid}/task`), []);

/** Everything that this process has started, and that those have. The measured host's memory bears no walk over all processes. */
export function descendants(pid = process.pid) {
  const children = threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Microseconds of CPU of a process, all threads of it. */
const cpuOf = (pid) =>
  sum(threadsOf(pid).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] / 1000));

/** Microseconds of CPU of this process. */
export const ownCpu = () => sum(Object.values(process.cpuUsage()));

/** Bytes of all fields of this name in a file of the system about a process. */
export function memoryOf(pid, file, field) {
  const fields = read(`/proc/${pid}/${file}`).matchAll(new RegExp(`^${field}:\\s*(\\d+) kB`, 'gm'));
  return 1024 * sum([...fields].map(([, kilobytes]) => Number(kilobytes))) || undefined;
}

/** The peak counts from now on. Not on Linux: `memoryOf` gives nothing either. */
export const resetPeak = (pid) => tried(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'));

/**
 * Gives, at each call, what has passed since the last: time, CPU of this process and of its descendants, in µs of each of so many
 * calls (or in ms, with 1000). Descendants that have a name in `apart` have a figure of their own.
 */
export function stopwatch(apart = {}) {
  const clocks = () => ({ wall: performance.now() * 1000, host: ownCpu() });
  const clocksOfOthers = () => {
    const workers = descendants().filter((pid) => !Object.values(apart).includes(pid));
    const named = mapOf(Object.keys(apart), (name) => cpuOf(apart[name]));
    // Threads are the host's: they have no CPU beside it.
    return { ...named, ...(workers.length > 0 && { workers: sum(workers.map(cpuOf)) }) };
  };
  // What looking at the descendants takes is between two laps.
  let last = { ...clocksOfOthers(), ...clocks() };
  return (key, calls) => {
    const now = { ...clocks(), ...clocksOfOthers() };
    const lap = Object.entries(now).map(([of, value]) => [`${key}.${of}`, (value - (last[of] ?? 0)) / calls]);
    last = { ...now, ...clocks() };
    return Object.fromEntries(lap);
  };
}

export async function timeOf(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Repetitions end when they have taken so many milliseconds; a single one that does is not repeated. */
export const ENOUGH = 1500;

/** The milliseconds of each call. */
export async function timesOf(calls, call) {
  const taken = [];
  for (let spent = 0; taken.length < calls && spent < ENOUGH; spent += taken.at(-1))
    taken.push(await timeOf(() => call(taken.length)));
  return taken;
}

/** Calls of `work` a second. */
export const rateOf = async (calls, work) => (calls * 1000) / (await timeOf(work));

/** How much of the task `spin` this machine does in a microsecond. */
export function stepsPerMicrosecond() {
  tasks.spin(5_000_000);
  const start = performance.now();
  tasks.spin(20_000_000);
  return 20_000 / (performance.now() - start);
}

/** So many of something that is measured; a twentieth with `--quick`. */
export const sized = (count) => Math.ceil(process.argv.includes('--quick') ? count / 20 : count);

export const delay = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
/** What `make` gives for 0, 1, … */
export const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
export const allOf = (count, make) => Promise.all(times(count, make));
export async function oneByOne(count, call) {
  for (let index = 0; index < count; index += 1) await call(index);
}

/** `{ key: make(key) }` */
export const mapOf = (keys, make) => Object.fromEntries(keys.map((key) => [key, make(key)]));

/**
 * `{ way: [figures] }` of what each way gives, in rounds; the order rotates, so that what one way leaves falls to another.
 * A way is called with its figures so far.
 */
export async function inTurns(ways, rounds) {
  const names = Object.keys(ways);
  const figures = mapOf(names, () => []);
  await oneByOne(rounds * names.length, async (turn) => {
    const name = names[(turn + Math.floor(turn / names.length)) % names.length];
    const figure = await ways[name](figures[name]);
    if (figure !== undefined) figures[name].push(figure);
  });
  return figures;
}

export const sum = (values) => values.reduce((total, value) => total + value, 0);
export const mean = (values) => sum(values) / values.length;
export const sorted = (values) => [...values].sort((a, b) => a - b);
export const median = (values) =>
  mean(sorted(values).slice(Math.ceil(values.length / 2) - 1, Math.floor(values.length / 2) + 1));

const isFine = ({ status }) => status === 'ok' || status === 'lossy';

/** One that hung, crashed or was wrong is not tried again: its time is better spent. */
export const isSettled = (samples) => samples.some((sample) => !isFine(sample) || sample.took > 12_000);

/** `{ status, metrics: { key: [median, least, most] }, rounds, message? }` */
export function summarize(samples) {
  const failed = samples.find((sample) => !isFine(sample));
  const { status, message } = failed ?? samples.find((sample) => sample.status === 'lossy') ?? samples[0];
  const metrics = {};
  for (const key of new Set(samples.flatMap((sample) => Object.keys(sample.metrics)))) {
    const values = samples.map((sample) => sample.metrics[key]).filter(Number.isFinite);
    const figures = [median(values), Math.min(...values), Math.max(...values)];
    if (values.length > 0) metrics[key] = figures.map((figure) => Number(figure.toPrecision(4)));
  }
  return { status, metrics, rounds: samples.length, ...(message && { message }) };
}
