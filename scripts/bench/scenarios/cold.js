/**
 * Cold code: what a program meets that has just started. Every figure is of a fresh process that does nothing before;
 * a command line, a test run and the first requests after a deploy see these and never the warm ones.
 */
import { existsSync } from 'node:fs';
import { delay, mean, memoryOf, privateMemoryOf, stopwatch, workerProcesses } from '../probes.js';

/** Sequential calls, one after the other, by the number of the last of each part. */
const PARTS = [10, 100, 1000, 2000];

/** Three figures for each step: time, CPU of the host, CPU of all processes that it has started. */
function steps(entries) {
  return Object.fromEntries(
    entries.flatMap(([key, title, unit]) => [
      [`${key}.wall`, { title, unit }],
      [`${key}.host`, { title: `${title}: host CPU`, unit }],
      [`${key}.workers`, { title: `${title}: CPU of its workers`, unit }],
    ]),
  );
}

function add(metrics, key, { wall, host, workers }, isThreads, scale = 1) {
  Object.assign(metrics, { [`${key}.wall`]: wall * scale, [`${key}.host`]: host * scale });
  // Threads are the host's: they have no CPU beside it.
  if (!isThreads) metrics[`${key}.workers`] = workers * scale;
}

const MILLI = 1 / 1000;

async function toFirstResult(pool, metrics) {
  const isThreads = pool.kind === 'threads';
  const begin = stopwatch();
  const lap = stopwatch();
  const library = await pool.load();
  if (metrics) add(metrics, 'import', lap(), true, MILLI);
  const opened = await pool.open(library, { workers: 1 });
  await opened.run('noop');
  if (metrics) add(metrics, 'first', begin(), isThreads, MILLI);
  return opened;
}

const firstSteps = [
  ['import', 'import', 'ms'],
  ['first', 'first result, from the import on', 'ms'],
];

const calls = {
  name: 'cold-calls',
  group: 'cold',
  title: 'Import, first result, and the first two thousand calls, one at a time',
  metrics: steps([
    ...firstSteps,
    ...PARTS.map((to, index) => [`to${to}`, `calls ${(PARTS[index - 1] ?? 1) + 1} to ${to}, each`, 'µs']),
  ]),
  sizes: { full: { parts: PARTS }, quick: { parts: PARTS.slice(0, 2) } },
  timeout: 20_000,
  async run(pool, { parts }) {
    const metrics = {};
    const opened = await toFirstResult(pool, metrics);
    let done = 1;
    const lap = stopwatch();
    for (const to of parts) {
      const count = to - done;
      for (; done < to; done++) await opened.run('noop');
      add(metrics, `to${to}`, lap(count), pool.kind === 'threads');
    }
    return { metrics };
  },
};

/** A bundle of certificates, which many containers have set, and every start of Node 20 reads. */
const certificates = [process.env['NODE_EXTRA_CA_CERTS'], '/etc/ssl/certs/ca-certificates.crt'].find(
  (file) => file && existsSync(file),
);

const withCertificates = {
  name: 'cold-certificates',
  group: 'cold',
  title: 'First result with NODE_EXTRA_CA_CERTS set, as many containers have it',
  metrics: steps([['first', 'first result with NODE_EXTRA_CA_CERTS', 'ms']]),
  sizes: { full: {}, quick: {} },
  timeout: 20_000,
  env: { NODE_EXTRA_CA_CERTS: certificates ?? '' },
  async run(pool) {
    if (certificates === undefined) return { status: 'no certificates here', metrics: {} };
    const metrics = {};
    await toFirstResult(pool, metrics);
    for (const key of Object.keys(metrics)) if (key.startsWith('import')) delete metrics[key];
    return { metrics };
  },
};

const burst = {
  name: 'cold-burst',
  group: 'cold',
  title: 'A thousand at once after the first result; 20,000 at once after 3,000',
  metrics: steps([
    ['cold', '1,000 at once, cold, a task', 'µs'],
    ['later', '20,000 at once after 3,000, a task', 'µs'],
  ]),
  sizes: {
    full: { first: 1000, before: 2000, later: 20_000 },
    quick: { first: 100, before: 100, later: 1000 },
  },
  timeout: 30_000,
  async run(pool, { first, before, later }) {
    const isThreads = pool.kind === 'threads';
    const opened = await pool.open(await pool.load(), { workers: 2 });
    await opened.run('noop');
    const metrics = {};
    const atOnce = (count) => Promise.all(Array.from({ length: count }, () => opened.run('noop')));
    const lap = stopwatch();
    await atOnce(first);
    add(metrics, 'cold', lap(first), isThreads);
    await atOnce(before);
    lap();
    await atOnce(later);
    add(metrics, 'later', lap(later), isThreads);
    return { metrics };
  },
};

const memory = {
  name: 'cold-memory',
  group: 'cold',
  title: 'Memory after the first call',
  metrics: {
    worker: { title: "a worker's private memory", unit: 'MB' },
    host: { title: "growth of the host's resident memory, from the import to the first result", unit: 'MB' },
  },
  sizes: { full: { rest: 500 }, quick: { rest: 300 } },
  timeout: 20_000,
  async run(pool, { rest }) {
    const before = memoryOf(process.pid).rss;
    await toFirstResult(pool);
    await delay(rest);
    const host = memoryOf(process.pid).rss - before;
    const workers = workerProcesses().map(privateMemoryOf);
    return { metrics: { host, ...(workers.length > 0 && { worker: mean(workers) }) } };
  },
};

const firstSubmit = {
  name: 'first-submit',
  group: 'cold',
  title: 'The first call of a server that is up: how long its event loop is blocked',
  metrics: {
    call: { title: 'first call: the call itself', unit: 'ms' },
    blocked: { title: 'first call: longest turn of the event loop until its result', unit: 'ms' },
  },
  sizes: { full: { quiet: 200 }, quick: { quiet: 50 } },
  timeout: 20_000,
  async run(pool, { quiet }) {
    const opened = await pool.open(await pool.load(), { workers: 1 });
    await delay(quiet);
    const loop = watchLoop();
    const start = performance.now();
    const result = opened.run('noop');
    const call = performance.now() - start;
    await result;
    return { metrics: { call, blocked: loop.longest() } };
  },
};

/** Turns the event loop without end, and notes how long a turn takes at most. */
function watchLoop() {
  let last = performance.now();
  let longest = 0;
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const turn = () => {
    look();
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  return {
    longest() {
      clearImmediate(timer);
      look();
      return longest;
    },
  };
}

export const cold = [calls, withCertificates, burst, memory, firstSubmit];
