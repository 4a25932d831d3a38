/**
 * No-op jobs through BullMQ: its own in-process processor, `processor()` and `serveTasks` of loky/bullmq, with the same
 * concurrency, in turns. Prints the jobs a second of each round and the medians. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq.js [--jobs 5000] [--rounds 5] [--concurrency 2,8]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { BullMQExecutor, processor, serveTasks } from '../../dist/bullmq.js';
import { ProcessPoolExecutor } from '../../dist/index.js';
import { noop, tasks } from './bullmq-tasks.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '2,8' },
  },
});
const jobs = Number(values.jobs);
const rounds = Number(values.rounds);
const file = fileURLToPath(new URL('./bullmq-noop.js', import.meta.url));

async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'));
  const server = spawn('redis-server', [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
  ]);
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  server.stdout.resume();
  const stop = async () => {
    server.kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return { connection: { host: '127.0.0.1', port }, stop };
}

const removal = { removeOnComplete: true, removeOnFail: true };

async function fill(connection) {
  const queue = new Queue('plain', { connection });
  for (let done = 0; done < jobs; done += 500) {
    const size = Math.min(500, jobs - done);
    await queue.addBulk(Array.from({ length: size }, () => ({ name: 'noop', data: {}, opts: removal })));
  }
  await queue.close();
}

/** Milliseconds from the first job that a warm worker takes to the last one. */
async function drain(worker) {
  let left = jobs;
  const done = new Promise((resolve) => {
    worker.on('completed', () => {
      left -= 1;
      if (left === 0) resolve();
    });
  });
  const start = performance.now();
  worker.run().catch(() => {});
  await done;
  return performance.now() - start;
}

async function ownProcessor(connection, concurrency) {
  await fill(connection);
  const worker = new Worker('plain', async () => undefined, { connection, concurrency, autorun: false });
  await worker.waitUntilReady();
  const time = await drain(worker);
  await worker.close();
  return time;
}

async function poolProcessor(connection, concurrency) {
  await fill(connection);
  const inPool = processor(file, { maxWorkers: Math.min(concurrency, 2) });
  await inPool.executor.prewarm();
  const worker = new Worker('plain', inPool, { connection, concurrency, autorun: false });
  await worker.waitUntilReady();
  const time = await drain(worker);
  await worker.close();
  await inPool.close();
  return time;
}

/** The executor waits in this process as well: its share is in the figure. */
async function served(connection, concurrency) {
  const executor = new BullMQExecutor({ queue: 'served', connection, tasks, ...removal });
  const futures = Array.from({ length: jobs }, () => executor.submit(noop));
  const queue = new Queue('served', { connection });
  while ((await queue.getWaitingCount()) < jobs) await new Promise((resolve) => setTimeout(resolve, 20));
  const pool = new ProcessPoolExecutor({ maxWorkers: concurrency, onWorkerCrash: 'isolate' });
  await pool.prewarm();
  const start = performance.now();
  const server = serveTasks({ queue: 'served', connection, tasks, executor: pool });
  await Promise.all(futures);
  const time = performance.now() - start;
  await server.close();
  await Promise.all([queue.close(), executor.shutdown(), pool.shutdown()]);
  return time;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const redis = await startRedis();
try {
  for (const concurrency of values.concurrency.split(',').map(Number)) {
    const runs = { 'BullMQ in-process': ownProcessor, 'processor()': poolProcessor, serveTasks: served };
    const times = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, run] of Object.entries(runs))
        times[name].push(await run(redis.connection, concurrency));
    }
    const base = median(times['BullMQ in-process']);
    for (const [name, list] of Object.entries(times)) {
      const each = list.map((time) => Math.round((jobs / time) * 1000)).join(' ');
      const rate = Math.round((jobs / median(list)) * 1000);
      console.log(
        `concurrency ${concurrency}  ${name.padEnd(18)} ${rate} jobs/s  ${(base / median(list)).toFixed(2)} of BullMQ's own  (${each})`,
      );
    }
  }
} finally {
  await redis.stop();
}
