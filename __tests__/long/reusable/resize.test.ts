/** Growing and shrinking never wait, never interrupt a task, and keep the pids of those who stay. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { getReusableExecutor, wait } from 'loky';
import { pidOfWorker, rejectionOf, sleepFor, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'loky-resize-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Executor = ReturnType<typeof getReusableExecutor>;
afterEach(() => getReusableExecutor({ reuse: true }).shutdown({ killWorkers: true }));

const pidsOf = (executor: Executor): Set<number> =>
  new Set(
    executor
      .stats()
      .workers.filter(({ state }) => state === 'idle' || state === 'busy')
      .map(({ pid }) => pid as number),
  );

test('shrinking keeps a worker that runs a task, and growing keeps those that are there', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  await executor.prewarm();
  const both = pidsOf(executor);
  expect(both.size).toBe(2);
  const gate = join(folder, 'gate');
  const running = executor.submit(async (file: string) => {
    const { existsSync } = process.getBuiltinModule('node:fs');
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
    return process.pid;
  }, gate);
  expect(running.running()).toBe(true);
  expect(getReusableExecutor({ maxWorkers: 1 })).toBe(executor); // and waits for nothing
  expect(running.done()).toBe(false);
  writeFileSync(gate, '');
  const survivor = await running;
  expect(both.has(survivor)).toBe(true);
  await waitUntil(() => pidsOf(executor).size === 1, 20_000);
  expect(await executor.submit(pidOfWorker)).toBe(survivor);

  expect(getReusableExecutor({ maxWorkers: 1 })).toBe(executor);
  expect([...pidsOf(executor)]).toEqual([survivor]);

  expect(getReusableExecutor({ maxWorkers: 2 })).toBe(executor);
  await executor.prewarm();
  expect(pidsOf(executor).size).toBe(2);
  expect(pidsOf(executor).has(survivor)).toBe(true);
});

test('shrinking while all are busy interrupts none of them', async () => {
  const executor = getReusableExecutor({ maxWorkers: 3 });
  await executor.prewarm();
  const futures = Array.from({ length: 3 }, () => executor.submit(sleepFor, 300));
  expect(futures.map((future) => future.running())).toEqual([true, true, true]);
  getReusableExecutor({ maxWorkers: 1 });
  expect(await Promise.all(futures)).toEqual([300, 300, 300]);
  await waitUntil(() => executor.stats().workers.length === 1, 20_000);
});

describe('shrinking keeps what is warm', () => {
  test('and not the worker that still boots', async () => {
    const executor = getReusableExecutor({ maxWorkers: 2 });
    const warm = await executor.submit(pidOfWorker);
    void executor.prewarm(2);
    expect(executor.stats().workers.map(({ state }) => state)).toEqual(['idle', 'booting']);
    getReusableExecutor({ maxWorkers: 1 });
    expect([...pidsOf(executor)]).toEqual([warm]);
    expect(await executor.submit(pidOfWorker)).toBe(warm);
  });

  test('of those that are idle it keeps the one that was used last, also before one that never was', async () => {
    const executor = getReusableExecutor({ maxWorkers: 3 });
    const first = await executor.submit(pidOfWorker);
    await executor.prewarm(2);
    getReusableExecutor({ maxWorkers: 1 });
    expect([...pidsOf(executor)]).toEqual([first]);
  });

  test('an idle worker that is one too many becomes the spare one', async () => {
    const options = { spareWorkers: 1 };
    const executor = getReusableExecutor({ ...options, maxWorkers: 2 });
    await executor.prewarm();
    const warm = pidsOf(executor);
    getReusableExecutor({ ...options, maxWorkers: 1 });
    const stayed = executor.stats().workers.filter(({ state }) => state === 'idle' || state === 'spare');
    expect(new Set(stayed.map(({ pid }) => pid))).toEqual(warm);
    await executor.shutdown();
  });
});

describe.each([true, false])('resized many times, with killWorkers: %s', (killWorkers) => {
  test.each(['auto', true, false] as const)('and reuse: %s, every task is done', async (reuse) => {
    const futures = [];
    for (const maxWorkers of [4, 2, 1, 4, 3, 1, 3]) {
      const executor = getReusableExecutor({
        maxWorkers,
        reuse,
        ...(reuse === false ? {} : { killWorkers }),
      });
      for (let n = 0; n < 6; n += 1) futures.push(executor.submit(square, n));
      await wait(futures.slice(-2));
    }
    expect(await Promise.all(futures)).toEqual(futures.map((_, n) => (n % 6) ** 2));
  });
});

test('callbacks may submit, and resize, while the executor is resized', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  const results: number[] = [];
  let size = 2;
  await new Promise<void>((resolve) => {
    const next = (n: number) => {
      executor.submit(square, n).addDoneCallback((future) => {
        void future.then((value) => {
          results.push(value);
          size = (size % 3) + 1;
          getReusableExecutor({ maxWorkers: size });
          if (results.length === 40) resolve();
          else next(n + 1);
        });
        getReusableExecutor({ maxWorkers: (size % 2) + 1 });
      });
    };
    next(0);
    for (let n = 0; n < 20; n += 1) getReusableExecutor({ maxWorkers: (n % 3) + 1 });
  });
  expect(results).toEqual(results.map((_, n) => n * n));
});

test('a worker that is killed during a resize breaks the executor, and the next one works', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  await executor.prewarm();
  const running = executor.submit(sleepFor, 1_000);
  await waitUntil(() => running.running(), 20_000);
  getReusableExecutor({ maxWorkers: 1 });
  const busy = executor.stats().workers.find(({ state }) => state === 'busy');
  process.kill(busy?.pid as number, 'SIGKILL');
  expect((await rejectionOf(running)).message).toContain('SIGKILL(-9)');
  const replacement = getReusableExecutor({ maxWorkers: 1 });
  expect(replacement).not.toBe(executor);
  expect(await replacement.submit(square, 3)).toBe(9);
});

test('an executor whose workers have all left for their idleness can be resized and used', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2, idleTimeout: 1 });
  for (const maxWorkers of [2, 3, 1, 2]) {
    expect(getReusableExecutor({ maxWorkers, idleTimeout: 1 })).toBe(executor);
    expect(await executor.submit(square, maxWorkers)).toBe(maxWorkers ** 2);
    await waitUntil(() => executor.stats().workers.length === 0, 20_000);
  }
});

test('no task is lost to a worker that leaves for its idleness at the same moment', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2, idleTimeout: 1 });
  for (let round = 0; round < 20; round += 1) {
    expect(await executor.submit(square, round)).toBe(round ** 2);
    await new Promise((resolve) => setTimeout(resolve, (round % 5) * 0.7));
  }
});

describe('used from many places at a time', () => {
  const use = async (user: number, sizeOf: (round: number) => number, more: object = {}): Promise<void> => {
    for (let round = 0; round < 6; round += 1) {
      const executor = getReusableExecutor({ maxWorkers: sizeOf(user + round), ...more });
      expect(await executor.submit(square, user)).toBe(user ** 2);
      expect(await executor.map(square, [1, 2, 3]).toArray()).toEqual([1, 4, 9]);
    }
  };
  const users = Array.from({ length: 10 }, (_, user) => user);

  test.each([
    ['with one size', () => 2],
    ['with different sizes', (round: number) => (round % 3) + 1],
  ])('%s', async (_, sizeOf) => {
    await Promise.all(users.map((user) => use(user, sizeOf)));
  });

  test('after it was broken', async () => {
    await rejectionOf(getReusableExecutor({ maxWorkers: 2 }).submit(() => process.exit(1)));
    await Promise.all(users.map((user) => use(user, () => 2)));
  });

  test('while others replace it by ones with other settings, all tasks are done', async () => {
    await Promise.all(
      users.slice(0, 4).map((user) => use(user, () => 1, { env: { WHO: String(user % 2) } })),
    );
  });
});
