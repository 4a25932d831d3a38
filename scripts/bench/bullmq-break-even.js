/**
 * When a pool behind a Worker pays: jobs that compute for so many milliseconds, in the Worker's own process and through
 * `processor()`, in turns with the same concurrency. Prints jobs a second of both for each length (medians of the rounds) and
 * the length at which both are equally fast. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq-break-even.js [--lengths 0,0.1,0.2,0.5,1,2] [--rounds 3] [--workers 2] [--seconds 1.5]
 */
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { processor } from '../../dist/bullmq.js';
import busy from './bullmq-busy.js';
import { startRedis } from './bullmq-redis.js';

const { values } = parseArgs({
  options: {
    lengths: { type: 'string', default: '0,0.1,0.2,0.5,1,2' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '1.5' },
  },
});
const lengths = values.lengths.split(',').map(Number);
const workers = Number(values.workers);
const file = fileURLToPath(new URL('./bullmq-busy.js', import.meta.url));
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** The rate within the time, after a quarter of it. */
async function rateOf(redis, ms, run) {
  const { connection } = redis;
  const queue = new Queue('busy', { connection });
  await queue.obliterate({ force: true });
  const seconds = Number(values.seconds);
  const count = Math.ceil(Math.min(20_000, (seconds * 2_500 * workers) / (ms + 0.2)));
  for (let left = count; left > 0; left -= 500) {
    const job = { name: 'busy', data: { ms }, opts: { removeOnComplete: true } };
    await queue.addBulk(Array(Math.min(500, left)).fill(job));
  }
  const worker = new Worker('busy', run, { connection, concurrency: 8 });
  let done = 0;
  worker.on('completed', () => {
    done += 1;
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 250));
  const [start, before] = [performance.now(), done];
  while (done < count && performance.now() - start < seconds * 1_000)
    await new Promise((r) => setTimeout(r, 5));
  const rate = (done - before) / (performance.now() - start);
  await worker.close(true);
  await queue.close();
  return rate * 1_000;
}

/** Between the last length at which the pool is slower and the first at which it is not, in a straight line. */
function breakEven(rows) {
  const after = rows.findIndex(({ ratio }) => ratio >= 1);
  if (after <= 0) return rows[after]?.ms;
  const [one, two] = [rows[after - 1], rows[after]];
  return one.ms + ((1 - one.ratio) / (two.ratio - one.ratio)) * (two.ms - one.ms);
}

const redis = await startRedis();
const inPool = processor(file, { maxWorkers: workers, idleTimeout: 60_000 });
await inPool.executor.prewarm();
const rows = [];
try {
  for (const ms of lengths) {
    const own = [];
    const pooled = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      own.push(await rateOf(redis, ms, async (job) => busy(job)));
      pooled.push(await rateOf(redis, ms, inPool));
    }
    const ratio = median(pooled.map((rate, round) => rate / own[round]));
    rows.push({ ms, ratio });
    const [one, two] = [median(own), median(pooled)].map((rate) => `${Math.round(rate)}/s`.padStart(8));
    console.log(
      `jobs of ${String(ms).padStart(4)} ms: in the Worker's process ${one}, processor() ${two}, ratio ${ratio.toFixed(2)}`,
    );
  }
  const length = breakEven(rows);
  const found = length === undefined ? 'not reached' : `${length.toFixed(2)} ms`;
  console.log(`break-even with ${workers} workers: ${found} (load average ${loadavg()[0].toFixed(1)})`);
} finally {
  await inPool.close();
  await redis.stop();
}
