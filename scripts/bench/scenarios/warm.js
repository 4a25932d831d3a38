/** Warm code: what the way to a worker and back, data, and the death of a worker cost a program that runs for days. */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { census, openWarm } from '../pools.js';
import * as probes from '../probes.js';

const { allOf, delay, mean, median, memoryOf, oneByOne, ownCpu, sized, timeOf, times } = probes;

const peers = ['worker-farm', 'jest-worker', 'tinypool', 'workerpool', 'workerpool-advanced', 'poolifier'];
/** A thread cannot be killed without its process. */
const processes = ['loky', ...peers, 'floor'];

// Calls without work

/** So many no-ops, one by one or at once, after as many others. Every one of them must have run in a worker. */
async function noops(pool, way, count) {
  const opened = await openWarm(pool);
  const noop = () => opened.run('noop');
  const callsOfAll = async () => probes.sum((await census(opened, 2)).map(({ calls }) => calls));
  await oneByOne(200, noop);
  await allOf(1000, noop);
  await way(count, noop);
  const before = await callsOfAll();
  const cpu = ownCpu();
  const ms = await timeOf(() => way(count, noop));
  const hostCpu = (ownCpu() - cpu) / count;
  const status = (await callsOfAll()) - before === count ? 'ok' : 'wrong';
  return { status, mean: (ms * 1000) / count, rate: (count * 1000) / ms, hostCpu };
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

// Data, both ways

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
async function echo(pool, make, echoes, hasPeaks) {
  const opened = await openWarm(pool, { workers: hasPeaks ? 1 : 2 });
  // What the first data of any size costs is not the payload's.
  await timeEchoes(opened, Buffer.alloc(64 * 1024, 1), 20);
  const payload = make();
  const [worker] = await census(opened, 1);
  const observed = [process.pid, worker.pid];
  observed.forEach(probes.resetPeak);
  const before = observed.map((pid) => memoryOf(pid, 'status', 'VmRSS'));
  let received;
  const first = await timeOf(async () => {
    received = await opened.run('echo', payload);
  });
  const grown = observed.map((pid, index) => memoryOf(pid, 'status', 'VmHWM') - before[index]);
  const isThread = worker.pid === process.pid;
  const [hostPeak, workerPeak] = grown.map((bytes) => bytes / payload.byteLength);
  const memory = hasPeaks && { hostPeak, ...(!isThread && { workerPeak }) };
  const status = verdict(payload, received);
  if (first > ENOUGH) return { status, ms: first, ...memory };
  await timeEchoes(opened, payload, sized(10_000));
  return { status, ms: median(await timeEchoes(opened, payload, sized(echoes))), ...memory };
}

const echoOf = (title, make, echoes, goals) => ({
  rows: { ms: [`${title}, both ways, ms`, goals] },
  run: (pool) => echo(pool, make, echoes, false),
});

/** With the peaks of memory. Not for whoever needed seconds for a tenth of it. */
const largeEchoOf = (mebibytes, echoes) => ({
  rows: {
    ms: [`Buffer of ${mebibytes} MiB, both ways, ms`, { floor: 1.15 }],
    hostPeak: [`Buffer of ${mebibytes} MiB: host's peak ÷ payload, ×`, { loky: 2.2 }],
    workerPeak: [`Buffer of ${mebibytes} MiB: worker's peak ÷ payload, ×`, { loky: 2.2 }],
  },
  pointless(resultOf) {
    const ms = resultOf(`buffer-${mebibytes / 10}m`)?.metrics.ms?.[0];
    return ms > ENOUGH ? `a tenth took ${Math.round(ms)} ms` : undefined;
  },
  run: (pool) => echo(pool, () => randomBytes(mebibytes * 1024 * 1024), echoes, true),
});

/** Ten nodes, as an API or a database gives them. */
const record = (id) => ({
  ...{ id, name: `record ${id}`, active: id % 3 === 0, score: id / 7 },
  ...{ tags: ['red', 'green', id], note: null },
});

// The SIGKILL of a worker in the middle of a task: when the caller hears of it, and when a pool works again

/** The milliseconds from the kill to the rejection, or to the next result; or what came instead. All workers are busy. */
async function killUnder(opened, workers, toNext) {
  const inTime = (fault) => Promise.race([fault, delay(3000, 'hangs')]);
  const faultOf = async (task) => ((await opened.run(task, 7)) === 7 ? undefined : 'wrong');
  const [{ pid }] = await census(opened, workers);
  const ends = times(workers, () => faultOf('block').catch(() => undefined));
  await delay(100);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  const fault = (await inTime(Promise.race(ends))) ?? (toNext && (await inTime(faultOf('echo'))));
  return fault || performance.now() - killedAt;
}

const killOf = (title, goals, pools, workers, toNext) => ({
  rows: { ms: [`${title}, ms`, goals] },
  pools,
  async run(pool) {
    const taken = [];
    while (taken.length < sized(3)) {
      const opened = await openWarm(pool, { workers, faults: true });
      await delay(400);
      const time = await killUnder(opened, workers, toNext);
      if (typeof time === 'string') return { status: time };
      taken.push(time);
      await Promise.race([Promise.resolve(opened.close()).catch(() => {}), delay(1000)]);
    }
    return { ms: median(taken) };
  },
});

export const warm = {
  title: 'Warm',
  text: `Two workers that have run for a while: 10,000 calls or echoes (or 1.5 s of them) before those that are measured, a
burst before the burst. This is what a busy program that runs for days sees.`,
  timeout: 60_000,
  pools: ['loky', 'piscina', ...peers, 'floor'],
  scenarios: {
    'round-trip': {
      rows: {
        mean: ['no-op round trip, µs', { piscina: 1 }],
        hostCpu: 'no-op round trip: host CPU, µs',
      },
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
      async run(pool) {
        setFlagsFromString('--expose-gc');
        const gc = runInNewContext('gc');
        const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
        const opened = await openWarm(pool);
        await allOf(500, () => opened.run('noop'));
        const kept = new Array(sized(100_000));
        gc();
        const before = used();
        // All are submitted in one turn of the event loop, so that nothing can be answered yet.
        for (let index = 0; index < kept.length; index += 1) kept[index] = opened.run('noop');
        gc();
        return { bytes: (used() - before) / kept.length };
      },
    },
    'two-workers': {
      rows: { ratio: ['two workers over one, pure CPU, ×', { loky: 1.9 }, 'higher'] },
      run: twoWorkers,
    },
    'buffer-1k': echoOf('Buffer of 1 KiB', () => randomBytes(1024), 1000, { best: 1, floor: 1.3 }),
    'buffer-100k': echoOf('Buffer of 100 KiB', () => randomBytes(100 * 1024), 60, { best: 1, floor: 1.3 }),
    'buffer-10m': largeEchoOf(10, 5),
    'buffer-100m': largeEchoOf(100, 3),
    'object-1e5': echoOf('object of 1e5 nodes', () => ({ records: times(1e4, record) }), 7, { best: 1 }),
    'float64-1e6': echoOf('Float64Array of 1e6', () => Float64Array.from(times(1e6, Math.sin)), 5),
    'death-seen': killOf("a worker's death seen by the caller", { loky: 4 }, processes, 2, false),
    'next-after-kill': killOf(
      'next result after the only worker was killed',
      { 'loky-spare': 15 },
      ['loky-spare', ...processes],
      ...[1, true],
    ),
  },
};
