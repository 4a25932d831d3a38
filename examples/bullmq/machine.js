// Runs on each machine. At SIGTERM, running jobs finish, or return to the queue after the grace period.
import { ProcessPoolExecutor } from 'loky';
import { serveTasks } from 'loky/bullmq';
import { tasks } from './tasks.js';

const executor = new ProcessPoolExecutor({ onWorkerCrash: 'isolate', memory: { limit: 1_000_000_000 } });
const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const server = serveTasks({ queue: 'work', connection, tasks, executor, gracePeriod: 10_000 });
await server.ready;
console.log('serving');
