/**
 * Cold code: what a program meets that has just started. Every figure is of a fresh process that does nothing before;
 * a command line, a test run and the first requests after a deploy see these and never the warm ones.
 */
import { existsSync } from 'node:fs';
import { allOf, delay, descendants, memoryOf, oneByOne, sized, stopwatch } from '../probes.js';

const peers = ['piscina', 'worker-farm', 'jest-worker', 'tinypool', 'workerpool'];

/** Three rows for each lap: time, CPU of the host, CPU of all processes that it has started. */
export const lapRows = (key, title, unit, goals, hostGoals) => ({
  [`${key}.wall`]: [`${title}, ${unit}`, goals],
  [`${key}.host`]: [`${title}: host CPU, ${unit}`, hostGoals],
  [`${key}.workers`]: `${title}: CPU of its workers, ${unit}`,
});

/** In milliseconds. */
async function toFirstResult(pool) {
  const [whole, lap] = [stopwatch(), stopwatch()];
  const library = await pool.load();
  const imported = lap('import', 1000);
  const opened = await pool.open(library, { workers: 1 });
  await opened.run('noop');
  return { opened, imported, first: whole('first', 1000) };
}

/** What a no-op takes in each part of a program's life: `[key, calls]`, one by one or at once. */
async function lapsOf(opened, way, counts) {
  const [figures, lap] = [{}, stopwatch()];
  for (const [key, count] of counts) {
    await way(count, () => opened.run('noop'));
    Object.assign(figures, lap(key, count));
  }
  return figures;
}

/** The parts of the first two thousand calls. */
const parts = [
  [2, 10, { piscina: 1, 'worker-farm': 0.7 }],
  [11, 100, { piscina: 1.3, 'worker-farm': 1.2 }],
  [101, 1000, { piscina: 1, 'worker-farm': 1.1 }],
  [1001, 2000, { piscina: 1, 'worker-farm': 1.1 }],
];
const rowsOfPart = ([from, to, goals]) => lapRows(`to${to}`, `calls ${from} to ${to}, each`, 'µs', goals);
const blockedGoals = { loky: 10, 'loky-esm': 10, 'loky-closure': 45 };
const laterGoals = { piscina: 0.35, 'worker-farm': 0.45 };
const firstGoals = [{ piscina: 1.8, 'worker-farm': 1.05 }, { 'worker-farm': 1.3 }];

/** A bundle of certificates, which many containers have set, and every start of Node 20 reads. */
const certificates = ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/cert.pem'].find(existsSync);

export const cold = {
  title: 'Cold',
  timeout: 30_000,
  pools: ['loky', ...peers, 'floor'],
  scenarios: {
    'cold-calls': {
      rows: Object.assign(
        lapRows('import', 'import', 'ms', { piscina: 0.8, 'worker-farm': 1.8 }),
        lapRows('first', 'first result, from the import on', 'ms', ...firstGoals),
        ...parts.map(rowsOfPart),
      ),
      async run(pool) {
        const { opened, imported, first } = await toFirstResult(pool);
        const counts = parts.map(([from, to]) => [`to${to}`, to - from + 1]);
        return { ...imported, ...first, ...(await lapsOf(opened, oneByOne, counts)) };
      },
    },
    'cold-certificates': {
      rows: lapRows('first', 'first result with NODE_EXTRA_CA_CERTS', 'ms'),
      async run(pool) {
        if (!certificates) return { status: 'no certificates here' };
        process.env['NODE_EXTRA_CA_CERTS'] = certificates; // for its workers
        return (await toFirstResult(pool)).first;
      },
    },
    'cold-burst': {
      rows: {
        ...lapRows('cold', '1,000 at once, cold, a task', 'µs', {}, { piscina: 0.35, 'worker-farm': 0.7 }),
        ...lapRows('later', '20,000 at once after 3,000, a task', 'µs', {}, laterGoals),
      },
      async run(pool) {
        const opened = await pool.open(await pool.load(), { workers: 2 });
        await opened.run('noop');
        const counts = Object.entries({ cold: sized(1000), between: sized(2000), later: sized(20_000) });
        return lapsOf(opened, allOf, counts);
      },
    },
    'cold-memory': {
      rows: {
        worker: ["a worker's private memory, MB", { 'over worker-farm': 0.3e6 }],
        host: [
          "growth of the host's resident memory, from the import to the first result, MB",
          { loky: 8e6 },
        ],
      },
      async run(pool) {
        const before = memoryOf(process.pid, 'status', 'VmRSS');
        await toFirstResult(pool);
        await delay(500);
        const host = memoryOf(process.pid, 'status', 'VmRSS') - before;
        const others = descendants().map((pid) => memoryOf(pid, 'smaps_rollup', 'Private_\\w+') ?? 0);
        return { host, worker: Math.max(...others) }; // what else a pool has started, such as a shell, is smaller
      },
    },
    'first-submit': {
      rows: {
        call: 'first call: the call itself, ms',
        blocked: ['first call: longest turn of the event loop until its result, ms', blockedGoals],
      },
      pools: ['loky', 'loky-esm', 'loky-closure', ...peers, 'floor'],
      async run(pool) {
        const opened = await pool.open(await pool.load(), { workers: 1 });
        await delay(200);
        // The event loop turns without end: how long a turn takes at most.
        let [last, blocked, isOver] = [performance.now(), 0, false];
        const look = () => {
          const now = performance.now();
          blocked = Math.max(blocked, now - last);
          last = now;
          if (!isOver) setImmediate(look);
        };
        setImmediate(look);
        const start = performance.now();
        const result = opened.run('noop');
        const call = performance.now() - start;
        await result;
        isOver = true;
        look();
        return { call, blocked };
      },
    },
  },
};
