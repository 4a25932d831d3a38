/** Jobs that outlive their submitter: stored, found again by their ids, and run once however often they are submitted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { type Machine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('jobs with an id', (redis) => {
  const queue = newQueue();
  let machine: Machine;
  beforeAll(async () => {
    machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 2 });
  });
  afterAll(() => machine?.kill('SIGTERM'));

  /** Replies reach it at once, or never: it does not look by itself. */
  const open = (options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({
      ...{ queue, connection: redis().connection, tasks: tasks.tasks, checkInterval: 3_600_000 },
      ...options,
    });

  test('one that is enqueued is found by another executor, before and after its end', async () => {
    const submitter = open();
    const { id } = await submitter.enqueue(tasks.sleep, 500);
    await submitter.shutdown();
    const other = open();
    const future = other.future<number>(id);
    expect(await future).toBe(500);
    expect(await other.result(id)).toBe(500);
    const failing = await other.withOptions({ name: 'doomed' }).enqueue(tasks.fail, 'too far');
    await expect(other.result(failing.id)).rejects.toMatchObject({ name: 'RangeError', detail: { code: 7 } });
    expect(other.pendingCount).toBe(0);
    await other.shutdown();
  });

  test('an outcome is found when its job is removed, until keepOutcomes is over; then the error says what may be', async () => {
    const executor = open({ removeOnComplete: true, keepOutcomes: 1_000 });
    const { id } = await executor.enqueue(tasks.add, 1, 2);
    expect(await executor.result(id)).toBe(3);
    await sleep(2_100); // Redis counts in seconds
    await expect(executor.result(id)).rejects.toMatchObject({
      name: 'UnknownJobError',
      message: expect.stringMatching(`^there is no job ${id} in the queue ${queue}, .*keepOutcomes`),
    });
    await executor.shutdown();
  });

  test('an id that nobody has stored fails at once, and what is no id throws', async () => {
    const executor = open();
    await expect(executor.result('no-such-job')).rejects.toMatchObject({ code: 'ERR_UNKNOWN_JOB' });
    expect(() => executor.future('')).toThrow(/id must be a text without ":", not empty/);
    expect(() => executor.future('a:b')).toThrow(RangeError);
    expect(() => executor.withOptions({ jobId: '17' })).toThrow(/no whole number/);
    expect(() => executor.withOptions({ jobId: 'x'.repeat(257) })).toThrow(/got 257 characters/);
    expect(() => executor.withOptions({ jobId: 'a' }).map(tasks.square, [1])).toThrow(
      /jobId is the id of one/,
    );
    await executor.shutdown();
    expect(() => executor.future('a')).toThrow(/shutdown/);
    await expect(executor.enqueue(tasks.noop)).rejects.toMatchObject({ name: 'ShutdownExecutorError' });
  });

  test('twice the same id: one run, and all futures have its outcome', async () => {
    const executors = [open(), open()] as const;
    const submits = [executors[0], executors[0], executors[1]].map((executor) =>
      executor.withOptions({ jobId: 'order-17' }).submit(tasks.whoAmI),
    );
    const { id } = await executors[1].withOptions({ jobId: 'order-17' }).enqueue(tasks.whoAmI);
    const [first, ...others] = await Promise.all([...submits, executors[0].result(id)]);
    expect(first).toMatchObject({ id: 'order-17', attempt: 1 });
    for (const other of others) expect(other).toEqual(first);
    const ends = await redis().command('zcard', `bull:${queue}:completed`);
    expect(await executors[0].withOptions({ jobId: 'order-17' }).submit(tasks.whoAmI)).toEqual(first);
    expect(await redis().command('zcard', `bull:${queue}:completed`)).toBe(ends);
    await Promise.all(executors.map((executor) => executor.shutdown()));
  });

  test('the same id again, when its job is gone and its outcome is kept: no run', async () => {
    const executor = open({ removeOnComplete: true });
    const view = executor.withOptions({ jobId: 'order-18' });
    const first = await view.submit(tasks.whoAmI);
    expect(await redis().command('exists', `bull:${queue}:order-18`)).toBe('0');
    expect(await view.enqueue(tasks.whoAmI)).toEqual({ id: 'order-18' });
    expect(await view.submit(tasks.fail, 'never called')).toEqual(first);
    expect(await redis().command('exists', `bull:${queue}:order-18`)).toBe('0');
    await executor.shutdown();
  });

  test('who cancels such a task cancels it for all who wait', async () => {
    const unserved = newQueue();
    const executors = [open({ queue: unserved }), open({ queue: unserved })] as const;
    const futures = executors.map((executor) => executor.withOptions({ jobId: 'a' }).submit(tasks.noop));
    await Promise.all(executors.map((executor) => executor.flush()));
    const asked = executors[1].future('a');
    expect(futures[0]?.cancel()).toBe(true);
    for (const future of [futures[1], asked]) {
      await expect(future?.result()).rejects.toMatchObject({
        name: 'CancelledError',
        message: expect.stringMatching(/another executor that waited/),
      });
    }
    await Promise.all(executors.map((executor) => executor.shutdown()));
    expect(await redis().command('exists', `bull:${unserved}:a`)).toBe('0');
  });

  test('who asks for an outcome may give up, or leave: the task goes on', async () => {
    const executor = open();
    const { id } = await executor.enqueue(tasks.sleep, 600);
    await expect(executor.result(id, { timeout: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(executor.pendingCount).toBe(0);
    const future = executor.future(id);
    await executor.shutdown({ killWorkers: true });
    await expect(future.result()).rejects.toMatchObject({ name: 'ShutdownExecutorError' });
    const other = open();
    expect(await other.result(id)).toBe(600);
    await other.shutdown();
  });

  test('flush resolves when all that was submitted is stored, or rejects with the reason', async () => {
    const unserved = newQueue();
    const executor = open({ queue: unserved });
    const futures = Array.from({ length: 700 }, (_, index) => executor.submit(tasks.square, index));
    expect(futures[699]?.cancel()).toBe(true);
    await executor.flush();
    expect(await redis().command('llen', `bull:${unserved}:wait`)).toBe('699');
    await executor.shutdown({ killWorkers: true });
    const lost = open({ connection: { host: '127.0.0.1', port: 1 }, connectTimeout: 100 });
    const future = lost.submit(tasks.noop);
    await expect(lost.flush()).rejects.toMatchObject({ name: 'QueueUnavailableError' });
    await expect(future.result()).rejects.toMatchObject({ name: 'QueueUnavailableError' });
    await expect(lost.enqueue(tasks.noop)).rejects.toMatchObject({ name: 'QueueUnavailableError' });
    await lost.flush();
    await lost.shutdown();
  });

  test('arguments are copied at the call, in whatever way they travel', async () => {
    const executor = open();
    const plain = { n: 1, list: [1] };
    const rich = new Map([['n', 1]]);
    const futures = [executor.submit(tasks.echo, plain), executor.submit(tasks.echo, rich)];
    plain.n = 2;
    plain.list.push(2);
    rich.set('n', 2);
    expect(await Promise.all(futures)).toEqual([{ n: 1, list: [1] }, new Map([['n', 1]])]);
    await executor.shutdown();
  });
});
