/** Machines of several versions on one queue: each runs what it can, and leaves the rest to others. */
import { expect, test } from '@jest/globals';
import { BullMQExecutor, defineTasks } from 'loky/bullmq';
import { VersionSkewError } from '../../../lib/bullmq/errors.ts';
import { nobodyTook, refusalDelay } from '../../../lib/bullmq/refusal.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

test('the delay of a job that is handed back grows with the time that it looks for a machine, and ends with that', () => {
  const waited = [0, 400, 2_000, 60_000, 299_900, 300_000];
  expect(waited.map((ms) => refusalDelay(ms, 300_000, 0.5))).toEqual([50, 200, 1_000, 2_000, 100, undefined]);
  expect([0, 1].map((random) => refusalDelay(400, 300_000, random))).toEqual([100, 300]);
  expect(refusalDelay(0, 0, 0.5)).toBeUndefined();
});

test('the error keeps its class, and names the bound', () => {
  const error = nobodyTook(new VersionSkewError('not mine'), '7', 10);
  expect(error).toBeInstanceOf(VersionSkewError);
  expect(error.message).toBe(
    'no machine took job 7 within 10 ms (handBackTimeout of serveTasks). The last one said: not mine',
  );
});

describeWithRedis('a rolling deploy', (redis) => {
  const connection = () => redis().connection;

  test('jobs go to the machine that has their version, whichever fetches them first', async () => {
    const queue = newQueue();
    const start = (version: string) =>
      startMachine({ queue, connection: connection() }, { TASKS_VERSION: version });
    const machines = await Promise.all([start('1'), start('2')]);
    const executors = ['1', '2'].map((version) => {
      const registry = defineTasks('file:///mine/tasks.js', { whoAmI: tasks.whoAmI }, { version });
      return new BullMQExecutor({ queue, connection: connection(), tasks: registry });
    });
    const pids = await Promise.all(
      executors.map(async (executor) => {
        const ran = Array.from({ length: 20 }, () => executor.submit(tasks.whoAmI));
        return new Set((await Promise.all(ran)).map((info) => (info as { pid: number }).pid));
      }),
    );
    expect(pids.map(({ size }) => size)).toEqual([1, 1]);
    expect([...(pids[0] as Set<number>)]).not.toEqual([...(pids[1] as Set<number>)]);
    await Promise.all(executors.map((executor) => executor.shutdown()));
    await Promise.all(machines.map((machine) => machine.kill('SIGTERM')));
  });

  test('jobs whose machine is merely busy wait for it beyond handBackTimeout, and fail once it has left', async () => {
    const queue = newQueue();
    const start = (version: string) =>
      startMachine(
        { queue, connection: connection(), maxWorkers: 1, handBackTimeout: 300 },
        { TASKS_VERSION: version },
      );
    const [own, other] = await Promise.all([start('1'), start('2')]);
    const registry = defineTasks('file:///mine/tasks.js', { sleep: tasks.sleep }, { version: '1' });
    const executor = new BullMQExecutor({ queue, connection: connection(), tasks: registry });
    const futures = Array.from({ length: 8 }, () => executor.submit(tasks.sleep, 100));
    expect(await Promise.all(futures.map((future) => future.exception()))).toEqual(
      futures.map(() => undefined),
    );
    await own?.kill('SIGTERM');
    const alone = executor.submit(tasks.sleep, 0);
    await expect(alone.result()).rejects.toMatchObject({ name: 'VersionSkewError' });
    await executor.shutdown();
    await other?.kill('SIGTERM');
  });

  test('signed functions wait for a busy machine that has their key beyond handBackTimeout', async () => {
    const queue = newQueue();
    const allowFunctions = { key: 'a key of the tests that has at least 32 bytes' };
    const start = (options: object) =>
      startMachine({ queue, connection: connection(), maxWorkers: 1, handBackTimeout: 300, ...options });
    const machines = await Promise.all([start({ allowFunctions }), start({})]);
    const executor = new BullMQExecutor({
      queue,
      connection: connection(),
      tasks: tasks.tasks,
      allowFunctions,
    });
    const wait = (n: number) => new Promise<number>((resolve) => setTimeout(resolve, 150, n));
    const futures = Array.from({ length: 8 }, (_, index) => executor.submit(wait, index));
    expect(await Promise.all(futures)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await executor.shutdown();
    await Promise.all(machines.map((each) => each.kill('SIGTERM')));
  });

  test('a signed function waits for the machine that has the key', async () => {
    const queue = newQueue();
    const allowFunctions = { key: 'a key of the tests that has at least 32 bytes' };
    const without = await startMachine({ queue, connection: connection() });
    const executor = new BullMQExecutor({
      queue,
      connection: connection(),
      tasks: tasks.tasks,
      allowFunctions,
    });
    const future = executor.submit((n: number) => n + 1, 1);
    while ((await redis().command('zcard', `bull:${queue}:delayed`)) === '0');
    const machine = await startMachine({ queue, connection: connection(), allowFunctions });
    expect(await future).toBe(2);
    await executor.shutdown();
    await Promise.all([without, machine].map((each) => each.kill('SIGTERM')));
  });
});
