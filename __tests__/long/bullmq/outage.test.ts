/** What was cancelled or has failed while Redis was away never runs when it is back. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import type { TestRedis } from './redis.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('an outage', (redis) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-outage-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ queue, connection: redis().connection, tasks: tasks.tasks, ...options });

  /** An executor that tells when it has seen that Redis is away. */
  function openSeen(queue: string): { executor: BullMQExecutor; isAway: () => boolean } {
    const connection = new Redis({ ...redis().connection, lazyConnect: true });
    const connections = jest.spyOn(connection, 'duplicate');
    const executor = open(queue, { connection });
    const statuses = () => connections.mock.results.map(({ value }) => (value as Redis).status);
    return { executor, isAway: () => !statuses().includes('ready') };
  }

  test('futures that fail meanwhile, and signals that abort, leave nothing in the queue', async () => {
    const queue = newQueue();
    const executor = open(queue, { outageTimeout: 300 });
    const controller = new AbortController();
    const aborted = executor.withOptions({ signal: controller.signal }).submit(tasks.noop);
    const failed = [executor.submit(tasks.noop), executor.submit(tasks.noop)];
    await untilWaiting(redis(), queue, 3);
    await redis().stop();
    controller.abort(new Error('enough'));
    await expect(aborted.result()).rejects.toMatchObject({ name: 'CancelledError' });
    for (const future of failed) {
      await expect(future.result()).rejects.toMatchObject({ name: 'QueueUnavailableError' });
    }
    await redis().start();
    await untilWaiting(redis(), queue, 0);
    await executor.shutdown();
  });

  test('cancel is not true for what lies in the queue, and is made true when Redis is back', async () => {
    const queue = newQueue();
    const { executor, isAway } = openSeen(queue);
    const waiting = executor.submit(tasks.noop);
    await untilWaiting(redis(), queue, 1);
    await redis().stop();
    await waitUntil(isAway, 20_000);
    expect(waiting.cancel()).toBe(false);
    expect(waiting.done()).toBe(false);
    const unsent = executor.submit(tasks.noop);
    expect(unsent.cancel()).toBe(true);
    await redis().start();
    await expect(waiting.result()).rejects.toMatchObject({ name: 'CancelledError' });
    await untilWaiting(redis(), queue, 0);
    await executor.shutdown();
  });

  test('a machine that is back first does not begin what its submitter withdraws', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 1 });
    const executor = open(queue);
    const controller = new AbortController();
    const running = executor.submit(tasks.sleep, 1_500);
    await waitUntil(() => running.running(), 20_000);
    const file = join(folder, 'never');
    const aborted = executor.withOptions({ signal: controller.signal }).submit(tasks.hang, file);
    await untilWaiting(redis(), queue, 1);
    await redis().stop();
    controller.abort();
    await expect(aborted.result()).rejects.toMatchObject({ name: 'CancelledError' });
    await sleep(2_000); // the machine is done with the first, and asks for the next as soon as it can
    await redis().start();
    expect(await running).toBe(1_500);
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    expect(existsSync(file)).toBe(false);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test('shutdown while Redis is away says which jobs may run all the same', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const queue = newQueue();
    const { executor, isAway } = openSeen(queue);
    const future = executor.submit(tasks.noop);
    await untilWaiting(redis(), queue, 1);
    await redis().stop();
    await waitUntil(isAway, 20_000);
    expect(future.cancel()).toBe(false);
    await executor.shutdown({ cancelFutures: true });
    expect(future.cancelled()).toBe(true);
    expect(warn.mock.calls).toContainEqual([
      expect.stringMatching(/^1 tasks of the queue .* could not be withdrawn .* Remove their jobs: \S+-1$/),
      { type: 'LokyWarning', code: 'LOKY_NOT_WITHDRAWN' },
    ]);
    warn.mockRestore();
    await redis().start();
  });

  test('a task that was on its way is settled by outageTimeout, whatever its queueTimeout is', async () => {
    const executor = open(newQueue(), { queueTimeout: 100, outageTimeout: 1_000 });
    await waitUntil(() => executor.stats().connected, 20_000);
    await redis().command('CLIENT', 'PAUSE', '60000', 'ALL');
    const future = executor.submit(tasks.noop);
    await sleep(300);
    expect(future.done()).toBe(false); // Redis has it, and may have taken it
    await redis().stop();
    await expect(future.result()).rejects.toMatchObject({ name: 'QueueUnavailableError' });
    await redis().start();
    await executor.shutdown();
  });
});

async function untilWaiting(redis: TestRedis, queue: string, count: number): Promise<void> {
  while (Number(await redis.command('llen', `bull:${queue}:wait`)) !== count) await sleep(10);
}
