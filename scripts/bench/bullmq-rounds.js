/**
 * No-op jobs through the processors of BullMQ and `processor()`, in many short rounds in turns within one host, whose Workers and
 * processes stay: on a machine that has other work, the quick tenth of the rounds is what the machine can do. Prints for each the
 * microseconds of a job (median and the 10th percentile of the rounds), the rate as a share of the first, and the CPU of the host
 * and its ratio to the first. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq-rounds.js [--jobs 1000] [--rounds 40] [--concurrency 16] [--workers 2]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { processor } from '../../dist/bullmq.js';
import { startRedis } from './bullmq-redis.js';
import { file, pipeProcessor } from './bullmq-runs.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '40' },
    concurrency: { type: 'string', default: '16' },
    workers: { type: 'string', default: '2' },
  },
});
const [jobs, rounds, concurrency, workers] = ['jobs', 'rounds', 'concurrency', 'workers'].map((name) =>
  Number(values[name]),
);
/** So many rounds of each are not counted: the engine compiles. */
const WARM = 6;
/** So many jobs at the start of a round are not counted, and as many at its end as run at once. */
const FIRST = 100;
const job = { name: 'noop', data: {}, opts: { removeOnComplete: true, removeOnFail: true } };

const redis = await startRedis();
const { connection } = redis;

async function start(name, run) {
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, run, { connection, concurrency });
  await worker.waitUntilReady();
  const close = async () => {
    await worker.close();
    await queue.close();
    await run.close?.();
  };
  return { name, queue, worker, close, times: [], cpu: [] };
}

async function round({ queue, worker, times, cpu }, isCounted) {
  const counted = jobs - FIRST - concurrency;
  let [done, begun, before] = [0, 0, undefined];
  const ended = new Promise((resolve) => {
    worker.on('completed', function note() {
      done += 1;
      if (done === FIRST) {
        before = process.cpuUsage();
        begun = performance.now();
      } else if (done === jobs - concurrency && isCounted) {
        times.push(((performance.now() - begun) / counted) * 1_000);
        const { user, system } = process.cpuUsage(before);
        cpu.push((user + system) / counted);
      } else if (done === jobs) {
        worker.off('completed', note);
        resolve();
      }
    });
  });
  await queue.addBulk(Array(jobs).fill(job));
  await ended;
}

const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(list.length * share)];

function report({ name, times, cpu }, base) {
  const [median, quick] = [0.5, 0.1].map((share) => at(times, share));
  const ofMedian = at(
    times.map((time, index) => base.times[index] / time),
    0.5,
  );
  const [host, baseHost] = [at(cpu, 0.5), at(base.cpu, 0.5)];
  console.log(
    `${name.padEnd(12)} µs a job: median ${median.toFixed(0)}, quick ${quick.toFixed(0)}; share of the rate: median ${ofMedian.toFixed(2)}, ` +
      `quick ${(at(base.times, 0.1) / quick).toFixed(2)}; host CPU ${host.toFixed(0)} µs a job, ratio ${(host / baseHost).toFixed(2)}`,
  );
}

const inPool = processor(file, { maxWorkers: workers, idleTimeout: null });
const ways = [
  await start('in-process', async () => undefined),
  await start('bare-child', pipeProcessor(workers)),
  await start('sandboxed', file),
  await start('processor', inPool),
];
try {
  for (let count = 0; count < WARM + rounds; count += 1)
    for (const way of ways) await round(way, count >= WARM);
  for (const way of ways) report(way, ways[0]);
  console.log(`load average of the last minute: ${loadavg()[0].toFixed(1)}`);
} finally {
  for (const { close } of ways) await close();
  await redis.stop();
}
