/**
 * Every pool under test, used as its documentation shows and with its defaults but for a fixed number of workers.
 * `load` imports the library; `open(library, { workers, faults })` gives `run(task, argument)` and `close()`.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import tasks from './tasks.cjs';

const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const script = pathOf('./tasks.cjs');
const names = Object.keys(tasks);

/** What `import 'loky'` gives: this package as it is built. */
function importLoky() {
  let entry = createRequire(import.meta.url)('../../package.json').exports['.'];
  while (typeof entry !== 'string') entry = entry.import ?? entry.default;
  return import(new URL(`../../${entry}`, import.meta.url));
}

function openLoky(
  { ProcessPoolExecutor },
  { workers, faults, ...options },
  functionOf = (task) => tasks[task],
) {
  const executor = new ProcessPoolExecutor({
    maxWorkers: workers,
    ...(faults && { onWorkerCrash: 'isolate' }),
    ...options,
  });
  return {
    executor,
    run: (task, ...args) => executor.submit(functionOf(task), ...args),
    close: () => executor.shutdown({ killWorkers: true }),
  };
}

const loky = { kind: 'ours', load: importLoky, open: openLoky };
const offset = 7;

function openWorkerpool({ default: workerpool }, { workers, forkOpts }) {
  const options = { workerType: 'process', minWorkers: workers, maxWorkers: workers };
  const pool = workerpool.pool(pathOf('./workers/workerpool.cjs'), {
    ...options,
    ...(forkOpts && { forkOpts }),
  });
  return { run: (task, ...args) => pool.exec(task, args), close: () => pool.terminate(true) };
}

export const pools = {
  loky: { ...loky, label: 'loky' },
  'loky-esm': {
    ...loky,
    label: 'loky, ES module',
    variantOf: 'loky',
    only: ['first-submit'],
    load: async () => ({ ...(await importLoky()), ...(await import('./noop.mjs')) }),
    open: (library, options) => openLoky(library, options, () => library.noop),
  },
  'loky-closure': {
    ...loky,
    label: 'loky, closure',
    variantOf: 'loky',
    only: ['first-submit'],
    open: (library, options) => openLoky(library, options, () => () => offset),
  },
  'loky-spare': {
    ...loky,
    label: 'loky, one spare worker',
    variantOf: 'loky',
    only: ['next-after-kill'],
    open: (library, options) => openLoky(library, { ...options, spareWorkers: 1 }),
  },
  piscina: {
    label: 'piscina (threads)',
    kind: 'threads',
    load: () => import('piscina'),
    open({ Piscina }, { workers }) {
      const pool = new Piscina({ filename: script, minThreads: workers, maxThreads: workers });
      return { run: (task, argument) => pool.run(argument, { name: task }), close: () => pool.destroy() };
    },
  },
  'worker-farm': {
    label: 'worker-farm',
    kind: 'process',
    load: () => import('worker-farm'),
    open({ default: workerFarm }, { workers, faults }) {
      const options = { maxConcurrentWorkers: workers, autoStart: true };
      // By default it runs a task whose worker died again, for ever: the caller would never hear of it.
      if (faults) options.maxRetries = 0;
      const farm = workerFarm(options, pathOf('./workers/worker-farm.cjs'), names);
      const run = (task, argument = null) =>
        new Promise((resolve, reject) => {
          farm[task](argument, (error, result) => (error ? reject(error) : resolve(result)));
        });
      return { run, close: () => workerFarm.end(farm) };
    },
  },
  'jest-worker': {
    label: 'jest-worker',
    kind: 'process',
    load: () => import('jest-worker'),
    open({ Worker }, { workers }) {
      const pool = new Worker(script, { numWorkers: workers, exposedMethods: names });
      return { run: (task, ...args) => pool[task](...args), close: () => pool.forceExit?.() ?? pool.end() };
    },
  },
  tinypool: {
    label: 'tinypool',
    kind: 'process',
    load: () => import('tinypool'),
    open({ default: Tinypool }, { workers }) {
      const options = {
        runtime: 'child_process',
        filename: script,
        minThreads: workers,
        maxThreads: workers,
      };
      const pool = new Tinypool(options);
      return { run: (task, argument) => pool.run(argument, { name: task }), close: () => pool.destroy() };
    },
  },
  workerpool: {
    label: 'workerpool',
    kind: 'process',
    load: () => import('workerpool'),
    open: openWorkerpool,
  },
  'workerpool-advanced': {
    label: 'workerpool, advanced',
    kind: 'process',
    package: 'workerpool',
    groups: ['warm'],
    load: () => import('workerpool'),
    open: (library, options) =>
      openWorkerpool(library, { ...options, forkOpts: { serialization: 'advanced' } }),
  },
  poolifier: {
    label: 'poolifier (cluster)',
    kind: 'process',
    groups: ['warm'],
    load: () => import('poolifier'),
    open({ FixedClusterPool }, { workers }) {
      const pool = new FixedClusterPool(workers, pathOf('./workers/poolifier.cjs'));
      return { run: (task, argument) => pool.execute(argument, task), close: () => pool.destroy() };
    },
  },
  floor: {
    label: 'floor',
    kind: 'floor',
    load: () => import('./floor.js'),
    open: ({ FloorPool }, { workers }) => new FloorPool(workers),
  },
};

/** The names of the pools that a scenario measures. */
export function poolsOf(scenario, chosen) {
  return chosen.filter((name) => {
    const { only, groups, kind } = pools[name];
    if (only && !only.includes(scenario.name)) return false;
    if (groups && !groups.includes(scenario.group)) return false;
    return scenario.kinds?.includes(kind) ?? true;
  });
}
