/**
 * The host's memory for each task that waits: everything is submitted in one turn of the event loop, so that
 * nothing can be answered yet, and what stays after a collection is divided by the number of tasks.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { census } from '../measure/workers.js';

function collector() {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

function used() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function runPending({ adapter, library, sizes }) {
  const gc = collector();
  const pool = await adapter.open(library, { workers: 2 });
  await census(pool, 2);
  await Promise.all(Array.from({ length: 500 }, () => pool.run('noop')));
  const calls = new Array(sizes.calls);
  gc();
  const before = used();
  for (let index = 0; index < sizes.calls; index++) calls[index] = pool.run('noop');
  gc();
  const bytes = (used() - before) / calls.length;
  return { metrics: { bytes } };
}

function pendingOf(name, calls, label) {
  return {
    name,
    group: 'memory',
    title: `Host memory for each of ${label} pending tasks`,
    metrics: { bytes: { title: `bytes a pending task, ${label}`, unit: 'B', better: 'lower' } },
    sizes: { full: { calls }, quick: { calls } },
    timeout: 30_000,
    rounds: 1,
    applies: ({ adapter }) => adapter.kind !== 'floor' && adapter.kind !== 'python',
    run: runPending,
  };
}

export const pending = [
  pendingOf('pending-1k', 1e3, '1e3'),
  pendingOf('pending-10k', 1e4, '1e4'),
  pendingOf('pending-100k', 1e5, '1e5'),
  pendingOf('pending-1m', 1e6, '1e6'),
];
