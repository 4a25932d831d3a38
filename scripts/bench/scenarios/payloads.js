/** Data both ways: `echo` of a payload, the time and the memory that it takes at each end. */
import { memoryOf, resetPeak } from '../measure/memory.js';
import { payloads, verdict, worse } from '../measure/payloads.js';
import { median } from '../measure/statistics.js';
import { census } from '../measure/workers.js';

/** Echoes of a measurement end when they have taken so long (ms). */
const ENOUGH = 1500;

/** Echoes before those that are measured, as far as there is time: V8 optimizes the code on the way within some thousands. */
const WARM_ECHOES = 10_000;

/** The first echo shows the peak of the memory: later ones meet garbage of earlier ones. */
async function firstEcho(pool, name) {
  const [worker] = await census(pool, 1);
  const observed = [process.pid, worker.pid];
  for (const pid of observed) resetPeak(pid);
  const before = observed.map(memoryOf);
  const payload = payloads[name]();
  const start = performance.now();
  const received = await pool.run('echo', payload);
  const ms = performance.now() - start;
  const after = observed.map(memoryOf);
  const size = payload.byteLength;
  const growth = (index) =>
    before[index] && after[index] && size ? (after[index].peak - before[index].rss) / size : undefined;
  const peaks = { hostPeak: growth(0), workerPeak: worker.pid === process.pid ? undefined : growth(1) };
  return { payload, status: verdict(payload, received), ms, peaks };
}

/** The times of as many echoes as there is time for, and the worst verdict. */
async function timeEchoes(pool, payload, echoes) {
  const times = [];
  let status = 'ok';
  for (let spent = 0; times.length < echoes && spent < ENOUGH; spent += times.at(-1)) {
    const start = performance.now();
    const received = await pool.run('echo', payload);
    times.push(performance.now() - start);
    if (times.length === 1) status = verdict(payload, received);
  }
  return { times, status };
}

async function runEcho({ adapter, library, sizes }) {
  const pool = await adapter.open(library, { workers: sizes.workers });
  // The memory that the first data of any size costs is not the payload's.
  const small = Buffer.alloc(64 * 1024, 1);
  for (let index = 0; index < 20; index++) await pool.run('echo', small);
  const first = await firstEcho(pool, sizes.payload);
  const peaks = sizes.peaks ? first.peaks : {};
  // What takes seconds shows no more when it is repeated.
  if (first.ms > ENOUGH) return { status: first.status, metrics: { ms: first.ms, ...peaks } };
  await timeEchoes(pool, first.payload, WARM_ECHOES);
  const { times, status } = await timeEchoes(pool, first.payload, sizes.echoes);
  return { status: worse(first.status, status), metrics: { ms: median(times), ...peaks } };
}

const peakMetrics = {
  hostPeak: { title: 'host peak, × the payload', unit: '×', better: 'lower' },
  workerPeak: { title: 'worker peak, × the payload', unit: '×', better: 'lower' },
};

function echo(payload, title, options) {
  const { echoes, quickEchoes = Math.ceil(echoes / 3), peaks = false, ...rest } = options;
  const sizes = (count) => ({ payload, echoes: count, peaks, workers: peaks ? 1 : 2 });
  return {
    name: payload,
    group: 'data',
    title: `${title[0].toUpperCase()}${title.slice(1)}, both ways`,
    metrics: { ms: { title, unit: 'ms', better: 'lower' }, ...(peaks && peakMetrics) },
    sizes: { full: sizes(echoes), quick: sizes(quickEchoes) },
    timeout: 30_000,
    run: runEcho,
    ...rest,
  };
}

/** Ten times the data for who needed seconds already. */
function tooSlowBefore(resultsOf) {
  const smaller = resultsOf('buffer-10m');
  if (!smaller) return undefined;
  const ms = smaller.metrics.ms?.median;
  if (ms === undefined) return `10 MiB: ${smaller.status}`;
  return ms > 1500 ? `10 MiB took ${Math.round(ms)} ms` : undefined;
}

export const payloadScenarios = [
  echo('buffer-1k', 'Buffer of 1 KiB', { echoes: 1000 }),
  echo('buffer-100k', 'Buffer of 100 KiB', { echoes: 60 }),
  echo('buffer-10m', 'Buffer of 10 MiB', { echoes: 5, quickEchoes: 1, peaks: true }),
  echo('buffer-100m', 'Buffer of 100 MiB', {
    echoes: 3,
    quickEchoes: 1,
    peaks: true,
    rounds: 2,
    pointless: tooSlowBefore,
  }),
  echo('object-1e5', 'object of 1e5 nodes', { echoes: 7 }),
  echo('float64-1e6', 'Float64Array of 1e6', { echoes: 5, quickEchoes: 1 }),
];
