/**
 * Every pool under test, used as its documentation shows and with its defaults but for a fixed number of workers.
 * `load` imports the library; `open(library, { workers, faults })` gives `run(task, argument)` and `close()`.
 */
import { fileURLToPath } from 'node:url';
import { noop } from './noop.mjs';
import { allOf } from './probes.js';
import tasks from './tasks.cjs';

export const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const script = pathOf('./tasks.cjs');
const names = Object.keys(tasks);
const offset = 7;

/** Of a library, or of a file here. */
const poolOf = (label, kind, library, open) => ({ label, kind, library, load: () => import(library), open });

function loky(label, settings = {}, functionOf = (task) => tasks[task]) {
  const open = ({ ProcessPoolExecutor }, { workers, faults }) => {
    const crashes = faults && { onWorkerCrash: 'isolate' };
    const executor = new ProcessPoolExecutor({ maxWorkers: workers, ...crashes, ...settings });
    const run = (task, ...args) => executor.submit(functionOf(task), ...args);
    return { executor, run, close: () => executor.shutdown({ killWorkers: true }) };
  };
  return poolOf(label, 'ours', '../../dist/index.js', open);
}

function workerpool(label, more = {}) {
  return poolOf(label, 'process', 'workerpool', ({ default: library }, { workers }) => {
    const options = { workerType: 'process', minWorkers: workers, maxWorkers: workers, ...more };
    const pool = library.pool(pathOf('./workers/workerpool.cjs'), options);
    const run = (task, ...args) => pool.exec(task, args);
    return { run, close: () => pool.terminate(true) };
  });
}

/** piscina and its fork, which runs processes, too. */
const likePiscina =
  (nameOf, more) =>
  (library, { workers }) => {
    const options = { filename: script, minThreads: workers, maxThreads: workers, ...more };
    const pool = new library[nameOf](options);
    return { run: (task, argument) => pool.run(argument, { name: task }), close: () => pool.destroy() };
  };

function openWorkerFarm({ default: workerFarm }, { workers, faults }) {
  // By default it runs a task whose worker died again, for ever: the caller would never hear of it.
  const options = { maxConcurrentWorkers: workers, autoStart: true, ...(faults && { maxRetries: 0 }) };
  const farm = workerFarm(options, pathOf('./workers/worker-farm.cjs'), names);
  const run = (task, argument = null) =>
    new Promise((resolve, reject) => {
      farm[task](argument, (error, result) => (error ? reject(error) : resolve(result)));
    });
  return { run, close: () => workerFarm.end(farm) };
}

function openJestWorker({ Worker }, { workers }) {
  const pool = new Worker(script, { numWorkers: workers, exposedMethods: names });
  return { run: (task, ...args) => pool[task](...args), close: () => pool.end() };
}

function openPoolifier({ FixedClusterPool }, { workers }) {
  const pool = new FixedClusterPool(workers, pathOf('./workers/poolifier.cjs'));
  return { run: (task, argument) => pool.execute(argument, task), close: () => pool.destroy() };
}

const bullmq = (label, kind, open) =>
  poolOf(label, kind, './bullmq-pools.js', (library, options) => library[open](options));

/** A variant of loky, whose name begins as that, has rows of its own in the column of loky. */
export const isVariant = (name) => name.startsWith('loky-');

export const pools = {
  loky: loky('loky'),
  'loky-esm': loky('loky, ES module', {}, () => noop),
  'loky-closure': loky('loky, closure', {}, () => () => offset),
  'loky-spare': loky('loky, one spare worker', { spareWorkers: 1 }),
  piscina: poolOf('piscina (threads)', 'threads', 'piscina', likePiscina('Piscina')),
  'worker-farm': poolOf('worker-farm', 'process', 'worker-farm', openWorkerFarm),
  'jest-worker': poolOf('jest-worker', 'process', 'jest-worker', openJestWorker),
  tinypool: poolOf('tinypool', 'process', 'tinypool', likePiscina('default', { runtime: 'child_process' })),
  workerpool: workerpool('workerpool'),
  'workerpool-advanced': workerpool('workerpool, advanced', { forkOpts: { serialization: 'advanced' } }),
  poolifier: poolOf('poolifier (cluster)', 'process', 'poolifier', openPoolifier),
  floor: poolOf('floor', 'floor', './floor.js', ({ FloorPool }, { workers }) => new FloorPool(workers)),
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
  for (let attempt = 0; attempt < 5 && met.size < workers; attempt += 1)
    for (const answer of await allOf(workers, () => opened.run('census'))) met.set(answer.id, answer);
  return [...met.values()];
}

export async function openWarm(pool, { workers = 2, faults } = {}) {
  const opened = await pool.open(await pool.load(), { workers, faults });
  await census(opened, workers);
  return opened;
}
