/** What this package has beyond calls: functions by value, `map`, streams, modules, shared values, waits, its view, ends. Warm code. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { openWarm, pathOf } from '../pools.js';
import { allOf, delay, inTurns, mean, median, ownCpu, rateOf, sorted, timeOf, times } from '../probes.js';
import tasks from '../tasks.cjs';

// Functions by value, map and streams

const offset = 7;
const closure = (value) => value + offset;
function withData(index) {
  const table = times(100, (entry) => entry * index);
  return (value) => table[value] + offset;
}

async function functionsAndMap(pool, { calls, items }) {
  const { executor } = await openWarm(pool);
  const inputs = times(items, Number);
  const oneByOne = async (functionOf) => {
    const taken = [];
    for (let index = 0; index < calls; index += 1)
      taken.push(await timeOf(() => executor.submit(functionOf(index), index % 100)));
    return median(taken) * 1000;
  };
  const submits = () => allOf(items, (input) => executor.submit(tasks.echo, input));
  await submits();
  return {
    reference: await oneByOne(() => tasks.echo),
    closure: await oneByOne(() => closure),
    newClosure: await oneByOne(withData),
    submits: await rateOf(items, submits),
    map: await rateOf(items, () => executor.map(tasks.echo, inputs).toArray()),
    chunks: await rateOf(items, () => executor.map(tasks.echo, inputs, { chunkSize: 100 }).toArray()),
  };
}

function* count(end) {
  for (let value = 0; value < end; value += 1) yield value;
}

async function drain(results) {
  for await (const value of results) if (value === undefined) throw new Error('a value was lost');
}

async function stream(pool, { items, repeats }) {
  const { executor } = await openWarm(pool, { workers: 1 });
  const inputs = times(items, Number);
  const ways = {
    stream: () => drain(executor.stream(count, items)),
    buffered: () => drain(executor.withOptions({ bufferSize: 1000 }).stream(count, items)),
    chunks: () => drain(executor.map(tasks.echo, inputs, { chunkSize: 100 })),
  };
  const rates = Object.entries(ways).map(([way, work]) => [way, () => rateOf(items, work)]);
  await inTurns(ways, 1);
  const figures = await inTurns(Object.fromEntries(rates), repeats);
  const [streamed, buffered, chunks] = Object.keys(ways).map((way) => median(figures[way]));
  return { stream: streamed, buffered, chunks, share: streamed / chunks };
}

/**
 * `map` with chunks that size themselves, beside the best of fixed sizes, and beside joblib's automatic batches where
 * python3-joblib is installed. Work is counted in steps, not in time: a busy machine gives nobody any of it for nothing.
 */
async function autoChunks(pool, { costs, sizes, repeats, share }) {
  const { executor } = await openWarm(pool);
  const perMicrosecond = stepsPerMicrosecond();
  const items = costs.slice(0, Math.max(4, Math.ceil(costs.length * share)));
  const inputs = items.map((cost) => Math.round(cost * perMicrosecond));
  const run = async (chunkSize) => {
    const results = executor.map(tasks.spin, inputs, { chunkSize });
    let first;
    const total = await timeOf(async () => {
      first = await timeOf(() => results.next());
      await results.toArray();
    });
    return { first, total };
  };
  await executor.map(tasks.spin, inputs.slice(0, 1000), { chunkSize: 100 }).toArray();
  const ways = ['auto', ...sizes].map((size) => [size, () => run(size)]);
  const taken = await inTurns(Object.fromEntries(ways), repeats);
  const rateWith = (size) => (items.length * 1000) / median(taken[size].map(({ total }) => total));
  const firstWith = (size) => median(taken[size].map(({ first }) => first));
  const best = Math.max(...sizes.map(rateWith));
  const [auto, one] = [rateWith('auto'), rateWith(1)];
  const first = firstWith('auto') / firstWith(1);
  return { auto, best, one, joblib: await joblibRate(items), share: auto / best, first };
}

function stepsPerMicrosecond() {
  tasks.spin(5_000_000);
  const start = performance.now();
  tasks.spin(20_000_000);
  return 20_000 / (performance.now() - start);
}

/** `undefined` where there is no joblib. */
async function joblibRate(items) {
  try {
    const running = promisify(execFile)('python3', [pathOf('./joblib-batches.py'), '2']);
    running.child.stdin.on('error', () => {}).end(JSON.stringify(items)); // more than fits into an argument
    return items.length / Number((await running).stdout);
  } catch {
    return undefined;
  }
}

/** From 2 µs to 20 ms, the same numbers each time. */
function mixed(length) {
  let seed = 7;
  return times(length, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return [2, 50, 1000, 20_000][Math.floor((seed / 2 ** 31) ** 3 * 4)];
  });
}

function autoRow([name, title, costs, sizes]) {
  const row = (key, what, ...rest) => [key, `map of ${title}: ${what}`, ...rest];
  return {
    name: `auto-${name}`,
    title: `map of ${title}, sized by itself and by hand`,
    metrics: [
      row('auto', "chunkSize 'auto'", '/s'),
      row('best', 'the best fixed chunkSize', '/s'),
      row('one', 'chunkSize 1', '/s'),
      row('joblib', "joblib's automatic batches", '/s'),
      row('share', 'auto to best', '×', 'higher'),
      row('first', 'first result, auto to chunkSize 1', '×'),
    ],
    rounds: 1,
    full: { costs, sizes, repeats: 5, share: 1 },
    quick: { costs, sizes, repeats: 1, share: 0.05 },
    run: autoChunks,
  };
}

// The exports of a module as methods, and waits

/** `executor.module` beside workerpool's proxy, jest-worker's methods and piscina's `run` by name. */
async function modules(pool, { warm, calls, burst }) {
  const opened = await openWarm(pool);
  const { echo } = (await opened.methods?.()) ?? { echo: (value) => opened.run('echo', value) };
  const oneByOne = async (length) => {
    for (let call = 0; call < length; call += 1)
      if ((await echo(call)) !== call) throw new Error('another value came back');
  };
  const atOnce = () => allOf(burst, (call) => echo(call));
  await oneByOne(warm);
  const trip = 1e6 / (await rateOf(calls, () => oneByOne(calls)));
  await atOnce();
  return { trip, rate: await rateOf(burst, atOnce) };
}

/** `tasksPerWorker` beside worker-farm's `maxConcurrentCallsPerWorker`. */
async function waits(pool, { length }) {
  const timeWith = async (perWorker) => {
    const opened = await openWarm(pool, { perWorker });
    const time = await timeOf(() => allOf(length, () => opened.run('wait', 200)));
    await opened.close();
    return time;
  };
  return { one: await timeWith(1), ten: await timeWith(10), fifty: await timeWith(50) };
}

// Shared values

const isThere = (value) => value !== undefined;
const isThereShared = (shared) => shared.value !== undefined;

/** Shared, beside sending it once to each worker, which nothing can do without, and sending it with each task. */
async function shared(pool, { make, length, repeats }) {
  if (pool.kind === 'threads') return inPiscina(pool, make(), length);
  const value = make();
  // In new workers: what they were sent before is not to help.
  const inNewWorkers = async (work) => {
    const { executor } = await openWarm(pool);
    const submits = (length, fn, given) => allOf(length, () => executor.submit(fn, given));
    const time = await timeOf(() => work(executor, submits));
    await executor.shutdown();
    return time;
  };
  const taken = await inTurns(
    {
      once: () => inNewWorkers((_, submits) => submits(2, isThere, value)),
      shared: () =>
        inNewWorkers(async (executor, submits) => {
          const handle = executor.share(value);
          await submits(length, isThereShared, handle);
          handle[Symbol.dispose]();
        }),
    },
    repeats,
  );
  const ratio = median(taken.shared.map((time, repeat) => time / taken.once[repeat]));
  // Some are enough to know what one costs.
  const each = await inNewWorkers(async (executor) => {
    for (let task = 0; task < 4; task += 1) await executor.submit(isThere, value);
  });
  return { shared: median(taken.shared), once: median(taken.once), ratio, each: (each / 4) * length };
}

/** With the start of its threads, at which each gets its copy. Nothing where the value is one that no thread takes. */
async function inPiscina(pool, workerData, length) {
  if (typeof workerData === 'function') return {};
  const library = await pool.load();
  const given = await timeOf(async () => {
    const opened = pool.open(library, { workers: 2, workerData });
    await allOf(length, () => opened.run('hasData'));
    await opened.close();
  });
  return { given };
}

/** A function that captures its table. */
function lookUp(length) {
  const table = new Map(times(length, (index) => [`key ${index}`, index]));
  return (key) => table.get(key);
}

const sharedRow = ([name, title, make]) => ({
  name: `shared-${name}`,
  title: `200 tasks over ${title}, shared and not`,
  metrics: [
    ['shared', `${title}: 200 tasks over it, shared`, 'ms'],
    ['once', `${title}: sent once to each worker`, 'ms'],
    ['ratio', `${title}: shared to sent once to each worker`, '×'],
    ['each', `${title}: 200 tasks over it, sent with each`, 'ms'],
    ['given', `${title}: 200 tasks over it in workerData, with the start of the threads`, 'ms'],
  ],
  rounds: 1,
  pools: ['loky', 'piscina'],
  full: { make: () => make(1), length: 200, repeats: 5 },
  quick: { make: () => make(0.1), length: 200, repeats: 1 },
  run: shared,
});

// The live view

/** Reads the stream of each address that it is given, until it is given the next one. */
const reader = `
import { createInterface } from 'node:readline';
let reading;
createInterface({ input: process.stdin }).on('line', async (url) => {
  reading?.abort();
  reading = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: reading.signal });
  process.stdout.write('open');
  for await (const _ of response.body);
});
process.on('unhandledRejection', () => {}); // its stream has ended`;

/** Submits 10,000 tasks a second; returns the CPU of this process, in per cent of one core. */
async function load(executor, duration) {
  let [settled, submitted] = [0, 0];
  const note = () => {
    settled += 1;
  };
  const [cpu, startedAt] = [ownCpu(), performance.now()];
  const past = () => performance.now() - startedAt;
  while (past() < duration) {
    const due = Math.min(past() * 10, submitted + 1000);
    for (; submitted < due; submitted += 1) executor.submit(tasks.echo, submitted).addDoneCallback(note);
    await delay(5);
  }
  while (settled < submitted) await delay(1);
  return (ownCpu() - cpu) / 10 / past();
}

/**
 * Without a view, with one that nothing looks at, and with one page open, in turns: a busy machine hits all of them. Each has a
 * pool of its own, as the workers of a pool that was looked at are sampled for a while. The page is a process of its own.
 */
async function viewPage(pool, { rounds, duration }) {
  const { serveView } = await import('../../../dist/view.js');
  const args = ['--input-type=module', '-e', reader];
  const page = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const way = async (isServed, isOpen) => {
    const { executor } = await openWarm(pool, { workers: 1 });
    await load(executor, duration);
    return async () => {
      const view = isServed && (await serveView({ executors: [executor] }));
      if (isOpen) {
        page.stdin.write(`${view.url}\n`);
        await once(page.stdout, 'data');
      }
      const cpu = await load(executor, duration);
      if (isServed) await view.close();
      return cpu;
    };
  };
  const ways = { bare: await way(), served: await way(true), open: await way(true, true) };
  await ways.open(); // what is compiled once is
  const figures = await inTurns(ways, rounds);
  page.kill();
  /** Differences of pairs, without the fifth of them at either end: those are rounds that something else has hit. */
  const more = (list) => {
    const differences = sorted(list.map((cpu, round) => cpu - figures.bare[round]));
    const cut = Math.floor(differences.length / 5);
    return mean(differences.slice(cut, differences.length - cut));
  };
  return { bare: median(figures.bare), served: more(figures.served), open: more(figures.open) };
}

// Ends

const stay = () => new Promise(() => setInterval(() => {}, 1e6));
const crash = () => process.kill(process.pid, 'SIGKILL');

/** What ends all workers of a pool at once: options, and what all of them are sent. */
const ends = {
  crash: [{}, crash],
  kill: [{}, stay],
  retirement: [{ maxTasksPerWorker: 1 }, () => 1], // each is replaced, which is part of the figure
  leaving: [{ idleTimeout: 1000 }],
};

/** Milliseconds of host CPU for each worker, from its last task to after its end. */
async function costOfEnd({ ProcessPoolExecutor }, [options, task], workers) {
  const pool = new ProcessPoolExecutor({ maxWorkers: workers, onWorkerCrash: 'isolate', ...options });
  await pool.prewarm();
  await delay(300);
  let cpu = ownCpu();
  const futures = task === undefined ? [] : times(workers, () => pool.submit(task));
  if (task === stay) {
    while (!futures.every((future) => future.running())) await delay(5);
    await delay(300);
    cpu = ownCpu();
    for (const future of futures) future.cancel({ kill: true });
  }
  await Promise.all(futures.map((future) => future.exception().catch(() => {})));
  await delay(2000);
  const cost = (ownCpu() - cpu) / 1000 / workers;
  await pool.shutdown({ killWorkers: true });
  return cost;
}

/**
 * Beside so many other processes, the children of a shell: this process would look at each of its own when a worker ends. The shell
 * ends with its stdin, and its whole group with it, however this process ends.
 */
async function costOfEnds(pool, { others, workers }) {
  const loop = `i=0; while [ $i -lt ${others} ]; do sleep 3600 & i=$((i + 1)); done; echo started; cat >/dev/null; kill -KILL 0`;
  const shell = spawn('/bin/sh', ['-c', loop], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  try {
    await once(shell.stdout, 'data');
    const library = await pool.load();
    const costs = {};
    await costOfEnd(library, ends.crash, workers); // what is compiled once is
    for (const [way, end] of Object.entries(ends)) costs[way] = await costOfEnd(library, end, workers);
    return costs;
  } finally {
    process.kill(-shell.pid, 'SIGKILL');
  }
}

const same = (length, cost) => Array(length).fill(cost);

export const own = [
  {
    name: 'functions-and-map',
    title: 'Functions by value, and map',
    metrics: [
      ['reference', 'a function by reference, one at a time', 'µs'],
      ['closure', 'a closure, the same again, one at a time', 'µs'],
      ['newClosure', 'a closure, new each time with 100 numbers, one at a time', 'µs'],
      ['submits', 'a submit for each item', '/s'],
      ['map', 'map', '/s'],
      ['chunks', 'map with chunkSize 100', '/s'],
    ],
    full: { calls: 2000, items: 20_000 },
    quick: { calls: 50, items: 1000 },
    run: functionsAndMap,
  },
  {
    name: 'stream',
    title: 'Small values of one generator, beside a map of as many inputs by one worker',
    metrics: [
      ['stream', 'stream', '/s'],
      ['buffered', 'stream with bufferSize 1000', '/s'],
      ['chunks', 'map with chunkSize 100, one worker', '/s'],
      ['share', 'stream to map with chunkSize 100', '×', 'higher'],
    ],
    full: { items: 100_000, repeats: 5 },
    quick: { items: 2000, repeats: 1 },
    run: stream,
  },
  {
    name: 'modules',
    title: 'The exports of a module as methods',
    metrics: [
      ['trip', 'a method, one at a time', 'µs'],
      ['rate', 'a method, 10,000 at once', '/s'],
    ],
    pools: ['loky', 'piscina', 'jest-worker', 'workerpool'],
    full: { warm: 10_000, calls: 5000, burst: 10_000 },
    quick: { warm: 100, calls: 100, burst: 1000 },
    run: modules,
  },
  ...[
    ['2us', '100,000 items of 2 µs', same(100_000, 2), [1, 100, 1000, 10_000]],
    ['50us', '20,000 items of 50 µs', same(20_000, 50), [1, 10, 100, 1000]],
    ['1ms', '1,000 items of 1 ms', same(1000, 1000), [1, 10, 50]],
    ['20ms', '60 items of 20 ms', same(60, 20_000), [1, 2, 4]],
    ['mix', '2,000 items of 2 µs to 20 ms', mixed(2000), [1, 4, 16, 64]],
  ].map(autoRow),
  ...[
    ['buffer', 'a Buffer of 100 MB', (share) => Buffer.alloc(100e6 * share, 1)],
    ['map', 'a Map of 1,000,000 entries', (share) => new Map(times(1e6 * share, (n) => [`key ${n}`, n]))],
    ['table', 'a function that captures 100,000 entries', (share) => lookUp(1e5 * share)],
  ].map(sharedRow),
  {
    name: 'waits',
    title: 'Waits of 200 ms, several at once in each worker',
    metrics: [
      ['one', '200 waits of 200 ms on 2 workers: one at a time', 'ms'],
      ['ten', '200 waits of 200 ms on 2 workers: ten at once', 'ms'],
      ['fifty', '200 waits of 200 ms on 2 workers: fifty at once', 'ms'],
    ],
    rounds: 1,
    pools: ['loky', 'worker-farm'],
    full: { length: 200 },
    quick: { length: 40 },
    run: waits,
  },
  {
    name: 'view-page',
    title: 'What the live view costs its host',
    metrics: [
      ['bare', '10,000 tasks a second: host CPU, without a view', '% of a core'],
      ['served', '10,000 tasks a second: what a view adds that no page looks at', '% of a core'],
      ['open', '10,000 tasks a second: what a view adds with one page open', '% of a core'],
    ],
    rounds: 1,
    full: { rounds: 40, duration: 1500 },
    quick: { rounds: 2, duration: 200 },
    run: viewPage,
  },
  ...[0, 1500].map((others) => ({
    name: `ends-beside-${others}`,
    title: `What the end of a worker costs its host, beside ${others} other processes`,
    metrics: Object.keys(ends).map((way) => [
      way,
      `the end of a worker by ${way}, beside ${others} processes more: host CPU`,
      'ms',
    ]),
    full: { others, workers: 20 },
    quick: { others: others / 100, workers: 2 },
    run: costOfEnds,
  })),
].map((scenario) => ({ group: 'own', timeout: 600_000, pools: ['loky'], ...scenario }));
