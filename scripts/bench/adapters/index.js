/**
 * Every library under test by name. An adapter is loaded only where it is measured, so that none pays for
 * another's modules.
 *
 * An adapter has `label`, `kind` (`'ours' | 'process' | 'threads' | 'python' | 'floor'`), perhaps `package`,
 * `only` (the scenarios it is for) and `unavailable()` (why it cannot run here), and either
 * `external(scenario, sizes)`, which measures elsewhere, or `load()` and `open(library, { workers, faults })`.
 * What `open` gives has `run(task, argument)`, `close()`, perhaps `burst(count)`.
 */
const adapters = {
  loky: () => import('./loky.js'),
  'loky-spare': () => import('./loky-spare.js'),
  workerpool: () => import('./workerpool.js'),
  'workerpool-advanced': () => import('./workerpool-advanced.js'),
  tinypool: () => import('./tinypool.js'),
  'jest-worker': () => import('./jest-worker.js'),
  'worker-farm': () => import('./worker-farm.js'),
  poolifier: () => import('./poolifier.js'),
  piscina: () => import('./piscina.js'),
  'loky-python': () => import('./loky-python.js'),
  raw: () => import('./raw.js'),
  'raw-blocking': () => import('./raw-blocking.js'),
  fork: () => import('./fork.js'),
  node: () => import('./node.js'),
};

export const adapterNames = Object.keys(adapters);

export async function loadAdapter(name) {
  const load = adapters[name];
  if (!load) throw new Error(`no adapter "${name}": expected one of ${adapterNames.join(', ')}`);
  return (await load()).adapter;
}
