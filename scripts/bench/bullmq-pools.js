/**
 * Pools whose calls are jobs of a queue. Needs `redis-server`; nothing of it is ended, as a measurement's process group is. `workers`
 * is how many jobs run at once; a pool has two processes, as the others have.
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
  const settings = ['--port', port, '--bind', '127.0.0.1', '--dir', tmpdir(), '--save', ''];
  const server = spawn('redis-server', settings);
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  return { connection: { host: '127.0.0.1', port }, apart: { redis: server.pid } };
}

/** The jobs of a queue go to a Worker in this process, which runs the processor that `processorFor(processes)` gives. */
const openWorker =
  (processorFor) =>
  async ({ workers }) => {
    const { connection, apart } = await startRedis();
    const queue = new Queue('bench', { connection });
    const run = processorFor(Math.min(workers, 2));
    const worker = new Worker('bench', run, { connection, concurrency: workers });
    await worker.waitUntilReady();
    const waiting = new Map();
    worker.on('completed', ({ id }, result) => waiting.get(id)(result));
    const batch = [];
    const runJob = (name, data = null) =>
      new Promise((resolve) => {
        const jobId = `job-${waiting.size}`;
        waiting.set(jobId, resolve);
        // With all of this turn.
        if (batch.push({ name, data, opts: { jobId, ...removal } }) === 1)
          setImmediate(() => queue.addBulk(batch.splice(0)));
      });
    return { apart, run: runJob };
  };

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

export const openInProcess = openWorker(() => runTask);

/** One message to a bare process and back: what any second process costs. */
export const openChild = openWorker((processes) => {
  const floor = new FloorPool(processes);
  return ({ name, data }) => floor.run(name, data);
});

/** BullMQ starts a process for each job that runs. */
export const openSandboxed = openWorker(() => file);
export const openProcessor = openWorker((maxWorkers) => processor(file, { maxWorkers, idleTimeout: null }));
export const openServed = ({ workers }) => openMachinesOf(1, workers);
export const openMachines = ({ workers }) => openMachinesOf(workers, 1);
