/**
 * Every pool under test, used as its documentation shows and with its defaults but for a fixed number of workers.
 * `load` imports the library; `open(library, { workers, faults, perWorker })` gives `run(task, argument)` and `close()`.
 */
import { fileURLToPath } from 'node:url';
import tasks from './tasks.cjs';

export const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const script = pathOf('./tasks.cjs');
const names = Object.keys(tasks);
const offset = 7;

const importLoky = () => import('../../dist/index.js');

/** The variant of a pool has rows of its own in the column of that pool. */
function loky(label, more = {}, load = importLoky, functionOf = (task) => tasks[task]) {
  const open = (library, { workers, faults, perWorker = 1 }) => {
    const executor = new library.ProcessPoolExecutor({
      maxWorkers: workers,
      tasksPerWorker: perWorker,
      ...(faults && { onWorkerCrash: 'isolate' }),
      ...more,
    });
    return {
      executor,
      run: (task, ...args) => executor.submit(functionOf(task, library), ...args),
      methods: () => executor.module(() => import('./tasks.cjs')),
      close: () => executor.shutdown({ killWorkers: true }),
    };
  };
  return { label, kind: 'ours', load, open, ...(label !== 'loky' && { variantOf: 'loky' }) };
}

/** A library whose pools run tasks that have a name and one argument. */
function named(label, library, open, kind = 'process') {
  return { label, kind, package: library, load: () => import(library), open };
}

function workerpool(label, more = {}) {
  return named(label, 'workerpool', ({ default: library }, { workers }) => {
    const options = { workerType: 'process', minWorkers: workers, maxWorkers: workers, ...more };
    const pool = library.pool(pathOf('./workers/workerpool.cjs'), options);
    const run = (task, ...args) => pool.exec(task, args);
    return { run, methods: () => pool.proxy(), close: () => pool.terminate(true) };
  });
}

/** piscina and its fork, which runs processes, too. */
const likePiscina =
  (nameOf, more) =>
  (library, { workers, workerData }) => {
    const options = { filename: script, minThreads: workers, maxThreads: workers, workerData, ...more };
    const pool = new library[nameOf](options);
    return { run: (task, argument) => pool.run(argument, { name: task }), close: () => pool.destroy() };
  };

function openWorkerFarm({ default: workerFarm }, { workers, faults, perWorker }) {
  const options = { maxConcurrentWorkers: workers, autoStart: true };
  if (perWorker) options.maxConcurrentCallsPerWorker = perWorker;
  // By default it runs a task whose worker died again, for ever: the caller would never hear of it.
  if (faults) options.maxRetries = 0;
  const farm = workerFarm(options, pathOf('./workers/worker-farm.cjs'), names);
  const run = (task, argument = null) =>
    new Promise((resolve, reject) => {
      farm[task](argument, (error, result) => (error ? reject(error) : resolve(result)));
    });
  return { run, close: () => workerFarm.end(farm) };
}

function openJestWorker({ Worker }, { workers }) {
  const pool = new Worker(script, { numWorkers: workers, exposedMethods: names });
  return { run: (task, ...args) => pool[task](...args), close: () => pool.forceExit?.() ?? pool.end() };
}

function openPoolifier({ FixedClusterPool }, { workers }) {
  const pool = new FixedClusterPool(workers, pathOf('./workers/poolifier.cjs'));
  return { run: (task, argument) => pool.execute(argument, task), close: () => pool.destroy() };
}

const bullmq = (label, kind, open) => ({
  ...{ label, kind, load: () => import('./bullmq-pools.js') },
  open: (library, options) => library[open](options),
});

const importWithNoop = async () => ({ ...(await importLoky()), ...(await import('./noop.mjs')) });

export const pools = {
  loky: loky('loky'),
  'loky-esm': loky('loky, ES module', {}, importWithNoop, (_, { noop }) => noop),
  'loky-closure': loky('loky, closure', {}, importLoky, () => () => offset),
  'loky-spare': loky('loky, one spare worker', { spareWorkers: 1 }),
  piscina: named('piscina (threads)', 'piscina', likePiscina('Piscina'), 'threads'),
  'worker-farm': named('worker-farm', 'worker-farm', openWorkerFarm),
  'jest-worker': named('jest-worker', 'jest-worker', openJestWorker),
  tinypool: named('tinypool', 'tinypool', likePiscina('default', { runtime: 'child_process' })),
  workerpool: workerpool('workerpool'),
  'workerpool-advanced': workerpool('workerpool, advanced', { forkOpts: { serialization: 'advanced' } }),
  poolifier: named('poolifier (cluster)', 'poolifier', openPoolifier),
  floor: {
    label: 'floor',
    kind: 'floor',
    load: () => import('./floor.js'),
    open: ({ FloorPool }, { workers }) => new FloorPool(workers),
  },
  'bullmq-processor': bullmq('processor()', 'ours', 'openProcessor'),
  'bullmq-served': bullmq('serveTasks', 'ours', 'openServed'),
  'bullmq-machines': bullmq('serveTasks, machines of one worker', 'ours', 'openMachines'),
  bullmq: bullmq('BullMQ, in its process', 'process', 'openInProcess'),
  'bullmq-sandboxed': bullmq('BullMQ, sandboxed', 'process', 'openSandboxed'),
  'bullmq-child': bullmq('BullMQ and a bare child', 'floor', 'openChild'),
};

/** Meets every worker through its own tasks: what it is, and how many no-ops it has run. */
export async function census(opened, workers) {
  const met = new Map();
  for (let attempt = 0; attempt < 5 && met.size < workers; attempt += 1) {
    const answers = await Promise.all(Array.from({ length: workers }, () => opened.run('census')));
    for (const answer of answers) met.set(answer.id, answer);
  }
  return [...met.values()];
}

export async function openWarm(pool, options = {}) {
  const given = { workers: 2, ...options };
  const opened = await pool.open(await pool.load(), given);
  await census(opened, given.workers);
  return opened;
}
