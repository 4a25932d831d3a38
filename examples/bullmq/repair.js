// Jobs that failed after their last attempt are the dead letters: list them, run them again when the cause is fixed, or remove them.
import { Queue } from 'bullmq';

const { hostname: host, port } = new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
const queue = new Queue('letters', { connection: { host, port: Number(port) } });

for (const job of await queue.getFailed(0, 49)) console.log(job.id, job.name, job.failedReason);
await queue.retryJobs({ state: 'failed', count: 100 });
await queue.clean(7 * 86_400_000, 1_000, 'failed'); // those that are older than a week
await queue.close();
