/** Views of an executor over a queue, its bounds, and how each is shut down. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { QueueFullError, ShutdownExecutorError, TimeoutError } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { type Machine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('an executor over a queue and its views', (redis) => {
  const queue = newQueue();
  let machine: Machine;
  beforeAll(async () => {
    machine = await startMachine({ queue, connection: redis().connection });
  });
  afterAll(() => machine?.kill('SIGTERM'));

  const open = (options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ queue, connection: redis().connection, tasks: tasks.tasks, ...options });

  test('a view of a view has the options of both, and the later one wins', async () => {
    const executor = open();
    const viewWith = (timeout: number) =>
      executor.withOptions({ timeout, retries: 3 }).withOptions({ retries: 1 });
    await expect(viewWith(300).submit(tasks.sleep, 60_000).result()).rejects.toBeInstanceOf(TimeoutError);
    const view = viewWith(60_000); // no crash takes so long
    await expect(view.submit(tasks.crashUntilAttempt, 3).result()).rejects.toThrow(/terminated/);
    expect(await view.map(tasks.crashUntilAttempt, [2, 1]).toArray()).toEqual([2, 1]);
    await executor.shutdown();
  });

  test('a view shuts down the executor that it is of', async () => {
    const executor = open({ queue: newQueue() });
    const future = executor.submit(tasks.noop);
    const view = executor.withOptions({ priority: 1 }).withOptions({ retries: 1 });
    await view.shutdown({ cancelFutures: true });
    expect(future.cancelled()).toBe(true);
    expect(() => executor.submit(tasks.noop)).toThrow(ShutdownExecutorError);
  });

  test.each([
    ['an executor', (executor: BullMQExecutor): AsyncDisposable => executor],
    ['a view', (executor: BullMQExecutor): AsyncDisposable => executor.withOptions({ priority: 1 })],
  ])('%s that is disposed of waits for its tasks, and takes no more', async (_, disposableOf) => {
    const executor = open();
    const future = executor.submit(tasks.sleep, 200);
    await disposableOf(executor)[Symbol.asyncDispose]();
    expect(future.done()).toBe(true);
    expect(await future).toBe(200);
    expect(() => executor.submit(tasks.noop)).toThrow(ShutdownExecutorError);
  });

  test('maxPending bounds the tasks that are not settled', async () => {
    const executor = open({ maxPending: 2 });
    const futures = [executor.submit(tasks.add, 1, 1), executor.submit(tasks.add, 1, 2)];
    expect(executor.pendingCount).toBe(2);
    expect(() => executor.submit(tasks.noop)).toThrow(QueueFullError);
    expect(() => executor.submit(tasks.noop)).toThrow('2 tasks are pending already, and maxPending is 2');
    expect(await Promise.all(futures)).toEqual([2, 3]);
    expect(executor.pendingCount).toBe(0);
    expect(await executor.submit(tasks.add, 1, 3)).toBe(4);
    await executor.shutdown();
  });

  test('a task whose signal is aborted already never gets into the queue', async () => {
    const unserved = newQueue();
    const executor = open({ queue: unserved });
    const view = executor.withOptions({ signal: AbortSignal.abort(new Error('too late')) });
    const future = view.submit(tasks.noop);
    expect(future.cancelled()).toBe(true);
    await expect(future.result()).rejects.toMatchObject({
      name: 'CancelledError',
      cause: new Error('too late'),
    });
    expect(executor.pendingCount).toBe(0);
    await executor.shutdown();
    expect(await redis().command('--scan', '--pattern', `bull:${unserved}:*`)).toBe('');
  });
});
