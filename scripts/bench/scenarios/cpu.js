/** Pure CPU: what a second worker is worth. */

import { median } from '../measure/statistics.js';
import { census } from '../measure/workers.js';
import tasks from '../tasks.cjs';

async function timeOf(pool, sizes, expected) {
  const start = performance.now();
  const results = await Promise.all(Array.from({ length: sizes.tasks }, () => pool.run('spin', sizes.steps)));
  const ms = performance.now() - start;
  return { ms, right: results.every((result) => result === expected) };
}

export const cpu = {
  name: 'two-workers',
  group: 'start and faults',
  title: 'Two workers over one, pure CPU',
  metrics: { ratio: { title: 'two workers over one', unit: '×', better: 'higher' } },
  sizes: {
    full: { tasks: 40, steps: 10_000_000, repeats: 3 },
    quick: { tasks: 20, steps: 10_000_000, repeats: 1 },
  },
  timeout: 60_000,
  rounds: 2,
  async run({ adapter, library, sizes }) {
    const expected = tasks.spin(sizes.steps);
    const one = await adapter.open(library, { workers: 1 });
    const two = await adapter.open(library, { workers: 2 });
    await Promise.all([census(one, 1), census(two, 2)]);
    await Promise.all([
      one.run('spin', sizes.steps),
      two.run('spin', sizes.steps),
      two.run('spin', sizes.steps),
    ]);
    const ratios = [];
    let right = true;
    for (let repeat = 0; repeat < sizes.repeats; repeat++) {
      const alone = await timeOf(one, sizes, expected);
      const together = await timeOf(two, sizes, expected);
      ratios.push(alone.ms / together.ms);
      right &&= alone.right && together.right;
    }
    return { status: right ? 'ok' : 'wrong', metrics: { ratio: median(ratios) } };
  },
};
