// Twenty jobs read one table, which the machine loads from the store once. Here, one program is both submitter and machine.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullMQExecutor, serveTasks } from 'loky/bullmq';
import { folderStore } from './folder-store.js';
import { tasks } from './tasks.js';

const folder = await mkdtemp(join(tmpdir(), 'shared-'));
const connection = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const allowFunctions = { key: process.env.LOKY_KEY ?? 'a key that both sides share, of 32 bytes or more' };
const both = { queue: 'shared', connection, tasks, allowFunctions, store: folderStore(folder) };
const server = serveTasks(both);
const executor = new BullMQExecutor(both);

const words = new Map(Array.from({ length: 50_000 }, (_, index) => [`word ${index}`, index]));
const shared = executor.share(words);
const rank = (word) => shared.value.get(word);
const ranks = await executor.map(rank, [...words.keys()].slice(0, 20)).toArray();
console.log(ranks.at(-1)); // → 19
shared[Symbol.dispose]();

await Promise.all([executor.shutdown(), server.close()]);
console.log((await readdir(folder)).length); // → 0
await rm(folder, { recursive: true });
