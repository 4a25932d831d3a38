/**
 * A set of jobs that need a core each, on one serving process with one worker and on several, in turns. Prints the time of
 * each and how many times as fast the several were. More machines than cores show nothing. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq-scaling.js [--jobs 200] [--ms 30] [--machines 2] [--rounds 5]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BullMQExecutor } from '../../dist/bullmq.js';
import { startRedis } from './bullmq-redis.js';
import { burn, tasks } from './bullmq-tasks.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200' },
    ms: { type: 'string', default: '30' },
    machines: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const [jobs, ms, machines, rounds] = ['jobs', 'ms', 'machines', 'rounds'].map((name) => Number(values[name]));
const program = fileURLToPath(new URL('./bullmq-machine.js', import.meta.url));
const redis = await startRedis();
const { connection } = redis;
let lastQueue = 0;

/** Rounds that take so long on a core, by CPU time. */
function calibrate() {
  const sample = 5_000_000;
  burn(sample);
  const before = process.cpuUsage();
  burn(sample);
  const { user, system } = process.cpuUsage(before);
  return Math.round((sample * ms * 1_000) / (user + system));
}

async function startMachine(queue) {
  const order = JSON.stringify({ queue, connection, workers: 1 });
  const machine = spawn(process.execPath, [program, order], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(machine.stdout, 'data');
  return machine;
}

async function run(count, work) {
  lastQueue += 1;
  const queue = `scaling-${lastQueue}`;
  const started = await Promise.all(Array.from({ length: count }, () => startMachine(queue)));
  const executor = new BullMQExecutor({ queue, connection, tasks, removeOnComplete: true });
  await Promise.all(Array.from({ length: 10 * count }, () => executor.submit(burn, work)));
  const start = performance.now();
  await Promise.all(Array.from({ length: jobs }, () => executor.submit(burn, work)));
  const time = performance.now() - start;
  await executor.shutdown();
  for (const machine of started) machine.kill();
  await Promise.all(started.map((machine) => once(machine, 'exit')));
  return time;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)];
try {
  const work = calibrate();
  const ratios = [];
  for (let round = 0; round < rounds; round += 1) {
    const [one, many] = [await run(1, work), await run(machines, work)];
    ratios.push(one / many);
    console.log(
      `${jobs} jobs of ${ms} ms: 1 machine ${Math.round(one)} ms, ${machines} machines ${Math.round(many)} ms: ${(one / many).toFixed(2)} times as fast`,
    );
  }
  console.log(
    `median ${median(ratios).toFixed(2)}; load average of the last minute ${loadavg()[0].toFixed(1)}`,
  );
} finally {
  await redis.stop();
}
