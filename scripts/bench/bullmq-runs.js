/** The ways in which no-op jobs are run. Each gives the time and the CPU of the jobs after the first ones. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { BullMQExecutor, processor, serveTasks } from '../../dist/bullmq.js';
import { ProcessPoolExecutor } from '../../dist/index.js';
import { watchCpu } from './bullmq-cpu.js';
import { noop, tasks } from './bullmq-tasks.js';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
export const file = pathOf('./bullmq-noop.js');
const removal = { removeOnComplete: true, removeOnFail: true };

/** Notes jobs that are done: the clock runs from the last one of the warm-up to the last one of all. */
function stopwatch({ redis, warm, jobs }) {
  let done = 0;
  let start;
  let cpu;
  let resolve;
  const finished = new Promise((r) => {
    resolve = r;
  });
  const note = () => {
    done += 1;
    if (done === warm) {
      start = performance.now();
      cpu = watchCpu(redis.pid);
    } else if (done === warm + jobs) resolve({ time: performance.now() - start, ...cpu() });
  };
  return { note, finished };
}

async function fill({ redis, warm, jobs }) {
  const queue = new Queue('plain', redis);
  for (let left = warm + jobs; left > 0; left -= 500) {
    const job = { name: 'noop', data: {}, opts: removal };
    await queue.addBulk(Array(Math.min(500, left)).fill(job));
  }
  await queue.close();
}

async function drain(run, processorOfWorker) {
  await fill(run);
  const { connection } = run.redis;
  const { concurrency } = run;
  const worker = new Worker('plain', processorOfWorker, { connection, concurrency, autorun: false });
  await worker.waitUntilReady();
  const { note, finished } = stopwatch(run);
  worker.on('completed', note);
  worker.run().catch(() => {});
  const measured = await finished;
  await worker.close();
  return measured;
}

export const inProcess = (run) => drain(run, async () => undefined);

export const sandboxed = (run) => drain(run, file);

/** A processor that writes a line to a bare child, and waits for a line back: what any second process costs. */
export function pipeProcessor(workers) {
  const children = Array.from({ length: workers }, () => {
    const child = spawn(process.execPath, [pathOf('./bullmq-pipe-child.js')], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    });
    const waiting = [];
    child.stdio[3].on('data', (chunk) => {
      for (const byte of chunk) if (byte === 10) waiting.shift()();
    });
    return { child, waiting };
  });
  const run = ({ id, name, data }) => {
    const { child, waiting } = children.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
    return new Promise((resolve) => {
      waiting.push(resolve);
      child.stdio[3].write(`${JSON.stringify({ id, name, data })}\n`);
    });
  };
  const close = () => {
    for (const { child } of children) child.kill();
  };
  return Object.assign(run, { close });
}

export async function overPipe(run) {
  const overChildren = pipeProcessor(run.workers);
  const measured = await drain(run, overChildren);
  overChildren.close();
  return measured;
}

export async function poolProcessor(run) {
  const inPool = processor(file, { maxWorkers: run.workers });
  await inPool.executor.prewarm();
  const measured = await drain(run, inPool);
  await inPool.close();
  return measured;
}

/** The executor waits in this process as well: its share is in the figure. */
export async function served(run) {
  const { connection } = run.redis;
  const { note, finished } = stopwatch(run);
  const executor = new BullMQExecutor({ queue: 'served', connection, tasks, ...removal });
  for (let left = run.warm + run.jobs; left > 0; left -= 1) executor.submit(noop).addDoneCallback(note);
  const queue = new Queue('served', { connection });
  while ((await queue.getWaitingCount()) < run.warm + run.jobs) await new Promise((r) => setTimeout(r, 20));
  const pool = new ProcessPoolExecutor({ maxWorkers: run.concurrency, onWorkerCrash: 'isolate' });
  await pool.prewarm();
  const server = serveTasks({ queue: 'served', connection, tasks, executor: pool });
  const measured = await finished;
  await server.close();
  await Promise.all([queue.close(), executor.shutdown(), pool.shutdown()]);
  return measured;
}
