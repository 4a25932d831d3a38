/** Warm code: what the way to a worker and back, data, and the death of a worker cost a program that runs for days. */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { census, openWarm } from '../pools.js';
import * as probes from '../probes.js';

const { allOf, delay, ENOUGH, mean, median, memoryOf, oneByOne, sized, timeOf, times, timesOf } = probes;

const peers = ['worker-farm', 'jest-worker', 'tinypool', 'workerpool', 'workerpool-advanced', 'poolifier'];
const fast = ['loky', 'piscina', 'jest-worker', 'workerpool-advanced', 'floor'];
/** A thread cannot be killed without its process. */
const processes = ['loky', ...peers, 'floor'];

/** So many no-ops, one by one or at once, after as many others. Every one of them must have run in a worker. */
async function noops(pool, way, count) {
  const opened = await openWarm(pool);
  const noop = () => opened.run('noop');
  const callsOfAll = async () => probes.sum((await census(opened, 2)).map(({ calls }) => calls));
  await oneByOne(200, noop);
  await allOf(1000, noop);
  await way(count, noop);
  const before = await callsOfAll();
  const lap = probes.stopwatch();
  await way(count, noop);
  const { 'noop.wall': wall, 'noop.host': hostCpu } = lap('noop', count);
  const status = (await callsOfAll()) - before === count ? 'ok' : 'wrong';
  return { status, mean: wall, rate: 1e6 / wall, hostCpu };
}

/** Pure CPU: what a second worker is worth. */
export async function twoWorkers(pool) {
  const [one, two] = [await openWarm(pool, { workers: 1 }), await openWarm(pool)];
  const spins = (opened) => timeOf(() => allOf(20, () => opened.run('spin', sized(10_000_000))));
  await Promise.all([spins(one), spins(two)]);
  const ratios = [];
  await oneByOne(sized(3), async () => ratios.push((await spins(one)) / (await spins(two))));
  return { ratio: mean(ratios) };
}

/** `lossy`: the content is there, the type is another, such as a Buffer that became its JSON form. */
export function verdict(sent, received) {
  if (!ArrayBuffer.isView(sent)) return JSON.stringify(sent) === JSON.stringify(received) ? 'ok' : 'wrong';
  const isJsonForm = received?.type === 'Buffer' && Array.isArray(received.data);
  const plain = isJsonForm ? received.data : Object(received);
  const values = ArrayBuffer.isView(plain) ? plain : Object.values(plain);
  if (values.length !== sent.length || sent.some((value, index) => value !== values[index])) return 'wrong';
  return received.constructor === sent.constructor ? 'ok' : 'lossy';
}

/** The first echo shows the peak of the memory: later ones meet garbage of earlier ones. */
async function echo(pool, make, echoes, workers) {
  const opened = await openWarm(pool, { workers });
  const timesOfEchoes = (count, value) => timesOf(count, () => opened.run('echo', value));
  // What the first data of any size costs is not the payload's.
  await timesOfEchoes(20, Buffer.alloc(64 * 1024, 1));
  const payload = make();
  const [{ pid }] = await census(opened, 1);
  const observed = [...new Set([process.pid, pid])]; // a thread has no memory beside its host's
  observed.forEach(probes.resetPeak);
  const before = observed.map((each) => memoryOf(each, 'status', 'VmRSS'));
  const start = performance.now();
  const received = await opened.run('echo', payload);
  const first = performance.now() - start;
  const peakOf = (each, index) => (memoryOf(each, 'status', 'VmHWM') - before[index]) / payload.byteLength;
  const [hostPeak, workerPeak] = observed.map(peakOf);
  const figures = { status: verdict(payload, received), hostPeak, workerPeak };
  if (first > ENOUGH) return { ...figures, ms: first };
  await timesOfEchoes(sized(10_000), payload);
  return { ...figures, ms: median(await timesOfEchoes(sized(echoes), payload)) };
}

const echoOf = (title, make, echoes, goals) => ({
  rows: { ms: [`${title}, both ways, ms`, goals] },
  run: (pool) => echo(pool, make, echoes, 2),
});

/** With the peaks of memory. */
const largeEchoOf = (mebibytes, echoes) => ({
  rows: {
    ms: [`Buffer of ${mebibytes} MiB, both ways, ms`, { floor: 1.15 }],
    hostPeak: [`Buffer of ${mebibytes} MiB: host's peak ÷ payload, ×`, { loky: 2.2 }],
    workerPeak: [`Buffer of ${mebibytes} MiB: worker's peak ÷ payload, ×`, { loky: 2.2 }],
  },
  run: (pool) => echo(pool, () => randomBytes(mebibytes * 1024 * 1024), echoes, 1),
});

/** Ten nodes, as an API or a database gives them. */
const record = (id) => ({
  ...{ id, name: `record ${id}`, active: id % 3 === 0, score: id / 7 },
  ...{ tags: ['red', 'green', id], note: null },
});

/**
 * The SIGKILL of a worker in the middle of a task, while all workers are busy: the milliseconds from the kill to the rejection, and if
 * it was the only worker to the next result; or what came instead.
 */
async function killUnder(opened, workers) {
  const inTime = (fault) => Promise.race([fault, delay(3000, 'hangs')]);
  const faultOf = async (task) => ((await opened.run(task, 7)) === 7 ? undefined : 'wrong');
  const [{ pid }] = await census(opened, workers);
  const ends = times(workers, () => faultOf('block').catch(() => undefined));
  await delay(100);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const fault = (await inTime(Promise.race(ends))) ?? (workers === 1 && (await inTime(faultOf('echo'))));
  return fault || performance.now() - killedAt;
}

const killOf = (title, goals, workers, pools) => ({
  rows: { ms: [`${title}, ms`, goals] },
  pools,
  async run(pool) {
    const taken = [];
    while (taken.length < sized(3)) {
      const opened = await openWarm(pool, { workers, faults: true });
      await delay(400);
      const time = await killUnder(opened, workers);
      if (typeof time === 'string') return { status: time };
      taken.push(time);
      await Promise.race([Promise.resolve(opened.close()).catch(() => {}), delay(1000)]);
    }
    return { ms: median(taken) };
  },
});

const afterKill = 'next result after the only worker was killed';

/** The heap of a host whose tasks cannot be answered yet: all are submitted in one turn of the event loop. */
async function pendingTasks(pool) {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const opened = await openWarm(pool);
  await allOf(500, () => opened.run('noop'));
  const kept = new Array(sized(100_000));
  gc();
  const before = used();
  for (let index = 0; index < kept.length; index += 1) kept[index] = opened.run('noop');
  gc();
  return { bytes: (used() - before) / kept.length };
}

export const warm = {
  title: 'Warm',
  timeout: 60_000,
  pools: ['loky', 'piscina', ...peers, 'floor'],
  scenarios: {
    'round-trip': {
      rows: { mean: ['no-op round trip, µs', { piscina: 1 }], hostCpu: 'no-op round trip: host CPU, µs' },
      run: (pool) => noops(pool, oneByOne, sized(10_000)),
    },
    'burst-20k': {
      rows: {
        rate: ['20,000 no-ops at once, /s', { workerpool: 12, 'worker-farm': 5, piscina: 6 }],
        hostCpu: '20,000 no-ops at once: host CPU a task, µs',
      },
      run: (pool) => noops(pool, allOf, sized(20_000)),
    },
    'pending-100k': {
      rows: { bytes: ['a pending task, of 100,000, B', { loky: 400 }] },
      pools: ['loky', 'piscina', ...peers],
      run: pendingTasks,
    },
    'two-workers': {
      rows: { ratio: ['two workers over one, pure CPU, ×', { loky: 1.9 }, 'higher'] },
      run: twoWorkers,
    },
    'buffer-1k': echoOf('Buffer of 1 KiB', () => randomBytes(1024), 1000, { best: 1, floor: 1.3 }),
    'buffer-100k': echoOf('Buffer of 100 KiB', () => randomBytes(100 * 1024), 60, { best: 1, floor: 1.3 }),
    'buffer-10m': largeEchoOf(10, 5),
    'buffer-100m': { ...largeEchoOf(100, 3), pools: fast }, // the others need seconds for a tenth of it
    'object-1e5': echoOf('object of 1e5 nodes', () => ({ records: times(1e4, record) }), 7, { best: 1 }),
    'float64-1e6': echoOf('Float64Array of 1e6', () => Float64Array.from(times(1e6, Math.sin)), 5),
    'death-seen': killOf("a worker's death seen by the caller", { loky: 4 }, 2, processes),
    'next-after-kill': killOf(afterKill, { 'loky-spare': 15 }, 1, ['loky-spare', ...processes]),
  },
};
