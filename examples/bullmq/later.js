// A job that outlives its submitter. It has its own id: if it is submitted twice, it runs once.
import { BullMQExecutor } from 'loky/bullmq';
import { charge, tasks } from './tasks.js';

const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const first = new BullMQExecutor({ queue: 'work', connection, tasks });
const order = { jobId: 'order-17', queueTimeout: 3_600_000 };
const { id } = await first.withOptions(order).enqueue(charge, 'ada', 1_200);
console.log(id); // → order-17
await first.shutdown(); // the job is stored: this program may end here

// Later, in another program:
const second = new BullMQExecutor({ queue: 'work', connection, tasks });
console.log((await second.result('order-17')).cents); // → 1200
console.log((await second.withOptions(order).submit(charge, 'ada', 1_200)).attempt); // → 1
const unknown = await second.future('order-18').exception();
console.log(unknown.name); // → UnknownJobError
await second.shutdown();
