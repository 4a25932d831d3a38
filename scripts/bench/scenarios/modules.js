/** The exports of a module as methods: `executor.module` beside workerpool's proxy, jest-worker's methods and piscina's `run` by name. */
import { fileURLToPath } from 'node:url';
import { openWarm } from './calls.js';

const WORKERS = 2;
const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const script = pathOf('../tasks.cjs');

/** Each gives `{ echo, close }`. */
const openers = {
  async loky(pool) {
    const { executor, close } = await openWarm(pool, { workers: WORKERS });
    const { echo } = executor.module(() => import('../tasks.cjs'));
    return { echo, close };
  },
  async workerpool() {
    const { default: workerpool } = await import('workerpool');
    const options = { workerType: 'process', minWorkers: WORKERS, maxWorkers: WORKERS };
    const pool = workerpool.pool(pathOf('../workers/workerpool.cjs'), options);
    const { echo } = await pool.proxy();
    return { echo, close: () => pool.terminate(true) };
  },
  async jestWorker() {
    const { Worker } = await import('jest-worker');
    const worker = new Worker(script, { numWorkers: WORKERS });
    return { echo: (value) => worker.echo(value), close: () => worker.end() };
  },
  async piscina() {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename: script, minThreads: WORKERS, maxThreads: WORKERS });
    return { echo: (value) => pool.run(value, { name: 'echo' }), close: () => pool.destroy() };
  },
};

const labels = {
  loky: 'executor.module',
  workerpool: "workerpool's proxy",
  jestWorker: "jest-worker's methods",
  piscina: "piscina's run by name (threads)",
};

async function oneByOne(echo, count) {
  const start = performance.now();
  for (let call = 0; call < count; call += 1)
    if ((await echo(call)) !== call) throw new Error('another value came back');
  return ((performance.now() - start) * 1000) / count;
}

async function atOnce(echo, count) {
  const start = performance.now();
  await Promise.all(Array.from({ length: count }, (_, call) => echo(call)));
  return count / ((performance.now() - start) / 1000);
}

const metricsOf = ([key, label]) => [
  [`${key}Trip`, { title: `a method, one at a time: ${label}`, unit: 'µs' }],
  [`${key}Rate`, { title: `a method, 10,000 at once: ${label}`, unit: '/s', better: 'higher' }],
];

export const modules = [
  {
    name: 'modules',
    group: 'own',
    title: 'The exports of a module as methods',
    metrics: Object.fromEntries(Object.entries(labels).flatMap(metricsOf)),
    sizes: {
      full: { warm: 10_000, calls: 5000, burst: 10_000 },
      quick: { warm: 100, calls: 100, burst: 1000 },
    },
    timeout: 120_000,
    kinds: ['ours'],
    async run(pool, { warm, calls, burst }) {
      const metrics = {};
      for (const [key, open] of Object.entries(openers)) {
        const { echo, close } = await open(pool);
        await oneByOne(echo, warm);
        metrics[`${key}Trip`] = await oneByOne(echo, calls);
        await atOnce(echo, burst);
        metrics[`${key}Rate`] = await atOnce(echo, burst);
        await close();
      }
      return { metrics };
    },
  },
];
