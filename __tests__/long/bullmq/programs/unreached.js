/** Shuts down an executor that could not reach Redis, and says which timers that has left. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BullMQExecutor, defineTasks } from 'loky/bullmq';

const connection = { host: process.argv[2], port: 1 };
const executor = new BullMQExecutor({ queue: 'q', connection, tasks: defineTasks(import.meta.url, {}) });
await sleep(300); // it has tried, and waits for the next time
await executor.shutdown();
await sleep(1); // what was closed says so
console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length);
