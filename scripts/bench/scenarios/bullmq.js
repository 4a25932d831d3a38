/** loky/bullmq beside BullMQ alone, with a Redis of its own: jobs that do nothing, jobs that compute, and several machines. */
import { openWarm } from '../pools.js';
import { allOf, mapOf, oneByOne, sized, stepsPerMicrosecond, stopwatch } from '../probes.js';
import { lapRows } from './cold.js';
import { twoWorkers } from './warm.js';

/** A job's figures while the queue is full: the first jobs, as others are still added, and the last ones do not count. */
async function steadily(opened, jobs, atOnce, call) {
  const first = sized(100);
  let [done, lap, figures] = [0];
  await allOf(jobs, async () => {
    await call();
    done += 1;
    if (done === first) lap = stopwatch(opened.apart);
    if (done === jobs - atOnce) figures = lap('job', jobs - atOnce - first);
  });
  return figures;
}

const noopsOf = (atOnce) => ({
  rows: {
    ...lapRows('job', `a job that does nothing, ${atOnce} at once`, 'µs'),
    'job.redis': `a job that does nothing, ${atOnce} at once: CPU of Redis, µs`,
  },
  async run(pool) {
    const opened = await openWarm(pool, { workers: atOnce });
    const burst = () => steadily(opened, sized(5000), atOnce, () => opened.run('noop'));
    await oneByOne(3, burst);
    return burst();
  },
});

/** Of jobs, in milliseconds. */
const lengths = { tenth: 0.1, fifth: 0.2, half: 0.5, one: 1, two: 2 };

export const bullmq = {
  title: 'loky/bullmq',
  isExtra: true,
  timeout: 600_000,
  pools: ['bullmq-processor', 'bullmq-served', 'bullmq', 'bullmq-sandboxed', 'bullmq-child'],
  scenarios: {
    'bullmq-noop-2': noopsOf(2),
    'bullmq-noop-8': noopsOf(8),
    'bullmq-noop-16': noopsOf(16),
    // From which length of a job on a pool is faster than the Worker's own process.
    'bullmq-break-even': {
      rows: mapOf(Object.keys(lengths), (key) => `jobs of ${lengths[key]} ms, 8 at once, /s`),
      pools: ['bullmq-processor', 'bullmq'],
      async run(pool) {
        const opened = await openWarm(pool, { workers: 8 });
        const steps = stepsPerMicrosecond() * 1000;
        const burst = (ms) =>
          steadily(opened, sized(2000), 8, () => opened.run('spin', Math.round(steps * ms)));
        await burst(0);
        const figures = {};
        for (const [key, ms] of Object.entries(lengths)) figures[key] = 1e6 / (await burst(ms))['job.wall'];
        return figures;
      },
    },
    'bullmq-machines': {
      rows: { ratio: ['two machines over one, pure CPU, ×', {}, 'higher'] },
      pools: ['bullmq-machines'],
      run: twoWorkers,
    },
  },
};
