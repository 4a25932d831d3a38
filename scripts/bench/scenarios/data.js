/** Warm code, data both ways: the time that `echo` of a payload takes, and the memory at each end. */
import { randomBytes } from 'node:crypto';
import { median, memoryOf, resetPeak } from '../probes.js';
import { census, openWarm } from './calls.js';

const MIB = 1024 * 1024;
/** Echoes of a measurement end when they have taken so many milliseconds; a single one that does is not repeated. */
const ENOUGH = 1500;
const WARM_ECHOES = 10_000;

/** Records of ten nodes each, as an API or a database gives them. */
function records(count) {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `record ${id}`,
    active: id % 3 === 0,
    score: id / 7,
    tags: ['red', 'green', id],
    note: null,
  }));
}

/** `lossy`: the content is there, the type is another, such as a Buffer that became its JSON form. */
export function verdict(sent, received) {
  if (!ArrayBuffer.isView(sent)) return JSON.stringify(sent) === JSON.stringify(received) ? 'ok' : 'wrong';
  if (received === null || typeof received !== 'object') return 'wrong';
  const isJsonForm = received.type === 'Buffer' && Array.isArray(received.data);
  const values = isJsonForm
    ? received.data
    : ArrayBuffer.isView(received)
      ? received
      : Object.values(received);
  if (values.length !== sent.length) return 'wrong';
  for (let index = 0; index < sent.length; index++) if (values[index] !== sent[index]) return 'wrong';
  return received.constructor === sent.constructor ? 'ok' : 'lossy';
}

/** The first echo shows the peak of the memory: later ones meet garbage of earlier ones. */
async function firstEcho(opened, payload) {
  const [worker] = await census(opened, 1);
  const observed = [process.pid, worker.pid];
  for (const pid of observed) resetPeak(pid);
  const before = observed.map(memoryOf);
  const start = performance.now();
  const received = await opened.run('echo', payload);
  const ms = performance.now() - start;
  const growth = observed.map((pid, index) => (memoryOf(pid).peak - before[index].rss) / payload.byteLength);
  const workerPeak = worker.pid === process.pid ? undefined : growth[1];
  return { status: verdict(payload, received), ms, peaks: { hostPeak: growth[0], workerPeak } };
}

async function timeEchoes(opened, payload, echoes) {
  const times = [];
  for (let spent = 0; times.length < echoes && spent < ENOUGH; spent += times.at(-1)) {
    const start = performance.now();
    await opened.run('echo', payload);
    times.push(performance.now() - start);
  }
  return times;
}

function echo(name, title, make, { echoes, quick = echoes, peaks = false, ...rest }) {
  return {
    name,
    group: 'warm',
    title: `${title}, both ways`,
    metrics: {
      ms: { title: `${title}, both ways`, unit: 'ms' },
      ...(peaks && {
        hostPeak: { title: `${title}: host's peak ÷ payload`, unit: '×' },
        workerPeak: { title: `${title}: worker's peak ÷ payload`, unit: '×' },
      }),
    },
    sizes: { full: { echoes, warm: WARM_ECHOES }, quick: { echoes: quick, warm: 3 } },
    timeout: 30_000,
    ...rest,
    async run(pool, { echoes, warm }) {
      const opened = await openWarm(pool, { workers: peaks ? 1 : 2 });
      // What the first data of any size costs is not the payload's.
      await timeEchoes(opened, Buffer.alloc(64 * 1024, 1), 20);
      const payload = make();
      const first = await firstEcho(opened, payload);
      const memory = peaks ? first.peaks : {};
      if (first.ms > ENOUGH) return { status: first.status, metrics: { ms: first.ms, ...memory } };
      await timeEchoes(opened, payload, warm);
      return {
        status: first.status,
        metrics: { ms: median(await timeEchoes(opened, payload, echoes)), ...memory },
      };
    },
  };
}

/** Ten times the data for whoever needed seconds already. */
function tooSlowBefore(resultOf) {
  const ms = resultOf('buffer-10m')?.metrics.ms?.median;
  return ms > ENOUGH ? `10 MiB took ${Math.round(ms)} ms` : undefined;
}

export const data = [
  echo('buffer-1k', 'Buffer of 1 KiB', () => randomBytes(1024), { echoes: 1000, quick: 50 }),
  echo('buffer-100k', 'Buffer of 100 KiB', () => randomBytes(100 * 1024), { echoes: 60, quick: 3 }),
  echo('buffer-10m', 'Buffer of 10 MiB', () => randomBytes(10 * MIB), { echoes: 5, quick: 1, peaks: true }),
  echo('buffer-100m', 'Buffer of 100 MiB', () => randomBytes(100 * MIB), {
    echoes: 3,
    quick: 1,
    peaks: true,
    pointless: tooSlowBefore,
  }),
  echo('object-1e5', 'object of 1e5 nodes', () => ({ records: records(1e4) }), { echoes: 7, quick: 1 }),
  echo(
    'float64-1e6',
    'Float64Array of 1e6',
    () => Float64Array.from({ length: 1e6 }, (_, n) => Math.sin(n)),
    {
      echoes: 5,
      quick: 1,
    },
  ),
];
