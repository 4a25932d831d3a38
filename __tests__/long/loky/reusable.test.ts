/** What loky checks of the reusable executor, where no other folder does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { cpuCount, getReusableExecutor, type ReusableExecutorOptions } from 'loky';
import { killSelf, rejectionOf, runForEver, sleepFor, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

checkedPools({ reusable: true });
const readState = (): unknown => (globalThis as { state?: unknown }).state ?? 'uninitialized';

test('two calls give one executor, a shutdown in between two', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  expect(getReusableExecutor({ maxWorkers: 2 })).toBe(executor);
  await executor.shutdown({ killWorkers: true });
  expect(getReusableExecutor({ maxWorkers: 2 })).not.toBe(executor);
});

test('the sizes 0, -1 and none at all are refused, or mean the number of CPUs', async () => {
  expect(() => getReusableExecutor({ maxWorkers: 0 })).toThrow(RangeError);
  expect(() => getReusableExecutor({ maxWorkers: -1 })).toThrow(RangeError);
  const executor = getReusableExecutor();
  await executor.prewarm();
  expect(executor.stats().workers).toHaveLength(cpuCount());
});

test('a start method may be named as its context; others are refused', async () => {
  expect(await getReusableExecutor({ maxWorkers: 2, context: 'loky' }).submit(square, 3)).toBe(9);
  for (const context of ['fork', 'bad_start_method']) {
    expect(() => getReusableExecutor({ maxWorkers: 2, context: context as 'loky' })).toThrow(
      /'loky_init_main'/,
    );
  }
});

test('reuse: true keeps size and settings, the next call without it has the defaults', async () => {
  const executor = getReusableExecutor({ maxWorkers: 3, idleTimeout: 42_000 });
  await executor.prewarm();
  expect(getReusableExecutor({ reuse: true })).toBe(executor);
  await executor.prewarm();
  expect(executor.stats().workers).toHaveLength(3);
  const other = getReusableExecutor();
  expect(other).not.toBe(executor);
  await other.prewarm();
  expect(other.stats().workers).toHaveLength(cpuCount());
  expect(getReusableExecutor()).toBe(other);
});

test('other initArgs start new workers, reuse: true keeps those that were initialized', async () => {
  const initializer = (state: unknown): void => {
    Object.assign(globalThis, { state });
  };
  const settings = { maxWorkers: 2, initializer };
  expect(await getReusableExecutor({ ...settings, initArgs: ['done'] }).submit(readState)).toBe('done');
  expect(await getReusableExecutor({ ...settings, initArgs: [42] }).submit(readState)).toBe(42);
  const grown = getReusableExecutor({ maxWorkers: 4, reuse: true });
  await grown.prewarm();
  const all = (executor: typeof grown): Promise<unknown[]> =>
    executor.map(readState as (n: number) => unknown, Array(8).keys()).toArray();
  expect(await all(grown)).toEqual(Array(8).fill(42));
  expect(await all(getReusableExecutor({ maxWorkers: 4 }))).toEqual(Array(8).fill('uninitialized'));
});

test('killWorkers ends what runs for ever when the settings change', async () => {
  const executor = getReusableExecutor({ maxWorkers: 2, idleTimeout: null });
  const future = executor.submit(runForEver);
  await waitUntil(() => future.running(), 20_000);
  const next = getReusableExecutor({ maxWorkers: 2, idleTimeout: 5_000, killWorkers: true });
  expect(await rejectionOf(future)).toMatchObject({ name: 'ShutdownExecutorError' });
  expect(await next.submit(square, 3)).toBe(9);
});

describe('resized', () => {
  const warn = jest.spyOn(process, 'emitWarning');
  afterEach(() => {
    warn.mockClear();
  });

  test('while a task runs it neither waits nor warns, and a worker that is killed then is told', async () => {
    const executor = getReusableExecutor({ maxWorkers: 1, idleTimeout: null });
    const future = executor.submit(sleepFor, 5_000);
    await waitUntil(() => future.running(), 20_000);
    const pid = executor.stats().workers[0]?.pid as number;
    expect(getReusableExecutor({ maxWorkers: 2, idleTimeout: null })).toBe(executor);
    expect(warn).not.toHaveBeenCalled();
    process.kill(pid, 'SIGKILL');
    expect((await rejectionOf(future)).message).toContain('SIGKILL(-9)');
    expect(() => executor.submit(square, 3)).toThrow('SIGKILL(-9)');
    const next = getReusableExecutor({ maxWorkers: 2, idleTimeout: null });
    expect(await next.submit(square, 3)).toBe(9);
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])(
    'to many sizes, with reuse: %s and killWorkers: %s, nobody waits for ever',
    async (reuse, killWorkers) => {
      const futures = [];
      for (const maxWorkers of [12, 2, 1, 12, 6, 1, 8, 5]) {
        const executor = getReusableExecutor({ maxWorkers, reuse, killWorkers, idleTimeout: null });
        for (let n = 0; n < 6; n += 1) futures.push(executor.submit(sleepFor, 10));
      }
      const outcomes = await Promise.all(futures.map((future) => future.exception()));
      const lost = outcomes.filter((error) => error !== undefined);
      for (const error of lost) expect(error).toMatchObject({ name: 'ShutdownExecutorError' });
      if (reuse || !killWorkers) expect(lost).toEqual([]);
    },
    60_000,
  );

  test('to more workers than Windows can wait for, and down again, it is the same one, with no warning', async () => {
    const executor = getReusableExecutor({ maxWorkers: 62, idleTimeout: 300_000 });
    expect(await executor.submit(square, 3)).toBe(9);
    expect(getReusableExecutor({ maxWorkers: 61, idleTimeout: 300_000 })).toBe(executor);
    expect(await executor.submit(square, 4)).toBe(16);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe.each([1, 2, 4])('with LOKY_MAX_CPU_COUNT=%d', (cpus) => {
  const before = process.env['LOKY_MAX_CPU_COUNT'];
  afterEach(() => {
    if (before === undefined) delete process.env['LOKY_MAX_CPU_COUNT'];
    else process.env['LOKY_MAX_CPU_COUNT'] = before;
  });

  test('twice as many workers and two more run at the same time: each waits for all others', async () => {
    process.env['LOKY_MAX_CPU_COUNT'] = String(cpus);
    expect(cpuCount()).toBeLessThanOrEqual(cpus);
    const count = 2 * cpus + 2;
    const folder = mkdtempSync(join(tmpdir(), 'loky-barrier-'));
    const meet = async (who: number, all: number, where: string): Promise<boolean> => {
      const { readdirSync, writeFileSync } = process.getBuiltinModule('node:fs');
      writeFileSync(`${where}/${who}`, '');
      while (readdirSync(where).length < all) await new Promise((resolve) => setTimeout(resolve, 5));
      return true;
    };
    try {
      const executor = getReusableExecutor({ maxWorkers: count });
      const futures = Array.from({ length: count }, (_, who) => executor.submit(meet, who, count, folder));
      expect(await Promise.all(futures)).toEqual(Array(count).fill(true));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('ten users at a time', () => {
  const use = async (maxWorkers: number): Promise<string> => {
    const executor = getReusableExecutor({ maxWorkers });
    for (let round = 0; round < 5; round += 1) {
      expect(await executor.map((x: number) => x ** 2, Array(10).keys()).toArray()).toEqual([
        0, 1, 4, 9, 16, 25, 36, 49, 64, 81,
      ]);
    }
    return 'ok';
  };
  const sizes: Record<string, (user: number) => number> = {
    'of one size': () => 2,
    'of different sizes': (user) => (user % 4) + 1,
  };
  const starts: Record<string, () => Promise<unknown>> = {
    'an executor that works': () => getReusableExecutor({ reuse: false }).submit(square, 1).result(),
    'one that is broken': () =>
      rejectionOf(getReusableExecutor({ reuse: false, stdio: 'ignore' }).submit(killSelf)),
  };

  test.each(Object.keys(sizes).flatMap((size) => Object.keys(starts).map((start) => [size, start])))(
    '%s get their results, beginning with %s',
    async (size, start) => {
      await starts[start]?.();
      const users = Array.from({ length: 10 }, (_, user) => use(sizes[size]?.(user) as number));
      expect(await Promise.all(users)).toEqual(Array(10).fill('ok'));
    },
  );

  test.each([0, 1])(
    'with twenty environments in turn get their results (round %d)',
    async (round) => {
      const submitWith = async (n: number): Promise<unknown> => {
        const env = { WHO: `${round}-${n}` };
        const settings: ReusableExecutorOptions = { maxWorkers: 1, env };
        await new Promise((resolve) => setImmediate(resolve));
        return getReusableExecutor(settings).submit(square, n).result({ timeout: 20_000 });
      };
      const results = await Promise.all(Array.from({ length: 20 }, (_, n) => submitWith(n)));
      expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n * n));
    },
    30_000,
  );
});

test('a task sent to a handle that was replaced meanwhile runs in the replacement', async () => {
  const stale = getReusableExecutor({ maxWorkers: 1, env: { WHO: '1' } });
  getReusableExecutor({ maxWorkers: 1, env: { WHO: '2' } });
  expect(await stale.submit(() => process.env['WHO'])).toBe('2');
});
