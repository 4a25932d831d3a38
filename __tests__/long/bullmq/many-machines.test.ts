/**
 * Three serving processes as machines, and all that can happen to them at once: crashes, a lost machine, one that leaves, an
 * outage of Redis. LOKY_LONG_TESTS=1 runs 10,000 jobs, else it is 1,000.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { wait } from 'loky';
import { BullMQExecutor } from 'loky/bullmq';
import { aliveDescendants, isRunning, waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { type Machine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

const isLong = process.env['LOKY_LONG_TESTS'] === '1';
const JOBS = isLong ? 10_000 : 1_000;

describeWithRedis('three machines', (redis) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-machines-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const doneBy = (file: string): number[] => {
    try {
      return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  };

  const open = (queue: string): BullMQExecutor =>
    new BullMQExecutor({
      queue,
      connection: redis().connection,
      tasks: tasks.tasks,
      crashRetries: 5,
      checkInterval: 1_000,
    });

  test(
    `${JOBS} jobs with 1 % crashes, one machine killed, one stopped, Redis restarted: all done, none failed, nothing left`,
    async () => {
      const queue = newQueue();
      const file = join(folder, 'work');
      // Locks are short: a lost machine's jobs are taken over soon.
      const options = {
        queue,
        connection: redis().connection,
        lockDuration: 3_000,
        stalledInterval: 1_000,
        maxStalledCount: 10,
      };
      const machines = await Promise.all([1, 2, 3].map(() => startMachine(options)));
      const [killed, stopped, last] = machines as [Machine, Machine, Machine];
      const executor = open(queue);
      const futures = Array.from({ length: JOBS }, (_, index) => executor.submit(tasks.work, file, index));
      const done = (share: number) => () => doneBy(file).length >= JOBS * share;

      await waitUntil(done(0.2), 120_000);
      const lost = aliveDescendants(killed.pid).map(({ pid }) => pid);
      await killed.kill('SIGKILL');
      await waitUntil(done(0.4), 120_000);
      stopped.kill('SIGTERM').catch(() => {});
      await waitUntil(done(0.6), 120_000);
      await redis().stop();
      await redis().start();

      await wait(futures, { timeout: isLong ? 900_000 : 90_000 });
      const outcomes = await Promise.all(
        futures.map((future) => (future.done() ? future.exception() : 'not done')),
      );
      expect(outcomes.filter((outcome) => outcome !== undefined)).toEqual([]);
      expect(await Promise.all(futures)).toEqual(futures.map((_, index) => index));
      expect(new Set(doneBy(file)).size).toBe(JOBS);

      await executor.shutdown();
      expect(await stopped.ended).toEqual({ exitCode: null, signal: 'SIGTERM' });
      expect(stopped.said.at(-1)).toBe('left');
      await last.kill('SIGTERM');
      await waitUntilGone(lost, 5_000);
      expect(lost.some(isRunning)).toBe(false);
    },
    isLong ? 1_200_000 : 150_000,
  );

  test('a machine that leaves lets running tasks finish', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection });
    const executor = open(queue);
    const future = executor.submit(tasks.sleep, 1_000);
    await waitUntil(() => future.running(), 10_000);
    await machine.kill('SIGTERM');
    expect(await future).toBe(1_000);
    await executor.shutdown();
  });

  test('beyond the grace period it ends them, and another machine takes them over at once', async () => {
    const queue = newQueue();
    const file = join(folder, 'handed-back');
    const machine = await startMachine({ queue, connection: redis().connection, gracePeriod: 100 });
    const executor = open(queue);
    const future = executor.submit(tasks.hang, file);
    await waitUntil(() => doneBy(file).length === 1, 10_000);
    await machine.kill('SIGTERM');
    expect(future.done()).toBe(false);
    await waitUntilGone(doneBy(file), 5_000);
    const other = await startMachine({ queue, connection: redis().connection });
    await waitUntil(() => doneBy(file).length === 2, 10_000);
    expect(future.cancel({ kill: true })).toBe(true);
    await executor.shutdown();
    await other.kill('SIGTERM');
  });

  test('a second signal ends them at once', async () => {
    const queue = newQueue();
    const file = join(folder, 'hurried');
    const machine = await startMachine({ queue, connection: redis().connection, gracePeriod: 3_600_000 });
    const executor = open(queue);
    const future = executor.submit(tasks.hang, file);
    await waitUntil(() => doneBy(file).length === 1, 10_000);
    process.kill(machine.pid, 'SIGINT');
    await machine.says('SIGINT');
    process.kill(machine.pid, 'SIGINT');
    expect(await machine.ended).toEqual({ exitCode: null, signal: 'SIGINT' });
    await waitUntilGone(doneBy(file), 5_000);
    expect(future.cancel({ kill: true })).toBe(true);
    await executor.shutdown();
  });

  test('a job whose machines are lost too often is given up', async () => {
    const queue = newQueue();
    const file = join(folder, 'lost');
    const executor = open(queue);
    const future = executor.submit(tasks.hang, file);
    const options = {
      queue,
      connection: redis().connection,
      lockDuration: 1_000,
      stalledInterval: 200,
      maxStalledCount: 0,
    };
    const machine = await startMachine(options);
    await waitUntil(() => doneBy(file).length === 1, 10_000);
    await machine.kill('SIGKILL');
    const other = await startMachine(options);
    await expect(future.result()).rejects.toMatchObject({
      name: 'JobLostError',
      message: expect.stringMatching(/given up/),
    });
    await executor.shutdown();
    await other.kill('SIGTERM');
  });

  test('a machine that has lost the lock of a job ends its copy, and says nothing of it', async () => {
    const queue = newQueue();
    const file = join(folder, 'superseded');
    const machine = await startMachine({ queue, connection: redis().connection, lockDuration: 1_000 });
    const executor = open(queue);
    const future = executor.submit(tasks.hang, file);
    await waitUntil(() => doneBy(file).length === 1, 10_000);
    const id = await redis().command('lindex', `bull:${queue}:active`, '0');
    await redis().command('set', `bull:${queue}:${id}:lock`, 'of another machine');
    await waitUntilGone(doneBy(file), 10_000);
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    expect(future.done()).toBe(false);
    expect(await redis().command('lrange', `bull:${queue}:active`, '0', '-1')).toBe(id);
    await redis().command('del', `bull:${queue}:${id}:lock`);
    expect(future.cancel({ kill: true })).toBe(true);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test('a machine whose pool breaks leaves, and fails no job', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, breaks: true });
    const executor = open(queue);
    const future = executor.submit(tasks.add, 1, 2);
    expect(await machine.says('left')).toMatch(/InitializerError/);
    expect(future.done()).toBe(false);
    const other = await startMachine({ queue, connection: redis().connection });
    expect(await future).toBe(3);
    await executor.shutdown();
    await other.kill('SIGTERM');
    await machine.ended;
  });
});
