/**
 * Tasks over one large value: shared, beside sending it once to each worker, which nothing can do without, and sending it
 * with each task.
 */
import { fileURLToPath } from 'node:url';
import { median } from '../probes.js';
import { openWarm } from './calls.js';

const WORKERS = 2;
/** Of those that send it with each task, some are enough to know what one costs. */
const SENT = 4;

const isThere = (value) => value !== undefined;
const isThereShared = (shared) => shared.value !== undefined;

async function timeOf(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** In new workers: what they were sent before is not to help. */
async function inNewWorkers(pool, work) {
  const { executor } = await openWarm(pool, { workers: WORKERS });
  try {
    return await timeOf(() => work(executor));
  } finally {
    await executor.shutdown();
  }
}

const script = fileURLToPath(new URL('../workers/piscina-data.cjs', import.meta.url));

/** With the start of its threads, at which each gets its copy. `undefined` for what no thread takes. */
async function piscinaTime(tasks, value) {
  if (typeof value === 'function') return undefined;
  const { Piscina } = await import('piscina');
  return timeOf(async () => {
    const options = { minThreads: WORKERS, maxThreads: WORKERS, workerData: value };
    const pool = new Piscina({ filename: script, ...options });
    await Promise.all(Array.from({ length: tasks }, () => pool.run()));
    await pool.destroy();
  });
}

const submitAll = (executor, count, fn, value) =>
  Promise.all(Array.from({ length: count }, () => executor.submit(fn, value)));

function row(name, title, make) {
  const what = (rest) => ({ title: `${title}: ${rest}`, unit: 'ms' });
  return {
    name: `shared-${name}`,
    group: 'own',
    title: `200 tasks over ${title}, shared and not`,
    metrics: {
      shared: what('200 tasks over it, shared'),
      once: what('sent once to each worker'),
      ratio: { title: `${title}: shared to sent once to each worker`, unit: '×' },
      each: what('200 tasks over it, sent with each'),
      piscina: what("200 tasks over it in piscina's workerData, with the start of its threads"),
    },
    sizes: { full: { share: 1, tasks: 200, repeats: 5 }, quick: { share: 0.1, tasks: 200, repeats: 1 } },
    timeout: 180_000,
    rounds: 1,
    kinds: ['ours'],
    async run(pool, { share, tasks, repeats }) {
      const value = make(share);
      const times = { shared: [], once: [] };
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const once = () => inNewWorkers(pool, (executor) => submitAll(executor, WORKERS, isThere, value));
        const sharing = () =>
          inNewWorkers(pool, async (executor) => {
            const handle = executor.share(value);
            await submitAll(executor, tasks, isThereShared, handle);
            handle[Symbol.dispose]();
          });
        times.once.push(await once());
        times.shared.push(await sharing());
      }
      const ratio = median(times.shared.map((time, repeat) => time / times.once[repeat]));
      const sent = await inNewWorkers(pool, async (executor) => {
        for (let task = 0; task < SENT; task += 1) await executor.submit(isThere, value);
      });
      const inPiscina = await piscinaTime(tasks, value);
      return {
        metrics: {
          shared: median(times.shared),
          once: median(times.once),
          ratio,
          each: (sent / SENT) * tasks,
          ...(inPiscina !== undefined && { piscina: inPiscina }),
        },
      };
    },
  };
}

const keys = (count) => Array.from({ length: count }, (_, index) => [`key ${index}`, index]);

/** A function that captures its table. */
function lookUp(count) {
  const table = new Map(keys(count));
  return (key) => table.get(key);
}

export const shared = [
  row('buffer', 'a Buffer of 100 MB', (share) => Buffer.alloc(100e6 * share, 1)),
  row('map', 'a Map of 1,000,000 entries', (share) => new Map(keys(1e6 * share))),
  row('table', 'a function that captures 100,000 entries', (share) => lookUp(1e5 * share)),
];
