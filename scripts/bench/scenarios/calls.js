/** Warm code, calls without work: what the way to a worker and back costs a program that runs for days. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mean, sum } from '../probes.js';

const WORKERS = 2;
/** V8 optimizes the code on the way, at both ends, within some thousands of calls. */
const WARM_TRIPS = 10_000;
const WARM_BURST = 20_000;

/** Meets every worker through its own tasks: what it is, and how many no-ops it has run. */
export async function census(opened, workers) {
  const met = new Map();
  for (let attempt = 0; attempt < 5 && met.size < workers; attempt++) {
    const answers = await Promise.all(Array.from({ length: workers }, () => opened.run('census')));
    for (const answer of answers) met.set(answer.id, answer);
  }
  return [...met.values()];
}

const callsIn = async (opened) => sum((await census(opened, WORKERS)).map(({ calls }) => calls));
const atOnce = (opened, count) => Promise.all(Array.from({ length: count }, () => opened.run('noop')));

async function oneByOne(opened, count) {
  for (let call = 0; call < count; call++) await opened.run('noop');
}

/** Runs `work` of `count` no-ops. Every one of them must have run in a worker. */
async function measured(opened, count, work) {
  const before = await callsIn(opened);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const status = (await callsIn(opened)) - before === count ? 'ok' : 'wrong';
  return { status, ms, hostCpu: (user + system) / count };
}

export async function openWarm(pool, options) {
  const opened = await pool.open(await pool.load(), options);
  await census(opened, options.workers);
  return opened;
}

const hostCpu = { title: 'host CPU a task', unit: 'µs' };

const roundTrip = {
  name: 'round-trip',
  group: 'warm',
  title: 'No-op round trip, one at a time',
  metrics: {
    mean: { title: 'no-op round trip', unit: 'µs' },
    hostCpu: { ...hostCpu, title: 'no-op round trip: host CPU' },
  },
  sizes: { full: { calls: 10_000, warm: WARM_TRIPS }, quick: { calls: 500, warm: 500 } },
  timeout: 20_000,
  async run(pool, { calls, warm }) {
    const opened = await openWarm(pool, { workers: WORKERS });
    await oneByOne(opened, warm);
    await atOnce(opened, 1000);
    const { status, ms, hostCpu } = await measured(opened, calls, () => oneByOne(opened, calls));
    return { status, metrics: { mean: (ms * 1000) / calls, hostCpu } };
  },
};

function burst(calls, label) {
  const title = `${label} no-ops at once`;
  return {
    name: `burst-${calls / 1000}k`,
    group: 'warm',
    title,
    metrics: {
      rate: { title, unit: '/s', better: 'higher' },
      hostCpu: { ...hostCpu, title: `${title}: host CPU a task` },
    },
    sizes: { full: { calls, warm: WARM_BURST }, quick: { calls: 1000, warm: 500 } },
    timeout: 60_000,
    async run(pool, { calls, warm }) {
      const opened = await openWarm(pool, { workers: WORKERS });
      await oneByOne(opened, 200);
      await atOnce(opened, Math.min(calls, warm));
      const { status, ms, hostCpu } = await measured(opened, calls, () => atOnce(opened, calls));
      return { status, metrics: { rate: calls / (ms / 1000), hostCpu } };
    },
  };
}

/** All are submitted in one turn of the event loop, so that nothing can be answered yet. */
function pending(calls, label) {
  return {
    name: `pending-${calls / 1000}k`,
    group: 'warm',
    title: `Host memory for each of ${label} pending tasks`,
    metrics: { bytes: { title: `a pending task, of ${label}`, unit: 'B' } },
    sizes: { full: { calls }, quick: { calls: 1000 } },
    timeout: 30_000,
    rounds: 1,
    kinds: ['ours', 'process', 'threads'],
    async run(pool, { calls }) {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc');
      const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;
      const opened = await openWarm(pool, { workers: WORKERS });
      await atOnce(opened, 500);
      const kept = new Array(calls);
      gc();
      const before = used();
      for (let index = 0; index < calls; index++) kept[index] = opened.run('noop');
      gc();
      return { metrics: { bytes: (used() - before) / kept.length } };
    },
  };
}

const SPINS = 20;

/** Pure CPU: what a second worker is worth. */
const twoWorkers = {
  name: 'two-workers',
  group: 'warm',
  title: 'Two workers over one, pure CPU',
  metrics: { ratio: { title: 'two workers over one, pure CPU', unit: '×', better: 'higher' } },
  sizes: { full: { steps: 10_000_000, repeats: 3 }, quick: { steps: 1_000_000, repeats: 1 } },
  timeout: 60_000,
  async run(pool, { steps, repeats }) {
    const [one, two] = [await openWarm(pool, { workers: 1 }), await openWarm(pool, { workers: 2 })];
    const timeOf = async (opened) => {
      const start = performance.now();
      await Promise.all(Array.from({ length: SPINS }, () => opened.run('spin', steps)));
      return performance.now() - start;
    };
    await Promise.all([timeOf(one), timeOf(two)]);
    const ratios = [];
    for (let repeat = 0; repeat < repeats; repeat++) ratios.push((await timeOf(one)) / (await timeOf(two)));
    return { metrics: { ratio: mean(ratios) } };
  },
};

export const calls = [
  roundTrip,
  burst(1000, '1,000'),
  burst(20_000, '20,000'),
  burst(100_000, '100,000'),
  pending(1000, '1,000'),
  pending(100_000, '100,000'),
  twoWorkers,
];
