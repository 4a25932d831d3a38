/** Which executor `getReusableExecutor` gives: row by row what loky's `get_reusable_executor` decides. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { cpuCount, getContext, getReusableExecutor, type ReusableExecutorOptions } from 'loky';
import { pidOfWorker, rejectionOf, runForEver, square } from '../executor/pools.ts';
import { waitUntil, waitUntilGone } from '../helpers/processes.ts';

afterEach(() => getReusableExecutor({ reuse: true }).shutdown({ killWorkers: true }));

const get = (options?: ReusableExecutorOptions) => getReusableExecutor(options);
const maxBusy = async (executor: ReturnType<typeof get>, wanted: number) => {
  await executor.prewarm();
  return executor.stats().workers.filter(({ state }) => state === 'idle').length === wanted;
};

test('without options it has a worker for each CPU, which leave after ten idle seconds', async () => {
  const executor = get();
  expect(get()).toBe(executor);
  expect(await maxBusy(executor, cpuCount())).toBe(true);
  expect(get({ idleTimeout: 10_000 })).toBe(executor);
  expect(get({ idleTimeout: null })).not.toBe(executor);
});

test('executors are numbered in the order in which they were made', () => {
  const first = get({ maxWorkers: 1 });
  const second = get({ maxWorkers: 1, reuse: false });
  expect(second.executorId).toBeGreaterThan(first.executorId);
  expect(get({ maxWorkers: 2 }).executorId).toBe(second.executorId);
});

const initializer = (): void => {};
const other = (): void => {};
const reducer = { date: { test: () => false, reduce: () => 0, rebuild: () => 0 } };

describe('other settings make a new executor, the same ones do not', () => {
  test.each<[string, ReusableExecutorOptions, ReusableExecutorOptions]>([
    ['idleTimeout', { idleTimeout: 5 }, { idleTimeout: 6 }],
    ['context', { context: 'loky' }, { context: 'loky_init_main' }],
    [
      'context by name or as what getContext returns',
      { context: getContext('loky') },
      { context: 'loky_init_main' },
    ],
    ['initializer', { initializer }, { initializer: other }],
    [
      'initArgs',
      { initializer, initArgs: [{ a: [1] }] as never },
      { initializer, initArgs: [{ a: [2] }] as never },
    ],
    ['env', { env: { A: '1' } }, { env: { A: '2' } }],
    ['preload', { preload: ['node:fs'] }, { preload: ['node:zlib'] }],
    ['execArgv', { execArgv: ['--no-warnings'] }, { execArgv: [] }],
    ['jobReducers', { jobReducers: reducer }, {}],
    ['serializer', { serializer: 'v8' }, { serializer: 'auto' }],
    ['onWorkerCrash', { onWorkerCrash: 'isolate' }, { onWorkerCrash: 'break' }],
    ['taskTimeout', { taskTimeout: 1_000 }, {}],
    ['memory', { memory: { limit: 1e9 } }, { memory: { limit: 2e9 } }],
    ['maxPending', { maxPending: 10 }, { maxPending: 11 }],
    ['spareWorkers', { spareWorkers: 1 }, {}],
    ['minWorkers', { minWorkers: 1 }, {}],
  ])('%s', (_, settings, different) => {
    const executor = get({ maxWorkers: 1, ...settings });
    expect(get({ maxWorkers: 1, ...settings })).toBe(executor);
    expect(get({ maxWorkers: 1, ...copyOf(settings) })).toBe(executor);
    expect(get({ maxWorkers: 1, ...different, reuse: true })).toBe(executor);
    const replacement = get({ maxWorkers: 1, ...different });
    expect(replacement).not.toBe(executor);
    expect(get({ maxWorkers: 1, ...different })).toBe(replacement);
  });

  test('initArgs that were changed in place are other settings', async () => {
    const names = ['before'];
    const setTitle = (list: string[]) => {
      process.title = list[0] as string;
    };
    const executor = get({ maxWorkers: 1, initializer: setTitle, initArgs: [names] });
    expect(await executor.submit(() => process.title)).toBe('before');
    names[0] = 'after';
    const replacement = get({ maxWorkers: 1, initializer: setTitle, initArgs: [names] });
    expect(replacement).not.toBe(executor);
    expect(await replacement.submit(() => process.title)).toBe('after');
  });

  test('killWorkers is no setting', () => {
    const executor = get({ maxWorkers: 1 });
    expect(get({ maxWorkers: 1, killWorkers: true })).toBe(executor);
    expect(get({ maxWorkers: 1, ...({ kill_workers: true } as object) })).toBe(executor);
  });
});

function copyOf(settings: ReusableExecutorOptions): ReusableExecutorOptions {
  const { initArgs, env, memory, execArgv } = settings;
  return {
    ...settings,
    ...(initArgs && { initArgs: structuredClone(initArgs) as never }),
    ...(env && typeof env === 'object' && { env: { ...env } }),
    ...(memory && { memory: { ...memory } }),
    ...(execArgv && { execArgv: [...execArgv] }),
  };
}

describe('reuse', () => {
  test('true keeps the settings and the size of the existing one', async () => {
    const executor = get({ maxWorkers: 3, idleTimeout: 42_000, reuse: false });
    expect(get({ reuse: true, idleTimeout: 1 })).toBe(executor);
    expect(await maxBusy(executor, 3)).toBe(true);
    const replacement = get();
    expect(replacement).not.toBe(executor);
    expect(await maxBusy(replacement, cpuCount())).toBe(true);
  });

  test('true resizes if a size is given, and makes one if there is none', async () => {
    const executor = get({ maxWorkers: 1, reuse: true, key: 'fresh' });
    expect(get({ maxWorkers: 2, reuse: true, key: 'fresh' })).toBe(executor);
    expect(await maxBusy(executor, 2)).toBe(true);
    await executor.shutdown();
  });

  test('false makes a new one each time, and the old one finishes what it has', async () => {
    const executor = get({ maxWorkers: 1 });
    const future = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 200, 'finished')));
    const replacement = get({ maxWorkers: 1, reuse: false });
    expect(replacement).not.toBe(executor);
    expect(await future).toBe('finished');
    await waitUntil(() => executor.stats().workers.length === 0, 20_000);
  });

  test.each([0, -1, 1.5, Number.NaN])(
    'refuses %d workers and leaves the existing one alone',
    async (maxWorkers) => {
      const executor = get({ maxWorkers: 1 });
      expect(() => get({ maxWorkers })).toThrow(RangeError);
      expect(get({ maxWorkers: 1 })).toBe(executor);
      expect(await executor.submit(square, 3)).toBe(9);
    },
  );

  test.each([
    [{ reuse: 'never' }, /reuse/],
    [{ context: 'fork' }, /fork/],
    [{ max_workers: 2 }, /maxWorkers/],
    [{ initargs: [] }, /initArgs/],
    [{ timeout: 2 }, /idleTimeout/],
    [{ key: 7 }, /key/],
  ])('refuses %j', (options, message) => {
    expect(() => get(options as unknown as ReusableExecutorOptions)).toThrow(message);
  });
});

describe('a replaced executor', () => {
  test('with killWorkers loses what it runs, which is said', async () => {
    const executor = get({ maxWorkers: 1 });
    const pid = await executor.submit(pidOfWorker);
    const future = executor.submit(runForEver);
    await waitUntil(() => future.running(), 20_000);
    const replacement = get({ maxWorkers: 1, idleTimeout: 77, killWorkers: true });
    expect((await rejectionOf(future)).name).toBe('ShutdownExecutorError');
    await waitUntilGone([pid], 2_000);
    expect(await replacement.submit(square, 3)).toBe(9);
  });

  test('sends the tasks of its old handle, and of its views, to its replacement', async () => {
    const stale = get({ maxWorkers: 1 });
    const view = stale.withOptions({ name: 'a view' });
    const replacement = get({ maxWorkers: 1, reuse: false });
    const pid = await replacement.submit(pidOfWorker);
    expect(await stale.submit(pidOfWorker)).toBe(pid);
    expect(await view.submit(pidOfWorker)).toBe(pid);
    expect(await stale.map((x: number) => x + 1, [1, 2]).toArray()).toEqual([2, 3]);
    const third = get({ maxWorkers: 1, reuse: false });
    expect(await stale.submit(pidOfWorker)).toBe(await third.submit(pidOfWorker));
  });

  test('that was shut down and has no replacement says so', async () => {
    const executor = get({ maxWorkers: 1 });
    await executor.shutdown();
    expect(() => executor.submit(square, 1)).toThrow('cannot schedule new futures after shutdown');
    const replacement = get({ maxWorkers: 1 });
    expect(replacement).not.toBe(executor);
    expect(await executor.submit(square, 2)).toBe(4);
  });

  test('that is broken says why until it is asked for again', async () => {
    const executor = get({ maxWorkers: 2 });
    const error = await rejectionOf(executor.submit(() => process.kill(process.pid, 'SIGKILL')));
    expect(error.message).toContain('SIGKILL(-9)');
    expect(() => executor.submit(square, 1)).toThrow(error.message);
    const replacement = get({ maxWorkers: 2, reuse: true });
    expect(replacement).not.toBe(executor);
    expect(await replacement.submit(square, 2)).toBe(4);
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

test('keys name executors that are independent of each other', async () => {
  const [plain, one, two] = [
    get({ maxWorkers: 1 }),
    get({ key: 'one', maxWorkers: 1 }),
    get({ key: 'two', maxWorkers: 1 }),
  ];
  expect(new Set([plain, one, two]).size).toBe(3);
  expect(get({ key: 'one', maxWorkers: 1 })).toBe(one);
  await one.shutdown();
  expect(await two.submit(square, 2)).toBe(4);
  expect(get({ maxWorkers: 1 })).toBe(plain);
  await two.shutdown();
});
