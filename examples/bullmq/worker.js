// An ordinary BullMQ program, with a pool instead of a sandboxed processor.
import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { processor } from 'loky/bullmq';

const { hostname: host, port } = new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
const connection = { host, port: Number(port) };
const inPool = processor(fileURLToPath(new URL('./resize.js', import.meta.url)), {
  timeout: 30_000, // then killed, with its descendants
  memory: { limit: 500_000_000 },
  maxTasksPerWorker: 1_000,
});
const worker = new Worker('resize', inPool, { connection, concurrency: 2 });

const queue = new Queue('resize', { connection });
const events = new QueueEvents('resize', { connection });
await events.waitUntilReady();
const job = await queue.add('photo', { width: 640 }, { attempts: 3, backoff: 1_000 });
console.log((await job.waitUntilFinished(events)).width); // → 320

await worker.close();
await inPool.close();
await Promise.all([queue.close(), events.close()]);
