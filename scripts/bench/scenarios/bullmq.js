/** loky/bullmq beside BullMQ alone, with a Redis of its own: jobs that do nothing, jobs that compute, and several machines. */
import { openWarm } from '../pools.js';
import { allOf, oneByOne, sized, stepsPerMicrosecond, stopwatch } from '../probes.js';
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

/** Jobs of so many milliseconds; of 0 those that do nothing. */
const jobsOf = (ms, atOnce) => {
  const title =
    ms === 0 ? `a job that does nothing, ${atOnce} at once` : `a job of ${ms} ms, ${atOnce} at once`;
  return {
    rows: { ...lapRows('job', title, 'µs'), 'job.redis': `${title}: CPU of Redis, µs` },
    async run(pool) {
      const opened = await openWarm(pool, { workers: atOnce });
      const job = ms === 0 ? ['noop'] : ['spin', Math.round(stepsPerMicrosecond() * 1000 * ms)];
      const burst = () => steadily(opened, sized(ms === 0 ? 5000 : 2000), atOnce, () => opened.run(...job));
      await oneByOne(ms === 0 ? 3 : 1, burst);
      return burst();
    },
  };
};

export const bullmq = {
  title: 'loky/bullmq',
  isExtra: true,
  timeout: 600_000,
  pools: ['bullmq-processor', 'bullmq-served', 'bullmq', 'bullmq-sandboxed', 'bullmq-child'],
  scenarios: {
    'bullmq-noop-2': jobsOf(0, 2),
    'bullmq-noop-8': jobsOf(0, 8),
    'bullmq-noop-16': jobsOf(0, 16),
    // From which length of a job on a pool is faster than the Worker's own process.
    'bullmq-0.1ms': jobsOf(0.1, 8),
    'bullmq-0.2ms': jobsOf(0.2, 8),
    'bullmq-0.5ms': jobsOf(0.5, 8),
    'bullmq-1ms': jobsOf(1, 8),
    'bullmq-2ms': jobsOf(2, 8),
    'bullmq-machines': {
      rows: { ratio: ['two machines over one, pure CPU, ×', {}, 'higher'] },
      pools: ['bullmq-machines'],
      run: twoWorkers,
    },
  },
};
