/**
 * No-op jobs through BullMQ, with the same concurrency, in turns: its own processor in the process of the Worker, the same
 * with a line to a bare child and back (what any second process costs), its sandboxed processor, and `processor()` and
 * `serveTasks` of loky/bullmq. Prints jobs a second, the ratio to the first of them (the median of the rounds' ratios, as
 * other load changes from round to round) and the CPU of a job. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq.js [--jobs 10000] [--rounds 5] [--concurrency 2,8] [--workers 2]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startRedis } from './bullmq-redis.js';
import { inProcess, overPipe, poolProcessor, sandboxed, served } from './bullmq-runs.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '2,8' },
    workers: { type: 'string', default: '2' },
  },
});
const jobs = Number(values.jobs);
const rounds = Number(values.rounds);

/** V8 optimizes the code within some thousands of jobs, in each process. */
const WARM = 4_000;

const base = 'BullMQ in-process';
const ways = {
  [base]: inProcess,
  'bare child, a pipe': overPipe,
  'BullMQ sandboxed': sandboxed,
  'processor()': poolProcessor,
  serveTasks: served,
};

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function report(concurrency, name, list, bases) {
  const rates = list.map(({ time }) => Math.round((jobs / time) * 1000));
  const ratio = median(list.map(({ time }, round) => bases[round].time / time)).toFixed(2);
  const cpu = ['host', 'redis', 'workers'].map(
    (of) => `${of} ${Math.round(median(list.map((each) => each[of])) / jobs)}`,
  );
  const rate = `${median(rates)} jobs/s`.padStart(13);
  console.log(
    `concurrency ${concurrency}  ${name.padEnd(19)} ${rate}  ratio ${ratio}  CPU µs a job: ${cpu.join(', ')}  (${rates.join(' ')})`,
  );
}

const redis = await startRedis();
try {
  for (const concurrency of values.concurrency.split(',').map(Number)) {
    const run = {
      redis,
      warm: WARM,
      jobs,
      concurrency,
      workers: Math.min(concurrency, Number(values.workers)),
    };
    const measured = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, measure] of Object.entries(ways)) measured[name].push(await measure(run));
    }
    for (const [name, list] of Object.entries(measured)) report(concurrency, name, list, measured[base]);
    console.log(`load average of the last minute: ${loadavg()[0].toFixed(1)}`);
  }
} finally {
  await redis.stop();
}
