/**
 * Cold code: what a program meets that has just started. Every figure is of a fresh process that does nothing before;
 * a command line, a test run and the first requests after a deploy see these and never the warm ones.
 */
import { existsSync } from 'node:fs';
import { allOf, delay, mean, memoryOf, privateMemoryOf, stopwatch, workerProcesses } from '../probes.js';

const peers = ['piscina', 'worker-farm', 'jest-worker', 'tinypool', 'workerpool'];
const all = ['loky', ...peers, 'floor'];

/** Sequential calls, one after the other, by the number of the last of each part. */
const PARTS = [10, 100, 1000, 2000];

/** Three figures for each step: time, CPU of the host, CPU of all processes that it has started. */
const steps = (entries) =>
  entries.flatMap(([key, title, unit]) => [
    [`${key}.wall`, title, unit],
    [`${key}.host`, `${title}: host CPU`, unit],
    [`${key}.workers`, `${title}: CPU of its workers`, unit],
  ]);

const figuresOf = (key, lap, scale = 1) =>
  Object.fromEntries(Object.entries(lap).map(([of, figure]) => [`${key}.${of}`, figure * scale]));

/** In milliseconds. */
async function toFirstResult(pool) {
  const begin = stopwatch();
  const lap = stopwatch();
  const library = await pool.load();
  const imported = figuresOf('import', lap(), 1 / 1000);
  const opened = await pool.open(library, { workers: 1 });
  await opened.run('noop');
  return { opened, imported, first: figuresOf('first', begin(), 1 / 1000) };
}

async function sequentialCalls(pool, { parts }) {
  const { opened, imported, first } = await toFirstResult(pool);
  const metrics = { ...imported, ...first };
  let done = 1;
  const lap = stopwatch();
  for (const to of parts) {
    const count = to - done;
    for (; done < to; done += 1) await opened.run('noop');
    Object.assign(metrics, figuresOf(`to${to}`, lap(count)));
  }
  return metrics;
}

/** A bundle of certificates, which many containers have set, and every start of Node 20 reads. */
const certificates = [process.env['NODE_EXTRA_CA_CERTS'], '/etc/ssl/certs/ca-certificates.crt'].find(
  (file) => file && existsSync(file),
);

async function burst(pool, { first, before, later }) {
  const opened = await pool.open(await pool.load(), { workers: 2 });
  await opened.run('noop');
  const atOnce = (count) => allOf(count, () => opened.run('noop'));
  const lap = stopwatch();
  await atOnce(first);
  const metrics = figuresOf('cold', lap(first));
  await atOnce(before);
  lap();
  await atOnce(later);
  return { ...metrics, ...figuresOf('later', lap(later)) };
}

async function memory(pool, { rest }) {
  const before = memoryOf(process.pid).rss;
  await toFirstResult(pool);
  await delay(rest);
  const host = memoryOf(process.pid).rss - before;
  const workers = workerProcesses().map(privateMemoryOf);
  return { host, ...(workers.length > 0 && { worker: mean(workers) }) };
}

/** The event loop turns without end: how long a turn takes at most. */
async function firstCall(pool, { quiet }) {
  const opened = await pool.open(await pool.load(), { workers: 1 });
  await delay(quiet);
  let [last, longest, isOver] = [performance.now(), 0, false];
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
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
  return { call, blocked: longest };
}

export const cold = [
  {
    name: 'cold-calls',
    title: 'Import, first result, and the first two thousand calls, one at a time',
    metrics: steps([
      ['import', 'import', 'ms'],
      ['first', 'first result, from the import on', 'ms'],
      ...PARTS.map((to, index) => [`to${to}`, `calls ${(PARTS[index - 1] ?? 1) + 1} to ${to}, each`, 'µs']),
    ]),
    full: { parts: PARTS },
    quick: { parts: PARTS.slice(0, 2) },
    run: sequentialCalls,
  },
  {
    name: 'cold-certificates',
    title: 'First result with NODE_EXTRA_CA_CERTS set, as many containers have it',
    metrics: steps([['first', 'first result with NODE_EXTRA_CA_CERTS', 'ms']]),
    env: { NODE_EXTRA_CA_CERTS: certificates ?? '' },
    run: async (pool) =>
      certificates ? (await toFirstResult(pool)).first : { status: 'no certificates here' },
  },
  {
    name: 'cold-burst',
    title: 'A thousand at once after the first result; 20,000 at once after 3,000',
    metrics: steps([
      ['cold', '1,000 at once, cold, a task', 'µs'],
      ['later', '20,000 at once after 3,000, a task', 'µs'],
    ]),
    full: { first: 1000, before: 2000, later: 20_000 },
    quick: { first: 100, before: 100, later: 1000 },
    run: burst,
  },
  {
    name: 'cold-memory',
    title: 'Memory after the first call',
    metrics: [
      ['worker', "a worker's private memory", 'MB'],
      ['host', "growth of the host's resident memory, from the import to the first result", 'MB'],
    ],
    full: { rest: 500 },
    quick: { rest: 300 },
    run: memory,
  },
  {
    name: 'first-submit',
    title: 'The first call of a server that is up: how long its event loop is blocked',
    metrics: [
      ['call', 'first call: the call itself', 'ms'],
      ['blocked', 'first call: longest turn of the event loop until its result', 'ms'],
    ],
    pools: ['loky', 'loky-esm', 'loky-closure', ...peers, 'floor'],
    full: { quiet: 200 },
    quick: { quiet: 50 },
    run: firstCall,
  },
].map((scenario) => ({ group: 'cold', timeout: 30_000, pools: all, ...scenario }));
