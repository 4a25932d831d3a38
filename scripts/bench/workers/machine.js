/** A machine of loky/bullmq: serves a queue with so many workers. */
import { serveTasks } from '../../../dist/bullmq.js';
import { ProcessPoolExecutor } from '../../../dist/index.js';
import { tasks } from '../bullmq-tasks.js';

const [queue, port, workers] = process.argv.slice(2);
const executor = new ProcessPoolExecutor({ maxWorkers: Number(workers), onWorkerCrash: 'isolate' });
await executor.prewarm();
await serveTasks({ queue, connection: { host: '127.0.0.1', port: Number(port) }, tasks, executor }).ready;
console.log('ready');
