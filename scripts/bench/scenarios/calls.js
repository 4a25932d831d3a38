/** Calls without work: what the way to a worker and back costs, one at a time and all at once. */
import { memoryOf, resetPeak } from '../measure/memory.js';
import { mean, median } from '../measure/statistics.js';
import { census, countCalls } from '../measure/workers.js';

const WORKERS = 2;
/** Calls of the burst before the one that is measured. */
const WARM_BURST = 20_000;
/** Round trips before those that are measured: V8 optimizes the code on the way, at both ends, within some thousands. */
const WARM_TRIPS = 10_000;

/** Both workers up, and the code on the way compiled. */
async function warm(pool, calls, trips = 200) {
  await census(pool, WORKERS);
  for (let index = 0; index < trips; index++) await pool.run('noop');
  await Promise.all(Array.from({ length: calls }, () => pool.run('noop')));
}

/** In microseconds. */
async function timeTrips(pool, count) {
  const times = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    await pool.run('noop');
    times[index] = (performance.now() - start) * 1000;
  }
  return times;
}

export const roundTrip = {
  name: 'round-trip',
  group: 'calls',
  title: 'No-op round trip, one at a time',
  metrics: {
    mean: { title: 'no-op round trip', unit: 'µs', better: 'lower' },
    p50: { title: 'no-op round trip, p50', unit: 'µs', better: 'lower' },
    first: { title: 'of the first thousand', unit: 'µs', better: 'lower' },
    hostCpu: { title: 'host CPU a trip', unit: 'µs', better: 'lower' },
  },
  sizes: { full: { calls: 10_000, warm: WARM_TRIPS }, quick: { calls: 1000, warm: 1000 } },
  timeout: 20_000,
  async run({ adapter, library, sizes }) {
    const pool = await adapter.open(library, { workers: WORKERS });
    await census(pool, WORKERS);
    const first = await timeTrips(pool, 1000);
    await warm(pool, 1000, sizes.warm);
    const before = await countCalls(pool, WORKERS);
    const cpuBefore = process.cpuUsage();
    const times = await timeTrips(pool, sizes.calls);
    const cpu = process.cpuUsage(cpuBefore);
    const ran = (await countCalls(pool, WORKERS)) - before;
    return {
      status: ran === sizes.calls ? 'ok' : 'wrong',
      metrics: {
        mean: mean(times),
        p50: median(times),
        first: mean(first),
        hostCpu: (cpu.user + cpu.system) / sizes.calls,
      },
    };
  },
};

/** Submits at once, and gives the number of answers. */
async function submitAll(pool, count) {
  if (pool.burst) return pool.burst(count);
  const calls = new Array(count);
  for (let index = 0; index < count; index++) calls[index] = pool.run('noop');
  const answers = await Promise.all(calls);
  return answers.length;
}

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (values) => values.reduce((total, value) => total + value, 0);

async function runBurst({ adapter, library, sizes }) {
  const pool = await adapter.open(library, { workers: WORKERS });
  await warm(pool, 1000);
  // What a program that runs for days sees: the code on the way was optimized by a burst before, for every library.
  const startedFirst = performance.now();
  await submitAll(pool, Math.min(sizes.calls, WARM_BURST));
  const first = Math.min(sizes.calls, WARM_BURST) / ((performance.now() - startedFirst) / 1000);
  const before = await countCalls(pool, WORKERS);
  const pids = [...new Set((await census(pool, WORKERS)).map(({ pid }) => pid))];
  const workers = pids.filter((pid) => pid !== process.pid);
  const observed = [process.pid, ...workers];
  for (const pid of observed) resetPeak(pid);
  const memoryBefore = observed.map(memoryOf);

  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const answers = await submitAll(pool, sizes.calls);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);

  await delay(300);
  const memoryAfter = observed.map(memoryOf);
  const ran = (await countCalls(pool, WORKERS)) - before;
  return {
    status: ran === sizes.calls && answers === sizes.calls ? 'ok' : 'wrong',
    metrics: {
      rate: sizes.calls / seconds,
      firstRate: first,
      hostCpu: (cpu.user + cpu.system) / sizes.calls,
      ...memoryMetrics(memoryBefore, memoryAfter),
    },
  };
}

/** The host is the first; workers together. Threads live in the host's memory. */
function memoryMetrics([hostBefore, ...before], [hostAfter, ...after]) {
  if (!hostBefore || !hostAfter || after.includes(undefined)) return {};
  const host = { hostBefore: hostBefore.rss, hostPeak: hostAfter.peak, hostAfter: hostAfter.rss };
  if (after.length === 0) return host;
  return {
    ...host,
    workerBefore: sum(before.map(({ rss }) => rss)) / before.length,
    workerPeak: Math.max(...after.map(({ peak }) => peak)),
    workerAfter: sum(after.map(({ rss }) => rss)) / after.length,
  };
}

const rate = (title) => ({ title, unit: '/s', better: 'higher' });
const memory = (title) => ({ title, unit: 'MB', better: 'lower' });

const firstRate = rate('20,000 no-ops at once, the first time');
const hostCpu = { title: 'host CPU a task', unit: 'µs', better: 'lower' };
const memoryTitles = {
  hostBefore: memory('host before'),
  hostPeak: memory('host at the peak'),
  hostAfter: memory('host after 1e5 tasks'),
  workerBefore: memory('worker before'),
  workerPeak: memory('worker at the peak'),
  workerAfter: memory('worker after 1e5 tasks'),
};

function burst(name, calls, title, options) {
  return {
    name,
    group: 'calls',
    title,
    metrics: { rate: rate(title), ...options.metrics },
    sizes: { full: { calls }, quick: { calls: Math.min(calls, 20_000) } },
    timeout: 60_000,
    run: runBurst,
    ...(options.rounds && { rounds: options.rounds }),
    ...(options.pointless && { pointless: options.pointless }),
  };
}

/** A million at the rate of a hundred thousand, or slower. */
function wouldTakeTooLong(resultsOf) {
  const seconds = 1e6 / (resultsOf('burst-100k')?.metrics.rate?.median ?? Number.POSITIVE_INFINITY);
  return seconds > 40 ? `at its rate it would take ${Math.round(seconds)} s` : undefined;
}

export const bursts = [
  burst('burst-1k', 1e3, '1e3 no-ops at once', {}),
  burst('burst-10k', 1e4, '1e4 no-ops at once', {}),
  burst('burst-20k', 2e4, '20,000 no-ops at once', { metrics: { hostCpu, firstRate } }),
  burst('burst-100k', 1e5, '1e5 no-ops at once', { rounds: 1, metrics: memoryTitles }),
  burst('burst-1m', 1e6, '1e6 no-ops at once', { rounds: 1, pointless: wouldTakeTooLong }),
];
