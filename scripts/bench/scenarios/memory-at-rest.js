/** The memory of a worker that has answered a few no-ops and now rests. */
import { memoryOf } from '../measure/memory.js';
import { census } from '../measure/workers.js';

export const memoryAtRest = {
  name: 'memory-at-rest',
  group: 'memory',
  title: 'A worker at rest',
  metrics: { worker: { title: 'worker at rest', unit: 'MB', better: 'lower' } },
  sizes: { full: { rest: 500 }, quick: { rest: 300 } },
  timeout: 15_000,
  applies: ({ adapter }) => adapter.kind !== 'threads',
  async run({ adapter, library, sizes }) {
    const pool = await adapter.open(library, { workers: 2 });
    for (let index = 0; index < 10; index++) await pool.run('noop');
    const workers = await census(pool, 2);
    await new Promise((resolve) => setTimeout(resolve, sizes.rest));
    const bytes = workers.map(({ pid }) => memoryOf(pid)?.rss);
    return { metrics: { worker: bytes.reduce((sum, rss) => sum + rss, 0) / bytes.length } };
  },
};
