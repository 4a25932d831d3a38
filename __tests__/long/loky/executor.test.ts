/** What loky checks of any executor, where no other folder does. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

import { packageUrl } from '../../executor/host-script.ts';
import { beginSleeping, rejectionOf, sleepFor, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool, expectBroken } = checkedPools();
type Loky = typeof import('loky');

describe('a worker that is ended', () => {
  test('by SIGTERM from outside breaks the pool, and every later submit throws the same error', async () => {
    const executor = newPool();
    await executor.prewarm();
    const { future, pid } = await beginSleeping(executor, 60_000);
    process.kill(pid, 'SIGTERM');
    const error = await rejectionOf(future);
    expect(error).toMatchObject({ name: 'TerminatedWorkerError', signal: 'SIGTERM' });
    expect(error.message).toContain('The exit codes of the workers are {SIGTERM(-15)}');
    expect(() => executor.submit(square, 2)).toThrow(error);
    expectBroken(executor);
  });

  test.each([
    ['process.exit', () => process.exit(42)],
    ['process.reallyExit', () => (process as unknown as { reallyExit(code: number): never }).reallyExit(42)],
  ])('by %s(42) breaks the pool, and every later submit throws the same error', async (_, exit) => {
    const executor = newPool({ stdio: 'ignore' });
    const error = await rejectionOf(executor.submit(exit));
    expect(error.message).toMatch(/unexpectedly terminated.*EXIT\(42\)/s);
    expect(() => executor.submit(square, 2)).toThrow(error);
    expectBroken(executor);
  });

  test.each([
    ['SIGTERM', (pid: number) => process.kill(pid, 'SIGTERM')],
    ['SIGKILL', (pid: number) => process.kill(pid, 'SIGKILL')],
  ])("by %s costs only its task with onWorkerCrash: 'isolate'", async (signal, kill) => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate' });
    await executor.prewarm();
    const { future, pid } = await beginSleeping(executor, 60_000);
    kill(pid);
    expect(await rejectionOf(future)).toMatchObject({ signal });
    expect(await executor.map(square, [1, 2, 3]).toArray()).toEqual([1, 4, 9]);
  });

  test('is reported by an event with the signal', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const exits: unknown[] = [];
    executor.on('workerExited', (event) => exits.push(event));
    const pid = await executor.submit(() => process.pid);
    process.kill(pid, 'SIGTERM');
    await waitUntil(() => exits.length > 0, 20_000);
    expect(exits).toMatchObject([{ pid, rank: 0, exitCode: undefined, signal: 'SIGTERM', reason: 'crash' }]);
  });
});

test('ten callers at a time that map, submit and cancel each get what is theirs', async () => {
  const executor = newPool();
  const roots = Array.from({ length: 40 }, (_, n) => Math.sqrt(n));
  const caller = async (index: number): Promise<string> => {
    const before = executor.map(Math.sqrt, roots.keys(), { timeout: 30_000 });
    if (index % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const futures = Array.from({ length: 20 }, () => executor.submit(sleepFor, 0.1));
    const cancelled = futures.filter((future, n) => n % 2 === 0 && future.cancel());
    const after = executor.map(Math.sqrt, roots.keys(), { timeout: 30_000 });
    expect(await before.toArray()).toEqual(roots);
    expect(await after.toArray()).toEqual(roots);
    for (const future of futures) {
      if (cancelled.includes(future)) expect(future.cancelled()).toBe(true);
      else expect(await future.result({ timeout: 30_000 })).toBe(0.1);
    }
    return 'ok';
  };
  expect(await Promise.all(Array.from({ length: 10 }, (_, index) => caller(index)))).toEqual(
    Array(10).fill('ok'),
  );
});

test('three chains of tasks, each submitted by the callback of the one before, come to their ends', async () => {
  const executor = newPool();
  const collected = new Map<string, number[]>();
  const chain = (name: string, count: number): Promise<void> =>
    new Promise((resolve) => {
      const next = (left: number): void => {
        executor
          .submit((...both: [string, number]) => both, name, left)
          .addDoneCallback((future) => {
            void future.then(([who, value]) => {
              collected.set(who, [...(collected.get(who) ?? []), value]);
              if (value === 0) resolve();
            });
            if (left > 0) next(left - 1);
          });
      };
      next(count);
    });
  await Promise.all([chain('a', 100), chain('b', 50), chain('c', 60)]);
  const down = (count: number): number[] => Array.from({ length: count + 1 }, (_, n) => count - n);
  expect(Object.fromEntries(collected)).toEqual({ a: down(100), b: down(50), c: down(60) });
});

class Wrapped {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

test('reducers of jobs and of results are applied in this order, and to the tasks of their pool alone', async () => {
  const isWrapped = (value: unknown): boolean => value instanceof Wrapped;
  const rebuild = (value: number): Wrapped => new Wrapped(value);
  const custom = newPool({
    maxWorkers: 2,
    jobReducers: { wrapped: { test: isWrapped, reduce: ({ value }: Wrapped) => value + 5, rebuild } },
    resultReducers: { wrapped: { test: isWrapped, reduce: ({ value }: Wrapped) => value * 7, rebuild } },
  });
  const plain = newPool({ maxWorkers: 2 });
  const same = (value: Wrapped): Wrapped => value;
  const [changed, kept] = await Promise.all([
    custom.submit(same, new Wrapped(1)),
    plain.submit(same, new Wrapped(1)),
  ]);
  expect([changed.value, kept.value]).toEqual([42, 1]);
});

test.each([false, true])(
  'nested executors that are shut down with killWorkers: %s reach LOKY_MAX_DEPTH and no further',
  async (killWorkers) => {
    const nest = async (url: string, kill: boolean, levels: number, self: unknown): Promise<number> => {
      if (levels === 0) return 42;
      const { ProcessPoolExecutor: Pool } = (await import(url)) as Loky;
      const nested = new Pool({ maxWorkers: 1 });
      try {
        return await nested.submit(self as typeof nest, url, kill, levels - 1, self);
      } finally {
        await nested.shutdown({ killWorkers: kill });
      }
    };
    const executor = newPool({ maxWorkers: 1, env: { LOKY_MAX_DEPTH: '3' } });
    expect(await executor.submit(nest, packageUrl, killWorkers, 2, nest)).toBe(42);
    expect(await rejectionOf(executor.submit(nest, packageUrl, killWorkers, 3, nest))).toMatchObject({
      name: 'LokyRecursionError',
    });
  },
);

test('files, sockets and pipes that the host has open are not open in its workers', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loky-fds-'));
  const file = openSync(join(folder, 'open'), 'w');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const descriptors = (): string[] => {
    const { readdirSync, readlinkSync } = process.getBuiltinModule('node:fs');
    return readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // that of the listing itself
      }
    });
  };
  try {
    const mine = descriptors();
    const there = await newPool({ maxWorkers: 1 }).submit(descriptors);
    expect(mine).toContain(join(folder, 'open'));
    expect(there).not.toContain(join(folder, 'open'));
    // What both have in common are the devices and streams that every process is given.
    const shared = there.filter((target) => /^(socket|pipe):/.test(target) && mine.includes(target));
    expect(shared.length).toBeLessThanOrEqual(3);
    expect(there.length).toBeLessThan(40);
  } finally {
    closeSync(file);
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a worker that aborts leaves in the error where it was, as Node printed it', async () => {
  const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
  const error = await rejectionOf(executor.submit(() => process.abort()));
  expect(error).toMatchObject({
    signal: 'SIGABRT',
    stderr: expect.stringMatching(/executor\.test\.ts(\?loky=\d+)?:/),
  });
  expectBroken(executor);
});

/** 2.2 GB on both sides: asked for only. */
const longTest = process.env['LOKY_LONG_TESTS'] === undefined ? test.skip : test;
longTest(
  'an argument of more than 2 GiB arrives',
  async () => {
    const executor = newPool({ maxWorkers: 1 });
    expect(await executor.submit((data: Uint8Array) => data.byteLength, new Uint8Array(2.2e9))).toBe(2.2e9);
  },
  120_000,
);
