/**
 * Pools whose calls are jobs of a queue. Needs `redis-server`; nothing of it is ended, as a measurement's process group is. `workers`
 * is how many jobs run at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { Queue, Worker } from 'bullmq';
import { BullMQExecutor, processor } from '../../dist/bullmq.js';
import runTask, * as registry from './bullmq-tasks.js';
import { FloorPool } from './floor.js';
import { pathOf } from './pools.js';
import { allOf } from './probes.js';

const file = pathOf('./bullmq-tasks.js');
const removal = { removeOnComplete: true, removeOnFail: true };

/** A Redis of the benchmark's own, on a free port of the loopback, that writes nothing to disk. */
async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const place = ['--port', port, '--bind', '127.0.0.1', '--dir', tmpdir()];
  const server = spawn('redis-server', [...place, '--save', '']);
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  return { connection: { host: '127.0.0.1', port }, apart: { redis: server.pid } };
}

/** The jobs of a queue go to a Worker in this process, which runs this processor. */
async function openWorker(run, workers) {
  const { connection, apart } = await startRedis();
  const queue = new Queue('bench', { connection });
  const worker = new Worker('bench', run, { connection, concurrency: workers });
  await worker.waitUntilReady();
  const waiting = new Map();
  worker.on('completed', ({ id }, result) => waiting.get(id)(result));
  let batch = [];
  const add = () => {
    queue.addBulk(batch);
    batch = [];
  };
  const runJob = (name, data = null) =>
    new Promise((resolve) => {
      const jobId = `job-${waiting.size}`;
      waiting.set(jobId, resolve);
      if (batch.length === 0) setImmediate(add); // with all of this turn
      batch.push({ name, data, opts: { jobId, ...removal } });
    });
  return { apart, run: runJob };
}

/** Processes of a pool: two, as the others have. */
const processesFor = (workers) => Math.min(workers, 2);

export const openInProcess = ({ workers }) => openWorker(runTask, workers);

/** One message to a bare process and back: what any second process costs. */
export function openChild({ workers }) {
  const floor = new FloorPool(processesFor(workers));
  return openWorker(({ name, data }) => floor.run(name, data), workers);
}

/** BullMQ starts a process for each job that runs. */
export const openSandboxed = ({ workers }) => openWorker(file, workers);

export const openProcessor = ({ workers }) =>
  openWorker(processor(file, { maxWorkers: processesFor(workers), idleTimeout: null }), workers);

/** The executor waits in this process; the machines, which are processes, serve with so many workers each. */
async function openMachinesOf(machines, workers) {
  const { connection, apart } = await startRedis();
  const args = [pathOf('./workers/machine.js'), 'bench', connection.port, workers];
  await allOf(machines, async () => {
    const machine = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(machine.stdout, 'data');
  });
  const executor = new BullMQExecutor({ queue: 'bench', connection, tasks: registry.tasks, ...removal });
  return { apart, run: (task, ...args) => executor.submit(registry[task], ...args) };
}

export const openServed = ({ workers }) => openMachinesOf(1, workers);
export const openMachines = ({ workers }) => openMachinesOf(workers, 1);
