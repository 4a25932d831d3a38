// The same on Postgres, with BullMQ's backend and a connection of pg. Create the schema first, with runMigrations of bullmq.
import { createPostgresBackend } from 'bullmq';
import { BullMQExecutor, serveTasks } from 'loky/bullmq';
import { hash, tasks } from './tasks.js';

const connection = process.env.POSTGRES_URL ?? 'postgres://app@127.0.0.1/app';
const place = { queue: 'work', connection, backend: createPostgresBackend, tasks };

const server = serveTasks(place); // on each machine
const executor = new BullMQExecutor(place); // anywhere
console.log(await executor.submit(hash, 'a')); // → ca978112
await executor.shutdown();
await server.close();
