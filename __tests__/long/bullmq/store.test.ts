/** Payloads over the limit, through a store of the user's: in a folder, and in a bucket, whose server is a fake of some lines. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProcessPoolExecutor } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, type PayloadStore, serveTasks } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

const examples = '../../../examples/bullmq';
const { bucketStore } = (await import(`${examples}/bucket-store.js`)) as {
  bucketStore(url: string): PayloadStore;
};
const { folderStore, removeOlderThan } = (await import(`${examples}/folder-store.js`)) as {
  folderStore(folder: string): PayloadStore;
  removeOlderThan(folder: string, milliseconds: number): Promise<void>;
};

const LIMIT = 10_000;
const LONG = 'y'.repeat(50_000);
const allowFunctions = { key: 'a key of the tests that has at least 32 bytes' };

/** What S3 answers to the three requests of a store. */
function fakeBucket(objects: Map<string, Buffer>): Server {
  return createServer(async (request, response) => {
    const key = request.url ?? '';
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    if (request.method === 'PUT') objects.set(key, Buffer.concat(body));
    if (request.method === 'GET' && !objects.has(key)) response.statusCode = 404;
    response.end(request.method === 'GET' ? (objects.get(key) ?? 'NoSuchKey') : '');
    if (request.method === 'DELETE') objects.delete(key);
  });
}

test('the folder store removes what is old', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loky-store-'));
  for (const name of ['old', 'new']) writeFileSync(join(folder, name), '');
  utimesSync(join(folder, 'old'), 1, 1);
  await removeOlderThan(folder, 60_000);
  expect(readdirSync(folder)).toEqual(['new']);
  rmSync(folder, { recursive: true });
});

describeWithRedis('a store', (redis) => {
  let pool: ProcessPoolExecutor;
  let folder = '';
  const objects = new Map<string, Buffer>();
  const bucket = fakeBucket(objects);
  beforeAll(async () => {
    pool = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    folder = mkdtempSync(join(tmpdir(), 'loky-store-'));
    bucket.listen(0, '127.0.0.1');
    await once(bucket, 'listening');
  });
  afterAll(async () => {
    await pool.shutdown();
    rmSync(folder, { recursive: true, force: true });
    bucket.closeAllConnections();
    bucket.close();
  });

  const stores: Record<string, { open(): PayloadStore; count(): number }> = {
    folder: { open: () => folderStore(folder), count: () => readdirSync(folder).length },
    bucket: {
      open: () => bucketStore(`http://127.0.0.1:${(bucket.address() as AddressInfo).port}/bucket`),
      count: () => objects.size,
    },
  };

  async function openBoth(store: PayloadStore, ofMachine: PayloadStore | undefined = store, options = {}) {
    const queue = newQueue();
    const common = { queue, connection: redis().connection, tasks: tasks.tasks, allowFunctions };
    const serve = { ...common, executor: pool, maxPayload: LIMIT, leaveOn: [] };
    const server = serveTasks(ofMachine === undefined ? serve : { ...serve, store: ofMachine });
    const open = (more: Partial<BullMQExecutorOptions> = {}) =>
      new BullMQExecutor({ ...common, store, maxPayload: LIMIT, checkInterval: 3_600_000, ...more });
    const executor = open(options);
    const close = () => Promise.all([executor.shutdown(), server.close()]);
    return { queue, server, executor, open, close };
  }

  describe.each(Object.keys(stores))('in a %s', (kind) => {
    const { open: openStore, count } = stores[kind] as (typeof stores)[string];

    test('has what is too large for Redis, and is empty when all is heard', async () => {
      const { queue, executor, close } = await openBoth(openStore(), undefined, { removeOnComplete: false });
      expect(await executor.submit(tasks.echo, LONG)).toBe(LONG);
      const rich = new Map([['text', LONG]]);
      expect(await executor.submit(tasks.echo, rich)).toEqual(rich);
      expect(await executor.submit(tasks.grow, 50_000)).toHaveLength(50_000);
      const failure = await executor.submit(tasks.fail, LONG).exception();
      expect(failure).toMatchObject({ name: 'RangeError', message: LONG, detail: { code: 7 } });
      expect(await executor.submit((text: string) => text.length, LONG)).toBe(50_000);
      const items = await executor.map(tasks.echo, [LONG, 'z'], { chunkSize: 2 }).toArray();
      expect(items).toEqual([LONG, 'z']);
      await waitUntil(() => count() === 0, 5_000);
      const [id] = (await redis().command('zrange', `bull:${queue}:completed`, '0', '0')).split('\n');
      expect((await redis().command('hget', `bull:${queue}:${id}`, 'data')).length).toBeLessThan(1_000);
      await close();
    });
  });

  test('keeps the outcome of a job with an id of its own for all who ask', async () => {
    const { executor, open, close } = await openBoth(folderStore(folder));
    const { id } = await executor.enqueue(tasks.echo, LONG);
    expect(await executor.result(id)).toBe(LONG);
    const other = open();
    expect(await other.result(id)).toBe(LONG);
    expect(readdirSync(folder).map((name) => name.split('.')[1])).toEqual(['arguments', 'result']);
    await Promise.all([other.shutdown(), close()]);
  });

  const failing = (part: 'put' | 'get', kind: string): PayloadStore => {
    const store = folderStore(mkdtempSync(join(folder, 'failing-')));
    const fail = (key: string) => (key.includes(kind) ? Promise.reject(new Error('no space')) : undefined);
    return {
      put: (key, data) => (part === 'put' ? fail(key) : undefined) ?? store.put(key, data),
      get: (key) => (part === 'get' ? fail(key) : undefined) ?? store.get(key),
    };
  };

  test.each([
    [
      'put',
      'arguments',
      /^the store could not keep the arguments of job \S+ \(\d+ bytes, key \S+\): no space$/,
    ],
    ['get', 'arguments', /^the store could not give the arguments of job \S+ \(key \S+\): no space$/],
    ['put', 'result', /^the store could not keep the outcome of job \S+ \(\d+ bytes, key \S+\): no space$/],
    ['get', 'result', /^the store could not give the outcome of job \S+ \(key \S+\): no space$/],
  ] as const)('that fails to %s the %s is named as the reason', async (part, kind, message) => {
    const { executor, close } = await openBoth(failing(part, kind));
    await expect(executor.submit(tasks.echo, LONG).result()).rejects.toMatchObject({
      name: 'PayloadStoreError',
      code: 'ERR_PAYLOAD_STORE',
      message: expect.stringMatching(message),
      cause: expect.objectContaining({ message: 'no space' }),
    });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    await close();
  });

  test('that never answers, or gives no bytes, settles the future too', async () => {
    const silent = { put: () => new Promise(() => {}), get: async () => LONG as never, timeout: 100 };
    const { executor, close } = await openBoth(silent);
    await expect(executor.submit(tasks.echo, LONG).result()).rejects.toThrow(/did not answer within 100 ms/);
    await expect(executor.enqueue(tasks.echo, LONG)).rejects.toThrow(/did not answer within 100 ms/);
    await close();
    const wrong = await openBoth({ ...silent, put: async () => {} });
    await expect(wrong.executor.submit(tasks.echo, LONG).result()).rejects.toThrow(
      /get gave string in the place of bytes/,
    );
    await wrong.close();
  });

  test('of one side alone', async () => {
    const { executor, server, queue, close } = await openBoth(folderStore(folder), undefined);
    await server.close();
    const without = serveTasks({
      ...{ queue, connection: redis().connection, tasks: tasks.tasks, executor: pool, leaveOn: [] },
      ...{ handBackTimeout: 0 },
    });
    await expect(executor.submit(tasks.echo, LONG).result()).rejects.toMatchObject({
      name: 'VersionSkewError',
      message: expect.stringMatching(/lie in a store .* give serveTasks the same store/),
    });
    await without.close();
    await close();
  });

  test('what it must be', () => {
    const open = (store: unknown) => () =>
      new BullMQExecutor({ queue: 'q', connection: {}, tasks: tasks.tasks, store } as BullMQExecutorOptions);
    expect(open(5)).toThrow('store must be an object, got 5');
    expect(open({ put() {} })).toThrow('store must have put and get, but get is missing');
    expect(open({ put() {}, get: 1 })).toThrow('store.get must be a function');
    expect(open({ put() {}, get() {}, timeout: 0 })).toThrow(
      'store.timeout must be a number of milliseconds',
    );
  });
});
