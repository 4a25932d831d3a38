// Runs anywhere. Only the executor differs from the code for one machine.
import { BullMQExecutor } from 'loky/bullmq';
import { charge, hash, tasks } from './tasks.js';

const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const executor = new BullMQExecutor({ queue: 'work', connection, tasks, crashRetries: 2 });

console.log(await executor.submit(hash, 'a')); // → ca978112
for await (const each of executor.map(hash, ['b', 'c'])) console.log(each); // → 3e23e816, 2e7d2c03

const careful = executor.withOptions({ timeout: 30_000, retries: 5 });
const receipt = await careful.submit(charge, 'ada', 1_200);
console.log(receipt.cents, receipt.attempt); // → 1200 1

await executor.shutdown();
