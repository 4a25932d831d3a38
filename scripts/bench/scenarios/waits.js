/** Tasks that only wait, several at once in each worker: `tasksPerWorker` beside worker-farm's `maxConcurrentCallsPerWorker`. */
import { fileURLToPath } from 'node:url';

const WORKERS = 2;
const TIME = 200;
const script = fileURLToPath(new URL('../workers/waits.cjs', import.meta.url));

async function wait(time) {
  await new Promise((resolve) => setTimeout(resolve, time));
}

async function timeOf(run, count) {
  await Promise.all(Array.from({ length: WORKERS }, () => run(1)));
  const start = performance.now();
  await Promise.all(Array.from({ length: count }, () => run(TIME)));
  return performance.now() - start;
}

async function lokyTime(pool, tasksPerWorker, count) {
  const { executor, close } = await pool.open(await pool.load(), { workers: WORKERS, tasksPerWorker });
  try {
    return await timeOf((time) => executor.submit(wait, time), count);
  } finally {
    await close();
  }
}

async function workerFarmTime(maxConcurrentCallsPerWorker, count) {
  const { default: workerFarm } = await import('worker-farm');
  const farm = workerFarm({ maxConcurrentWorkers: WORKERS, maxConcurrentCallsPerWorker }, script);
  const run = (time) =>
    new Promise((resolve, reject) => {
      farm(time, (error) => (error ? reject(error) : resolve()));
    });
  try {
    return await timeOf(run, count);
  } finally {
    workerFarm.end(farm);
  }
}

const time = (what) => ({ title: `waits of ${TIME} ms on ${WORKERS} workers: ${what}`, unit: 'ms' });

export const waits = [
  {
    name: 'waits',
    group: 'own',
    title: `Waits of ${TIME} ms, several at once in each worker`,
    metrics: {
      one: time('one at a time'),
      ten: time('ten at once'),
      fifty: time('fifty at once'),
      farmTen: time('worker-farm, ten at once'),
      farmFifty: time('worker-farm, fifty at once'),
    },
    sizes: { full: { count: 200 }, quick: { count: 40 } },
    timeout: 120_000,
    rounds: 1,
    kinds: ['ours'],
    async run(pool, { count }) {
      return {
        metrics: {
          one: await lokyTime(pool, 1, count),
          ten: await lokyTime(pool, 10, count),
          fifty: await lokyTime(pool, 50, count),
          farmTen: await workerFarmTime(10, count),
          farmFifty: await workerFarmTime(50, count),
        },
      };
    },
  },
];
