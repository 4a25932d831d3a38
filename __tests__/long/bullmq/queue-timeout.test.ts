/** The limit for the time in the queue, apart from the running time. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { isOverdue } from '../../../lib/bullmq/queue-timeout.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { startRedis } from './redis.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

describe('a machine does not begin a job', () => {
  const fresh = { attemptsMade: 0, stalledCounter: 0 };

  test('whose time is over', () => {
    expect(isOverdue({ startBy: 100 }, fresh, 101)).toBe(true);
    expect(isOverdue({ startBy: 100 }, fresh, 100)).toBe(false);
    expect(isOverdue({ startBy: null }, fresh, 101)).toBe(false);
    expect(isOverdue({}, fresh, 101)).toBe(false);
  });

  test('but one that had begun before goes on', () => {
    expect(isOverdue({ startBy: 100, hasBegun: true }, fresh, 101)).toBe(false);
    expect(isOverdue({ startBy: 100 }, { attemptsMade: 1, stalledCounter: 0 }, 101)).toBe(false);
    expect(isOverdue({ startBy: 100 }, { attemptsMade: 0, stalledCounter: 1 }, 101)).toBe(false);
  });
});

describeWithRedis('queueTimeout', (redis) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-queue-timeout-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const doneBy = (file: string): string[] => {
    try {
      return readFileSync(file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };

  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ queue, connection: redis().connection, tasks: tasks.tasks, ...options });

  const IN_QUEUE = expect.stringMatching(
    /waited longer in the queue than its queueTimeout.*It did not start/,
  );

  test('a job that nobody begins in time fails, says why, and never runs', async () => {
    const queue = newQueue();
    const file = join(folder, 'never');
    const executor = open(queue, { queueTimeout: 2_000 }); // long enough for the other one to ask
    const patient = await executor.withOptions({ queueTimeout: 60_000 }).enqueue(tasks.work, file, 3);
    const future = executor.submit(tasks.work, file, 1);
    const shared = executor.withOptions({ jobId: 'a' }).submit(tasks.work, file, 2);
    const other = open(queue);
    await executor.flush();
    const asked = other.future('a');
    for (const each of [future, shared, asked]) {
      await expect(each.result()).rejects.toMatchObject({ name: 'TimeoutError', message: IN_QUEUE });
    }
    const machine = await startMachine({ queue, connection: redis().connection });
    expect(await executor.result(patient.id)).toBe(3);
    expect(doneBy(file)).toEqual(['3']);
    await Promise.all([executor.shutdown(), other.shutdown()]);
    await machine.kill('SIGTERM');
  });

  test('one that runs is bound by its running time alone', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 1 });
    const executor = open(queue);
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3); // its worker is there
    expect(await executor.withOptions({ queueTimeout: 1_000 }).submit(tasks.sleep, 2_000)).toBe(2_000);
    const limited = executor.withOptions({ queueTimeout: 60_000, timeout: 300 });
    await expect(limited.submit(tasks.sleep, 60_000).result()).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.not.stringContaining('queue'),
    });
    const busy = executor.submit(tasks.sleep, 2_000);
    await waitUntil(() => busy.running(), 10_000);
    const late = executor.withOptions({ queueTimeout: 200 }).submit(tasks.noop);
    await expect(late.result()).rejects.toMatchObject({ message: IN_QUEUE });
    expect(busy.done()).toBe(false);
    await busy;
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test('of a job without a submitter the machine sees it', async () => {
    const queue = newQueue();
    const executor = open(queue, { queueTimeout: 200 });
    const file = join(folder, 'enqueued');
    const { id } = await executor.enqueue(tasks.work, file, 1);
    await sleep(250);
    const machine = await startMachine({ queue, connection: redis().connection });
    await expect(executor.result(id)).rejects.toMatchObject({ name: 'TimeoutError', message: IN_QUEUE });
    expect(doneBy(file)).toEqual([]);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test('that is over while Redis is away', async () => {
    const own = await startRedis();
    const queue = newQueue();
    const file = join(folder, 'outage');
    const executor = open(queue, { connection: own.connection, queueTimeout: 500 });
    const sent = executor.submit(tasks.work, file, 1);
    await executor.flush();
    await own.stop();
    await waitUntil(() => !executor.stats().connected, 20_000); // until then a task is sent, and may have arrived
    const unsent = executor.submit(tasks.work, file, 2);
    await expect(unsent.result()).rejects.toMatchObject({ message: IN_QUEUE });
    expect(sent.done()).toBe(false); // a machine may have begun it
    await own.start();
    await expect(sent.result()).rejects.toMatchObject({ message: IN_QUEUE });
    const machine = await startMachine({ queue, connection: own.connection });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    expect(doneBy(file)).toEqual([]);
    await executor.shutdown();
    await machine.kill('SIGTERM');
    await own.remove();
  });
});
