// A text of 5 MB is sent through the store; Redis gets only its key. Here, one program is both submitter and machine.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullMQExecutor, serveTasks } from 'loky/bullmq';
import { folderStore } from './folder-store.js';
import { hash, tasks } from './tasks.js';

const folder = await mkdtemp(join(tmpdir(), 'large-'));
const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const both = { queue: 'large', connection, tasks, store: folderStore(folder) };
const server = serveTasks(both);
const executor = new BullMQExecutor(both);

console.log(await executor.submit(hash, 'a'.repeat(5_000_000))); // → 7f4a2851

await Promise.all([executor.shutdown(), server.close()]);
console.log((await readdir(folder)).length); // → 0
await rm(folder, { recursive: true });
