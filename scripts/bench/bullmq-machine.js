/** A machine of the benchmark: serves a queue with so many workers until it is stopped. */
import { serveTasks } from '../../dist/bullmq.js';
import { ProcessPoolExecutor } from '../../dist/index.js';
import { tasks } from './bullmq-tasks.js';

const { queue, connection, workers } = JSON.parse(process.argv[2]);
const executor = new ProcessPoolExecutor({ maxWorkers: workers, onWorkerCrash: 'isolate' });
await executor.prewarm();
const server = serveTasks({ queue, connection, tasks, executor });
await server.ready;
console.log('ready');
