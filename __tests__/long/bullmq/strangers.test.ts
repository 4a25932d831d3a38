/** Others who use the same Redis: who takes jobs of the queue, forbids what an executor needs, or fails over. */
import { expect, test } from '@jest/globals';
import { type Job, Worker } from 'bullmq';
import { BullMQExecutor, type BullMQExecutorOptions, defineTasks } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { startRedis } from './redis.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('others', (redis) => {
  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({
      ...{ queue, connection: redis().connection, tasks: tasks.tasks, checkInterval: 100 },
      ...options,
    });

  test.each([
    ['fails', () => Promise.reject(new Error('no such job')), 'JobLostError', /^job .* failed: no such job$/],
    ['does', () => Promise.resolve('done'), 'SerializationError', /^cannot rebuild the result: /],
  ])('a Worker of somebody else that %s a job fails its future', async (_, run, name, message) => {
    const queue = newQueue();
    const stranger = new Worker(queue, run, { connection: redis().connection });
    const executor = open(queue);
    await expect(executor.submit(tasks.noop).result()).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message),
    });
    await executor.shutdown();
    await stranger.close();
  });

  test('a job that is done at its second attempt, of which no reply tells, has its result', async () => {
    const queue = newQueue();
    let seen: unknown;
    const run = async (job: Job) => {
      if (job.attemptsMade === 0) throw new Error('not yet');
      seen = job.data.args;
      return '[7]'; // as machines write it
    };
    const stranger = new Worker(queue, run, { connection: redis().connection });
    const executor = open(queue, { crashRetries: 1 });
    expect(await executor.submit(tasks.echo, 7)).toBe(7);
    expect(seen).toEqual([7]); // as people can read it
    await executor.shutdown();
    await stranger.close();
  });

  test('a machine whose results the executor has no reducer for', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection });
    const executor = open(queue, { tasks: defineTasks('file:///older/tasks.js', { price: tasks.price }) });
    await expect(executor.submit(tasks.price, 3).result()).rejects.toMatchObject({
      name: 'SerializationError',
      message: expect.stringMatching(/^cannot rebuild the result: .*money\n.*the same reducers/),
    });
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test.each([
    ['read the channels', ['~*', 'resetchannels', '+@all']],
    ['run scripts', ['~*', '&*', '+@all', '-evalsha', '-eval']],
    ['ask what kind of Redis it is', ['~*', '&*', '+@all', '-info']],
  ])('an administrator who does not let the user %s: futures fail at once', async (_, rules) => {
    const own = await startRedis();
    await own.command('acl', 'setuser', 'guest', 'on', '>secret', ...rules);
    const executor = open(newQueue(), {
      connection: { ...own.connection, username: 'guest', password: 'secret' },
    });
    await expect(executor.submit(tasks.noop).result()).rejects.toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringMatching(/NOPERM.*the user may not do this.*~bull:Q:\* &bull:Q:\* \+@all/),
    });
    await executor.shutdown();
    await own.remove();
  });

  test('an administrator who lets the user do no more than is needed', async () => {
    const own = await startRedis();
    const queue = newQueue();
    const rules = [`~app:${queue}:*`, `&app:${queue}:*`, '+@all', '-@dangerous', '+info'];
    await own.command('acl', 'setuser', 'guest', 'on', '>secret', ...rules);
    const connection = { ...own.connection, username: 'guest', password: 'secret' };
    const machine = await startMachine({ queue, connection, prefix: 'app' });
    const executor = open(queue, { connection, prefix: 'app' });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    expect(await executor.submit(tasks.grow, 100_000)).toHaveLength(100_000);
    await executor.shutdown();
    await machine.kill('SIGTERM');
    await own.remove();
  });

  test('a Redis that may not be written to any more: what is cancelled stays so, and shutdown ends', async () => {
    const own = await startRedis();
    const executor = open(newQueue(), { connection: own.connection });
    const future = executor.submit(tasks.noop);
    await waitUntil(() => executor.pendingCount === 1, 20_000);
    while ((await own.command('--scan', '--pattern', 'bull:*:wait')) === '');
    await own.command('replicaof', '127.0.0.1', '1');
    expect(future.cancel()).toBe(true);
    await executor.shutdown();
    expect(future.cancelled()).toBe(true);
    await own.remove();
  });

  test('a job that no machine gives up: what is cancelled stays so, and shutdown ends', async () => {
    const queue = newQueue();
    let begun = (): void => {};
    const isBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let end = (): void => {};
    const isEnded = new Promise<void>((resolve) => {
      end = resolve;
    });
    const run = async (): Promise<void> => {
      begun();
      await isEnded;
    };
    const stranger = new Worker(queue, run, { connection: redis().connection });
    const executor = open(queue);
    const future = executor.submit(tasks.noop);
    await isBegun;
    expect(future.cancel({ kill: true })).toBe(true);
    await executor.shutdown();
    expect(future.cancelled()).toBe(true);
    end();
    await stranger.close();
  });
});
