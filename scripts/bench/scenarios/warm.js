/** Warm code: what the way to a worker and back, data, and the death of a worker cost a program that runs for days. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { census, openWarm } from '../pools.js';
import { allOf, delay, median, memoryOf, ownCpu, resetPeak, sum, timeOf, times } from '../probes.js';

const processes = [
  ...['loky', 'worker-farm', 'jest-worker', 'tinypool', 'workerpool', 'workerpool-advanced', 'poolifier'],
  'floor',
];

// Calls without work

const callsIn = async (opened) => sum((await census(opened, 2)).map(({ calls }) => calls));
const atOnce = (opened, count) => allOf(count, () => opened.run('noop'));
async function oneByOne(opened, count) {
  for (let call = 0; call < count; call += 1) await opened.run('noop');
}

/** Runs so many no-ops in one of both ways. Every one of them must have run in a worker. */
async function measured(opened, way, count) {
  const before = await callsIn(opened);
  const cpu = ownCpu();
  const ms = await timeOf(() => way(opened, count));
  const hostCpu = (ownCpu() - cpu) / count;
  return { status: (await callsIn(opened)) - before === count ? 'ok' : 'wrong', ms, hostCpu };
}

async function roundTrip(pool, { calls, warm }) {
  const opened = await openWarm(pool);
  await oneByOne(opened, warm);
  await atOnce(opened, 1000);
  const { ms, ...rest } = await measured(opened, oneByOne, calls);
  return { mean: (ms * 1000) / calls, ...rest };
}

async function burst(pool, { calls, warm }) {
  const opened = await openWarm(pool);
  await oneByOne(opened, 200);
  await atOnce(opened, warm);
  const { ms, ...rest } = await measured(opened, atOnce, calls);
  return { rate: (calls * 1000) / ms, ...rest };
}

/** All are submitted in one turn of the event loop, so that nothing can be answered yet. */
async function pending(pool, { calls }) {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const opened = await openWarm(pool);
  await atOnce(opened, 500);
  const kept = new Array(calls);
  gc();
  const before = used();
  for (let index = 0; index < calls; index += 1) kept[index] = opened.run('noop');
  gc();
  return { bytes: (used() - before) / kept.length };
}

/** Pure CPU: what a second worker is worth. */
async function twoWorkers(pool, { steps, repeats }) {
  const [one, two] = [await openWarm(pool, { workers: 1 }), await openWarm(pool)];
  const spins = (opened) => timeOf(() => allOf(20, () => opened.run('spin', steps)));
  await Promise.all([spins(one), spins(two)]);
  let ratios = 0;
  for (let repeat = 0; repeat < repeats; repeat += 1) ratios += (await spins(one)) / (await spins(two));
  return { ratio: ratios / repeats };
}

// Data, both ways

const MIB = 1024 * 1024;
/** Echoes of a measurement end when they have taken so many milliseconds; a single one that does is not repeated. */
const ENOUGH = 1500;

/** `lossy`: the content is there, the type is another, such as a Buffer that became its JSON form. */
export function verdict(sent, received) {
  if (!ArrayBuffer.isView(sent)) return JSON.stringify(sent) === JSON.stringify(received) ? 'ok' : 'wrong';
  const isJsonForm = received?.type === 'Buffer' && Array.isArray(received.data);
  const plain = isJsonForm ? received.data : Object(received);
  const values = ArrayBuffer.isView(plain) ? plain : Object.values(plain);
  if (values.length !== sent.length || sent.some((value, index) => value !== values[index])) return 'wrong';
  return received.constructor === sent.constructor ? 'ok' : 'lossy';
}

async function timeEchoes(opened, payload, echoes) {
  const taken = [];
  for (let spent = 0; taken.length < echoes && spent < ENOUGH; spent += taken.at(-1))
    taken.push(await timeOf(() => opened.run('echo', payload)));
  return taken;
}

/** The first echo shows the peak of the memory: later ones meet garbage of earlier ones. */
async function echo(pool, { make, echoes, warm, peaks }) {
  const opened = await openWarm(pool, { workers: peaks ? 1 : 2 });
  // What the first data of any size costs is not the payload's.
  await timeEchoes(opened, Buffer.alloc(64 * 1024, 1), 20);
  const payload = make();
  const [worker] = await census(opened, 1);
  const observed = [process.pid, worker.pid];
  for (const pid of observed) resetPeak(pid);
  const before = observed.map(memoryOf);
  let received;
  const first = await timeOf(async () => {
    received = await opened.run('echo', payload);
  });
  const [hostPeak, workerPeak] = observed.map(
    (pid, index) => (memoryOf(pid).peak - before[index].rss) / payload.byteLength,
  );
  const isThread = worker.pid === process.pid;
  const memory = peaks && { hostPeak, ...(!isThread && { workerPeak }) };
  const status = verdict(payload, received);
  if (first > ENOUGH) return { status, ms: first, ...memory };
  await timeEchoes(opened, payload, warm);
  return { status, ms: median(await timeEchoes(opened, payload, echoes)), ...memory };
}

/** Records of ten nodes each, as an API or a database gives them. */
const records = (count) =>
  times(count, (id) => ({
    ...{ id, name: `record ${id}`, active: id % 3 === 0, score: id / 7 },
    ...{ tags: ['red', 'green', id], note: null },
  }));

function echoOf(name, title, make, { echoes, peaks, pointless }) {
  const peak = (of) => [`${of}Peak`, `${title}: ${of}'s peak ÷ payload`, '×'];
  return {
    name,
    title: `${title}, both ways`,
    metrics: [['ms', `${title}, both ways`, 'ms'], ...(peaks ? [peak('host'), peak('worker')] : [])],
    pointless,
    full: { make, echoes, peaks, warm: 10_000 },
    quick: { make, echoes: 1, peaks, warm: 3 },
    run: echo,
  };
}

/** Ten times the data for whoever needed seconds already. */
function tooSlowBefore(resultOf) {
  const ms = resultOf('buffer-10m')?.metrics.ms?.[0];
  return ms > ENOUGH ? `10 MiB took ${Math.round(ms)} ms` : undefined;
}

// The SIGKILL of a worker in the middle of a task: when the caller hears of it, and when a pool works again

const PATIENCE = 3000;

/** The worker that runs `block` writes its pid there. */
async function pidIn(file) {
  for (const deadline = performance.now() + PATIENCE; performance.now() < deadline; await delay(2)) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text.endsWith('\n')) return Number(text);
    } catch {
      // Not written yet.
    }
  }
  throw new Error('no worker began the task');
}

/** The milliseconds from the kill to the rejection, or to the next result; or what came instead. */
async function killUnder(opened, file, toNext) {
  const ended = Promise.resolve(opened.run('block', file)).then(
    () => 'wrong',
    () => performance.now(),
  );
  const pid = await pidIn(file);
  await delay(20);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const seen = await Promise.race([ended, delay(PATIENCE, 'hangs')]);
  if (typeof seen === 'string') return seen;
  if (!toNext) return seen - killedAt;
  const next = await Promise.race([opened.run('echo', 7), delay(PATIENCE, 'hangs')]);
  if (next === 7) return performance.now() - killedAt;
  return next === 'hangs' ? next : 'wrong';
}

async function kill(pool, { workers, settle, toNext, trials }) {
  const folder = mkdtempSync(join(tmpdir(), 'loky-bench-'));
  const taken = [];
  try {
    for (let trial = 0; trial < trials; trial += 1) {
      const opened = await openWarm(pool, { workers, faults: true });
      await delay(settle);
      const time = await killUnder(opened, join(folder, `${trial}`), toNext);
      if (typeof time === 'string') return { status: time };
      taken.push(time);
      await Promise.race([Promise.resolve(opened.close()).catch(() => {}), delay(1000)]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ms: median(taken) };
}

export const warm = [
  {
    name: 'round-trip',
    title: 'No-op round trip, one at a time',
    metrics: [
      ['mean', 'no-op round trip', 'µs'],
      ['hostCpu', 'no-op round trip: host CPU', 'µs'],
    ],
    full: { calls: 10_000, warm: 10_000 },
    quick: { calls: 500, warm: 500 },
    run: roundTrip,
  },
  {
    name: 'burst-20k',
    title: '20,000 no-ops at once',
    metrics: [
      ['rate', '20,000 no-ops at once', '/s'],
      ['hostCpu', '20,000 no-ops at once: host CPU a task', 'µs'],
    ],
    full: { calls: 20_000, warm: 20_000 },
    quick: { calls: 1000, warm: 500 },
    run: burst,
  },
  {
    name: 'pending-100k',
    title: 'Host memory for each of 100,000 pending tasks',
    metrics: [['bytes', 'a pending task, of 100,000', 'B']],
    rounds: 1,
    pools: processes.toSpliced(1, 0, 'piscina').filter((name) => name !== 'floor'),
    full: { calls: 100_000 },
    quick: { calls: 1000 },
    run: pending,
  },
  {
    name: 'two-workers',
    title: 'Two workers over one, pure CPU',
    metrics: [['ratio', 'two workers over one, pure CPU', '×', 'higher']],
    full: { steps: 10_000_000, repeats: 3 },
    quick: { steps: 1_000_000, repeats: 1 },
    run: twoWorkers,
  },
  echoOf('buffer-1k', 'Buffer of 1 KiB', () => randomBytes(1024), { echoes: 1000 }),
  echoOf('buffer-100k', 'Buffer of 100 KiB', () => randomBytes(100 * 1024), { echoes: 60 }),
  echoOf('buffer-10m', 'Buffer of 10 MiB', () => randomBytes(10 * MIB), { echoes: 5, peaks: true }),
  echoOf('buffer-100m', 'Buffer of 100 MiB', () => randomBytes(100 * MIB), {
    ...{ echoes: 3, peaks: true, pointless: tooSlowBefore },
  }),
  echoOf('object-1e5', 'object of 1e5 nodes', () => ({ records: records(1e4) }), { echoes: 7 }),
  echoOf('float64-1e6', 'Float64Array of 1e6', () => Float64Array.from(times(1e6, Math.sin)), { echoes: 5 }),
  ...[
    ['death-seen', "a worker's death seen by the caller", { workers: 2, settle: 0 }],
    [
      'next-after-kill',
      'next result after the only worker was killed',
      { workers: 1, settle: 400, toNext: true },
    ],
  ].map(([name, title, options]) => ({
    name,
    title,
    metrics: [['ms', title, 'ms']],
    // A thread cannot be killed without its process.
    pools: options.toNext ? processes.toSpliced(1, 0, 'loky-spare') : processes,
    full: { ...options, trials: 3 },
    quick: { ...options, trials: 1 },
    run: kill,
  })),
].map((scenario) => ({
  ...{ group: 'warm', timeout: 60_000, pools: processes.toSpliced(1, 0, 'piscina') },
  ...scenario,
}));
