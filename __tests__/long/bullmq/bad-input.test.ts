/** What is wrong is said, clearly and soon: nothing hangs. */

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { SerializationError } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, defineTasks } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import { launchMachine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { startRedis, type TestRedis } from './redis.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

const key = 'a key of the tests that has at least 32 bytes';

describeWithRedis('bad input', (redis) => {
  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({
      queue,
      connection: redis().connection,
      tasks: tasks.tasks,
      checkInterval: 200,
      ...options,
    });

  /** An executor and a machine on a queue of their own. */
  async function withMachine(
    run: (executor: BullMQExecutor, queue: string) => Promise<void>,
    options: Partial<BullMQExecutorOptions> = {},
    machineOptions: object = {},
    env: Record<string, string> = {},
  ): Promise<void> {
    const queue = newQueue();
    const machine = await startMachine(
      { queue, connection: redis().connection, handBackTimeout: 100, ...machineOptions },
      env,
    );
    const executor = open(queue, options);
    try {
      await run(executor, queue);
    } finally {
      await executor.shutdown({ killWorkers: true });
      await machine.kill('SIGTERM');
    }
  }

  test('Redis down at start: futures fail once connectTimeout is over, and the executor can be shut down', async () => {
    const executor = open(newQueue(), { connection: { host: '127.0.0.1', port: 1 }, connectTimeout: 1_000 });
    await expect(executor.submit(tasks.noop).result()).rejects.toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringMatching(
        /Redis at 127\.0\.0\.1:1 could not be reached for 1000 ms: .*ECONNREFUSED/,
      ),
    });
    await executor.shutdown();
  });

  test('Redis down for longer than outageTimeout: pending futures fail', async () => {
    const own = await startRedis();
    const executor = open(newQueue(), { connection: own.connection, outageTimeout: 300 });
    const future = executor.submit(tasks.noop);
    await untilAdded(own);
    await own.stop();
    await expect(future.result()).rejects.toThrow(/could not be reached for 300 ms/);
    await executor.shutdown();
    await own.remove();
  });

  const outages = process.env['LOKY_LONG_TESTS'] === '1' ? [2, 60] : [2];

  test.each(outages)(
    'Redis down for %i s: what was submitted before and meanwhile is done when it is back',
    async (outage) => {
      const own = await startRedis();
      const queue = newQueue();
      const machine = await startMachine({ queue, connection: own.connection });
      const executor = open(queue, { connection: own.connection });
      const before = executor.submit(tasks.sleep, 300);
      await untilAdded(own);
      await own.stop();
      const meanwhile = executor.submit(tasks.add, 20, 22);
      await sleep(outage * 1_000);
      expect(meanwhile.done()).toBe(false);
      await own.start();
      expect(await Promise.all([before, meanwhile])).toEqual([300, 42]);
      await executor.shutdown();
      await machine.kill('SIGTERM');
      await own.remove();
    },
    120_000,
  );

  test('a wrong password: futures fail at once, and a machine says why it leaves', async () => {
    const own = await startRedis(['--requirepass', 'right']);
    const connection = { ...own.connection, password: 'wrong' };
    const queue = newQueue();
    const executor = open(queue, { connection });
    await expect(executor.submit(tasks.noop).result()).rejects.toThrow(
      /does not let this program in: .*(WRONGPASS|NOAUTH).*password/s,
    );
    await executor.shutdown();
    const machine = launchMachine({ queue, connection });
    expect(await machine.says('left')).toMatch(/QueueUnavailableError.*does not let this machine in/);
    expect(await machine.ended).toMatchObject({ exitCode: 0 });
    await own.remove();
  });

  test('a full Redis: the future fails and says so', async () => {
    const own = await startRedis(['--maxmemory', '1500kb', '--maxmemory-policy', 'noeviction']);
    const executor = open(newQueue(), { connection: own.connection });
    const futures = Array.from({ length: 20 }, () => executor.submit(tasks.echo, 'x'.repeat(500_000)));
    const error = await Promise.race(
      futures.map(async (future) => {
        const failure = await future.exception();
        return failure as Error;
      }),
    );
    expect(error).toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringMatching(/OOM.*more memory/s),
    });
    await executor.shutdown({ killWorkers: true });
    await own.remove();
  });

  test('Redis gets full while a task waits: after outageTimeout its future fails', async () => {
    const own = await startRedis(['--maxmemory-policy', 'noeviction']);
    const executor = open(newQueue(), { connection: own.connection, outageTimeout: 500 });
    const future = executor.submit(tasks.noop);
    await untilAdded(own);
    await own.command('config', 'set', 'maxmemory', '1');
    await expect(future.result()).rejects.toThrow(/takes no more jobs: OOM/);
    await executor.shutdown();
    await own.remove();
  });

  test('a machine says that a full Redis gives it no jobs, and goes on when there is room', async () => {
    const own = await startRedis(['--maxmemory-policy', 'noeviction']);
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: own.connection });
    await own.command('config', 'set', 'maxmemory', '1');
    expect(await machine.says('warning')).toMatch(/gives out no jobs: OOM.* Give Redis more memory/);
    await own.command('config', 'set', 'maxmemory', '0');
    const executor = open(queue, { connection: own.connection });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    await executor.shutdown();
    await machine.kill('SIGTERM');
    expect(machine.said.filter((line) => line.startsWith('warning'))).toHaveLength(1);
    await own.remove();
  });

  test('a function that is no task: the future fails, and says what can be submitted', async () => {
    const executor = open(newQueue());
    await expect(executor.submit(() => 1).result()).rejects.toMatchObject({
      name: 'UnknownTaskError',
      message: expect.stringMatching(/none of the tasks of this executor.*add, square.*allowFunctions/),
    });
    await executor.shutdown();
  });

  test('a task that only the submitter has: the machine says which it has', async () => {
    await withMachine(async (_executor, queue) => {
      const unknown = (): number => 1;
      const newer = defineTasks('file:///newer/tasks.js', { unknown });
      const executor = open(queue, { tasks: newer });
      await expect(executor.submit(unknown).result()).rejects.toMatchObject({
        name: 'UnknownTaskError',
        message: expect.stringMatching(
          /^no machine took job \S+ within 100 ms \(handBackTimeout .*the serving machine has no task "unknown".*add, square/,
        ),
      });
      await executor.shutdown();
    });
  });

  test('another version of the tasks', async () => {
    const newer = defineTasks('file:///newer/tasks.js', { add: tasks.add }, { version: '2' });
    await withMachine(
      async (executor) => {
        await expect(executor.submit(tasks.add, 1, 1).result()).rejects.toMatchObject({
          name: 'VersionSkewError',
          message: expect.stringMatching(/version "2" of the tasks, and the serving machine has "1"/),
        });
      },
      { tasks: newer },
      {},
      { TASKS_VERSION: '1' },
    );
  });

  test('another version of the protocol', async () => {
    await withMachine(async (_executor, queue) => {
      const { Queue, QueueEvents } = await import('bullmq');
      const jobs = new Queue(queue, { connection: redis().connection });
      const events = new QueueEvents(queue, { connection: redis().connection });
      await events.waitUntilReady();
      const job = await jobs.add('future', { loky: 999, task: 'add' });
      await expect(job.waitUntilFinished(events)).rejects.toThrow(
        /version 999 of the protocol.*has version 4/,
      );
      const strange = await jobs.add('strange', { some: 'thing' });
      await expect(strange.waitUntilFinished(events)).rejects.toThrow(/not made by a BullMQExecutor/);
      await Promise.all([jobs.close(), events.close()]);
    });
  });

  test('what strangers write into the channels ends neither side', async () => {
    await withMachine(async (executor, queue) => {
      const future = executor.submit(tasks.sleep, 300);
      await waitUntil(() => future.running(), 10_000);
      const channels = (await redis().command('pubsub', 'channels', `bull:${queue}:loky:*`)).split('\n');
      expect(channels).toHaveLength(2);
      const id = (await redis().command('lindex', `bull:${queue}:active`, '0')) || 'none';
      for (const message of [
        'no JSON',
        'null',
        '5',
        '{}',
        '[[]]',
        `[["${id}","unheard","1"]]`,
        `[["${id}","value",5]]`,
      ]) {
        for (const channel of channels) await redis().command('publish', channel, message);
      }
      expect(await future).toBe(300);
      expect(await executor.submit(tasks.add, 1, 1)).toBe(2);
    });
  });

  test('arguments and results that are too large, or that cannot be sent', async () => {
    await withMachine(async (executor) => {
      const tooLarge = await executor.submit(tasks.echo, 'x'.repeat(2_000_000)).exception();
      expect(tooLarge).toBeInstanceOf(SerializationError);
      expect(tooLarge?.message).toMatch(
        /the arguments .* 20000\d\d bytes, and maxPayload is 1048576\n.*store/,
      );
      const result = await executor.submit(tasks.grow, 2_000_000).exception();
      expect(result).toBeInstanceOf(SerializationError);
      expect(result?.message).toMatch(/the result .* and maxPayload is 1048576\n.*store/);
      const fn = await executor.submit(tasks.echo, { deep: { fn: () => 1 } }).exception();
      expect(fn).toMatchObject({
        name: 'SerializationError',
        message: expect.stringMatching(/function.*deep\.fn/s),
      });
    });
  });

  test('a job that somebody removes, and a queue that is obliterated', async () => {
    const queue = newQueue();
    const executor = open(queue);
    const futures = [executor.submit(tasks.noop), executor.submit(tasks.noop)];
    await untilAdded(redis(), `bull:${queue}:wait`);
    const { Queue } = await import('bullmq');
    const jobs = new Queue(queue, { connection: redis().connection });
    await jobs.obliterate({ force: true });
    for (const future of futures)
      await expect(future.result()).rejects.toMatchObject({ name: 'JobLostError' });
    await jobs.close();
    await executor.shutdown();
  });

  test('functions travel if both sides allow it with the same key, and closures are whole', async () => {
    const offset = 40;
    const fn = (n: number): number => n + offset;
    await withMachine(
      async (executor, queue) => {
        expect(await executor.submit(fn, 2)).toBe(42);
        expect(await executor.map(fn, [1, 2, 3], { chunkSize: 2 }).toArray()).toEqual([41, 42, 43]);
        const stranger = open(queue, { allowFunctions: { key: `${key}!` } });
        await expect(stranger.submit(fn, 1).result()).rejects.toMatchObject({ name: 'SignatureError' });
        await stranger.shutdown();
        const padding = 'x'.repeat(2_000_000);
        await expect(executor.submit(() => padding.length).result()).rejects.toMatchObject({
          name: 'SerializationError',
          message: expect.stringMatching(/function .* has 2\d{6} bytes, and maxPayload is 1048576\n.*store/),
        });
      },
      { allowFunctions: { key } },
      { allowFunctions: { key } },
    );
    await withMachine(
      async (executor) => {
        await expect(executor.submit(fn, 2).result()).rejects.toThrow(/takes no functions.*allowFunctions/);
      },
      { allowFunctions: { key } },
    );
  });

  test('an idle executor does not keep the program alive, a pending task does', async () => {
    await withMachine(async (_executor, queue) => {
      const program = `
        import { BullMQExecutor } from 'loky/bullmq';
        import { tasks, add } from './__tests__/long/bullmq/programs/tasks.js';
        const executor = new BullMQExecutor({ queue: '${queue}', connection: { port: ${redis().port} }, tasks });
        void executor.submit(add, 1, 2).then((sum) => console.log(sum));`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
        timeout: 15_000,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect(stdout).toBe('3\n');
    });
  });
});

async function untilAdded(redis: TestRedis, key?: string): Promise<void> {
  for (;;) {
    const found = key ?? (await redis.command('--scan', '--pattern', 'bull:*:wait')).split('\n')[0];
    const active = (await redis.command('--scan', '--pattern', 'bull:*:active')).split('\n')[0];
    if (found && Number(await redis.command('llen', found)) > 0) return;
    if (key === undefined && active && Number(await redis.command('llen', active)) > 0) return;
  }
}
