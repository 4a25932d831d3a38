/** serveTasks in the process of the test: its pool has other work too, and its workers may know other tasks. */
import { expect, test } from '@jest/globals';
import { type ExecutorOptions, ProcessPoolExecutor } from 'loky';
import { BullMQExecutor, defineTasks, serveTasks, type TaskRegistry, type TaskServer } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import * as slow from './programs/slow.js';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

interface ServiceOptions extends ExecutorOptions {
  readonly registry?: TaskRegistry;
  readonly gracePeriod?: number;
}

interface Service {
  readonly queue: string;
  readonly pool: ProcessPoolExecutor;
  readonly server: TaskServer;
  readonly executor: BullMQExecutor;
}

describeWithRedis('a machine in the process of the test', (redis) => {
  async function withService(
    run: (service: Service) => Promise<void>,
    { registry = tasks.tasks, gracePeriod = 10_000, ...options }: ServiceOptions = {},
  ): Promise<void> {
    const pool = new ProcessPoolExecutor({
      ...{ maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' },
      ...options,
    });
    const common = { queue: newQueue(), connection: redis().connection, tasks: registry };
    const server = serveTasks({ ...common, executor: pool, gracePeriod, leaveOn: [] });
    const executor = new BullMQExecutor(common);
    try {
      await server.ready;
      await run({ queue: common.queue, pool, server, executor });
    } finally {
      await executor.shutdown({ killWorkers: true });
      await server.close();
      await pool.shutdown();
    }
  }

  test('that is disposed of leaves when its jobs are done', async () => {
    // A job that is handed back because a busy system starts its worker slowly waits for another machine, and there is none.
    const options = { gracePeriod: Number.POSITIVE_INFINITY };
    await withService(async ({ server, executor }) => {
      const future = executor.submit(tasks.sleep, 500);
      await waitUntil(() => server.activeCount === 1, 10_000);
      await server[Symbol.asyncDispose]();
      await server.closed;
      expect(server.stats().jobs).toMatchObject({ started: 1, done: 1, handedBack: 0 });
      expect(await future).toBe(500);
      const waiting = executor.submit(tasks.noop);
      await expect(waiting.result({ timeout: 300 })).rejects.toThrow(/not done/);
    }, options);
  });

  test('counts the loading of its tasks as no time of a job', async () => {
    const options = { registry: slow.tasks, env: { LOADS_FOR: '700' } };
    await withService(async ({ pool, executor }) => {
      await pool.prewarm();
      const limited = executor.withOptions({ timeout: 400 });
      expect(await limited.submit(slow.double, 1)).toBe(2);
      expect(await limited.submit(slow.never).exception()).toMatchObject({ name: 'TimeoutError' });
      expect(await limited.submit(slow.double, 2)).toBe(4);
    }, options);
  });

  test('whose pool has no room puts a job off until there is some', async () => {
    await withService(
      async ({ queue, pool, executor }) => {
        expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
        const others = [pool.submit(tasks.sleep, 60_000), pool.submit(tasks.sleep, 60_001)] as const;
        const future = executor.submit(tasks.whoAmI);
        const delayed = async (): Promise<string> => redis().command('zcard', `bull:${queue}:delayed`);
        while ((await delayed()) !== '1') expect(future.done()).toBe(false);
        expect(future.running()).toBe(false);
        for (const other of others) other.cancel({ kill: true });
        expect(await future).toMatchObject({ queue });
      },
      { maxPending: 1 },
    );
  });

  test('gives back what async tasks reject with, and what has no text', async () => {
    await withService(async ({ queue, executor }) => {
      const error = await executor.submit(tasks.failLater, 'too late').exception();
      expect(error).toMatchObject({ name: 'RangeError', message: 'too late' });
      const future = executor.submit(tasks.throwBare);
      await expect(future.result()).rejects.toEqual({});
      const failed = async (): Promise<string[]> =>
        (await redis().command('zrange', `bull:${queue}:failed`, '0', '-1')).split('\n');
      while ((await failed()).length < 2); // the reply is there before BullMQ has noted the end of the job
      const reasons = (await failed()).map((id) =>
        redis().command('hget', `bull:${queue}:${id}`, 'failedReason'),
      );
      expect((await Promise.all(reasons)).sort()).toEqual([
        expect.stringContaining('the task threw a value that has no text'),
        'too late',
      ]);
    });
  });

  const { add } = tasks;
  const money = new URL('./programs/money.js', import.meta.url).href;
  const missing = new URL('./programs/none.js', import.meta.url).href;

  test.each([
    [
      'cannot import',
      missing,
      `the worker process cannot import the tasks of ${missing}: Cannot find module`,
    ],
    [
      'imports in vain',
      money,
      `${money} defines no tasks when a worker process imports it: call defineTasks`,
    ],
  ])('fails the tasks of a module that its workers %s', async (_, url, message) => {
    const registry = defineTasks(url, { add });
    await withService(
      async ({ executor }) => {
        await expect(executor.submit(add, 1, 2).result()).rejects.toThrow(message);
      },
      { registry },
    );
  });

  test('fails a task that the module defines in the host alone', async () => {
    const onlyHere = (): number => 1;
    const registry = defineTasks(tasks.tasks.url, { onlyHere });
    await withService(
      async ({ executor }) => {
        await expect(executor.submit(onlyHere).result()).rejects.toMatchObject({
          name: 'UnknownTaskError',
          message: expect.stringMatching(
            /^the worker process has no task "onlyHere": its tasks are add, square/,
          ),
        });
      },
      { registry },
    );
  });

  test('fails a task whose arguments its workers have no reducer for', async () => {
    const site = {
      test: (value: unknown) => value instanceof URL,
      reduce: (value: URL) => value.href,
      rebuild: (href: string) => new URL(href),
    };
    const echo = tasks.echo as (value: unknown) => unknown;
    const registry = defineTasks(tasks.tasks.url, { echo }, { reducers: { site } });
    await withService(
      async ({ executor }) => {
        await expect(executor.submit(echo, new URL('http://localhost')).result()).rejects.toMatchObject({
          name: 'SerializationError',
          message: expect.stringMatching(/^cannot rebuild the arguments: .*:site\n.*the same reducers/),
        });
      },
      { registry },
    );
  });
});
