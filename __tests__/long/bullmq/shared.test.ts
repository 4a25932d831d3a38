/** Values that are shared with machines through the store: how often they travel, and what becomes of them when things fail. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProcessPoolExecutor } from 'loky';
import { BullMQExecutor, type PayloadStore, type ServeTasksOptions, serveTasks } from 'loky/bullmq';
import { packageUrl, scriptFolder } from '../../executor/host-script.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import { Money } from './programs/money.js';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

const { folderStore } = (await import('../../../examples/bullmq/folder-store.js' as string)) as {
  folderStore(folder: string): PayloadStore;
};

const allowFunctions = { key: 'a key of the tests that has at least 32 bytes' };

/** Counts what is asked of it. */
class MemoryStore implements PayloadStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly gets: string[] = [];
  puts = 0;

  async put(key: string, data: Uint8Array): Promise<void> {
    this.puts += 1;
    this.objects.set(key, data);
  }

  async get(key: string): Promise<Uint8Array> {
    this.gets.push(key);
    const data = this.objects.get(key);
    if (data === undefined) throw new Error('no such object');
    return data;
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }
}

test('share needs a store', async () => {
  const connection = { host: '127.0.0.1', port: 1 };
  await using executor = new BullMQExecutor({ queue: 'q', connection, tasks: tasks.tasks });
  expect(() => executor.share(1)).toThrow(/^share needs the option `store`, .* and to serveTasks$/);
});

describe('a program', () => {
  const run = scriptFolder();

  test('that holds a shared value no more has it removed from the store', async () => {
    const { code, said, stderr } = await run(
      `
      const { BullMQExecutor, defineTasks } = await import(${JSON.stringify(new URL('bullmq.js', packageUrl))});
      const objects = new Map();
      const store = {
        put: async (key, data) => objects.set(key, data),
        get: async (key) => objects.get(key),
        delete: async (key) => objects.delete(key),
      };
      const tasks = defineTasks(import.meta.url, {});
      const executor = new BullMQExecutor({ queue: 'q', connection: { host: '127.0.0.1', port: 1 }, tasks, store });
      const share = (value) => executor.share({ value });
      const held = share('held');
      for (let each = 0; each < 10; each += 1) share(each);
      say(objects.size);
      for (let tries = 0; tries < 100 && objects.size > 1; tries += 1) {
        gc();
        await sleep(10);
      }
      say([...objects.values()].map(String).join().includes('held'));
      say(held.value.value);
      await executor.shutdown();
      `,
      { execArgv: ['--expose-gc'] },
    ).ended;
    expect({ code, said, stderr }).toEqual({ code: 0, said: [11, true, 'held'], stderr: '' });
  });
});

describeWithRedis('a shared value', (redis) => {
  const words = new Map([['a', 1]]);
  let pool: ProcessPoolExecutor;
  beforeAll(() => {
    pool = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate' });
  });
  afterAll(() => pool.shutdown());

  function openBoth<S extends PayloadStore>(store: S, ofMachine: Partial<ServeTasksOptions> = { store }) {
    const common = { queue: newQueue(), connection: redis().connection, tasks: tasks.tasks, allowFunctions };
    const serve = (more: Partial<ServeTasksOptions> = {}) =>
      serveTasks({ ...common, executor: pool, leaveOn: [], ...ofMachine, ...more });
    const server = serve();
    const executor = new BullMQExecutor({ ...common, store, removeOnComplete: false });
    const close = () => Promise.all([executor.shutdown(), server.close()]);
    return { queue: common.queue, executor, server, serve, store, close };
  }

  test('of 5 MB is read once by each machine, and decoded once by each worker, whatever runs over it', async () => {
    const { queue, executor, serve, store, close } = openBoth(new MemoryStore());
    const otherPool = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const other = serve({ executor: otherPool });
    const large = new Map<string, unknown>([
      ['a', 1],
      ['b', 'x'.repeat(5_000_000)],
    ]);
    const shared = executor.share(large);
    large.clear();
    const jobs = Array.from({ length: 20 }, () => executor.submit(tasks.lookUp, shared, 'a', { ms: 50 }));
    const outcomes = await Promise.all(jobs);
    expect(outcomes.map(({ found }) => found)).toEqual(Array(20).fill(1));
    expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(3);
    expect(outcomes.map(({ copies }) => copies)).toEqual(Array(20).fill(1));
    expect([store.puts, store.gets.length, new Set(store.gets).size]).toEqual([1, 2, 1]);
    const [id] = (await redis().command('zrange', `bull:${queue}:completed`, '0', '0')).split('\n');
    expect((await redis().command('hget', `bull:${queue}:${id}`, 'data')).length).toBeLessThan(1_000);
    await other.close();
    await Promise.all([close(), otherPool.shutdown()]);
  });

  test('is in arguments, chunks and signed functions, and has what the reducers are for', async () => {
    const { executor, store, close } = openBoth(new MemoryStore());
    const price = executor.share({ price: new Money(3, 'EUR'), list: [1, 2] });
    const total = (count: number) => count * price.value.price.amount;
    expect(await executor.submit(total, 2)).toBe(6);
    expect(await executor.submit(total, 3)).toBe(9);
    const second = ({ deep }: { deep: typeof price }) => [
      deep.value.price instanceof Money,
      deep.value.list[1],
    ];
    expect(await executor.submit(second, { deep: price })).toEqual([expect.any(Boolean), 2]);
    const shared = executor.share(words);
    const found = await executor.map(tasks.lookUp, [shared, shared, shared], ['a', 'b', 'a'], {
      chunkSize: 2,
    });
    expect((await found.toArray()).map((each) => each.found)).toEqual([1, undefined, 1]);
    expect([store.puts, new Set(store.gets).size, store.gets.length]).toEqual([2, 2, 2]);
    await expect(executor.submit(() => price)).rejects.toThrow(
      /cannot send the result through Redis: it holds a shared value, which only arguments and functions can/,
    );
    expect(() => executor.share([price])).toThrow(/cannot send the shared value .* it holds a shared value/);
    expect(() => executor.share(() => 1)).toThrow(/cannot send the shared value through Redis/);
    await close();
    expect(() => executor.share(1)).toThrow(/after shutdown/);
  });

  test('of an executor of this machine is sent as well, and one of a queue to workers of this machine', async () => {
    const { executor, store, close } = openBoth(new MemoryStore());
    const local = pool.share(words);
    expect(await executor.submit(tasks.lookUp, local, 'a')).toMatchObject({ found: 1 });
    const remote = executor.share(words);
    expect(await pool.submit((map) => map.value.get('a'), remote)).toBe(1);
    expect(store.puts).toBe(2);
    local[Symbol.dispose]();
    await waitUntil(() => store.objects.size === 1, 5_000);
    await close();
  });

  test('that is disposed is there for the jobs that were submitted before, and for no other', async () => {
    const { executor, store, close } = openBoth(new MemoryStore());
    const shared = executor.share(words);
    const jobs = Array.from({ length: 6 }, () => executor.submit(tasks.lookUp, shared, 'a', { ms: 100 }));
    const cancelled = executor.submit(tasks.lookUp, shared, 'a');
    cancelled.cancel();
    shared[Symbol.dispose]();
    expect((await Promise.all(jobs)).map(({ found }) => found)).toEqual(Array(6).fill(1));
    await expect(executor.submit(tasks.lookUp, shared, 'a').result()).rejects.toThrow(
      /^cannot send the arguments through Redis: one of them is a shared value that was disposed\n {2}hint: dispose it after/,
    );
    await expect(executor.submit(() => shared.value.size).result()).rejects.toThrow(
      /closure variable `shared` is a shared value that was disposed/,
    );
    await waitUntil(() => store.objects.size === 0, 5_000);
    await close();
  });

  test('is removed with its executor, but not if a stored job may need it', async () => {
    const { executor, store, server, close } = openBoth(new MemoryStore());
    await server.close();
    executor.share('unused');
    const { id } = await executor.enqueue(tasks.lookUp, executor.share(words), 'a');
    await close();
    await waitUntil(() => store.objects.size === 1, 5_000);
    expect(id).not.toBe('');
  });

  test('that is missing in the store, or is another one there, fails the job with the reason, and is read again for the next', async () => {
    const { executor, store, close } = openBoth(new MemoryStore());
    const shared = executor.share(words);
    await waitUntil(() => store.objects.size === 1, 5_000);
    const [[key, data]] = [...store.objects] as [[string, Uint8Array]];
    store.objects.clear();
    await expect(executor.submit(tasks.lookUp, shared, 'a').result()).rejects.toMatchObject({
      name: 'PayloadStoreError',
      message: expect.stringMatching(
        /^the store could not give a shared value \(key \S+\): no such object\n {2}hint: a shared value is in the store until/,
      ),
    });
    store.objects.set(key, Buffer.from('[1]'));
    await expect(executor.submit(() => shared.value.get('a')).result()).rejects.toMatchObject({
      name: 'PayloadStoreError',
      message: expect.stringMatching(/^the store gave other bytes for a shared value than were put there/),
    });
    store.objects.set(key, data);
    expect(await executor.submit(() => shared.value.get('a'))).toBe(1);
    await close();
  });

  test('that the store cannot keep fails the tasks that need it, and no other', async () => {
    const store = new MemoryStore();
    store.put = () => Promise.reject(new Error('no space'));
    const { executor, close } = openBoth(store);
    const shared = executor.share(words);
    const message = /^the store could not keep a shared value \(\d+ bytes, key \S+\): no space/;
    await expect(executor.submit(tasks.lookUp, shared, 'a').result()).rejects.toThrow(message);
    await expect(executor.enqueue(tasks.lookUp, shared, 'a')).rejects.toThrow(message);
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    await close();
  });

  test('goes to no machine without a store', async () => {
    const { executor, close } = openBoth(new MemoryStore(), { handBackTimeout: 0 });
    const shared = executor.share(words);
    await expect(executor.submit(tasks.lookUp, shared, 'a').result()).rejects.toMatchObject({
      name: 'VersionSkewError',
      message: expect.stringMatching(/needs a shared value, .* give serveTasks the same store/),
    });
    await close();
  });

  test('survives the crash of a worker without another read', async () => {
    const { executor, store, close } = openBoth(new MemoryStore());
    const shared = executor.share(words);
    const crashing = executor.withOptions({ retries: 1 }).submit(tasks.lookUp, shared, 'a', { crash: true });
    shared[Symbol.dispose]();
    expect(await crashing).toMatchObject({ found: 1 });
    expect(store.gets).toHaveLength(1);
    await close();
  });

  test('survives the end of a machine: the next one reads it again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loky-shared-'));
    const queue = newQueue();
    const { connection } = redis();
    const serve = { queue, connection, storeFolder: folder, lockDuration: 1_000, stalledInterval: 500 };
    const executor = new BullMQExecutor({
      queue,
      connection,
      tasks: tasks.tasks,
      store: folderStore(folder),
    });
    const begun = join(folder, 'begun');
    const first = await startMachine(serve);
    const shared = executor.share(words);
    const job = executor.submit(tasks.lookUp, shared, 'a', { file: begun });
    shared[Symbol.dispose]();
    await waitUntil(() => existsSync(begun), 10_000);
    await first.kill('SIGKILL');
    const second = await startMachine(serve);
    expect(await job).toMatchObject({ found: 1, copies: 1 });
    await executor.shutdown();
    await second.kill('SIGTERM');
    rmSync(folder, { recursive: true });
  });
});
