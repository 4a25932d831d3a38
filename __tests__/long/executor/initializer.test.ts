/** initializer and initArgs: once in each process, before its first task; when it fails, the pool is broken. */
import { describe, expect, test } from '@jest/globals';
import type { ExecutorOptions, ProcessPoolExecutor } from 'loky';
import { killSelf, poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const initialized = () => (globalThis as { initialized?: unknown[] }).initialized;
const initialize = (...args: unknown[]) => {
  const shared = globalThis as { initialized?: unknown[] };
  shared.initialized = [...(shared.initialized ?? []), args];
};

describe('an initializer', () => {
  test('runs once in each process before its first task, with initArgs', async () => {
    const executor = newPool({ maxWorkers: 2, initializer: initialize, initArgs: [1, { two: 2 }] });
    await executor.prewarm();
    const seen = await executor.map(initialized as (x: number) => unknown, Array(20).fill(0)).toArray();
    expect(seen).toEqual(Array(20).fill([[1, { two: 2 }]]));
  });

  test('may be async: tasks wait for it', async () => {
    const executor = newPool({
      initializer: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        (globalThis as { initialized?: unknown }).initialized = ['later'];
      },
    });
    expect(await executor.submit(initialized)).toEqual(['later']);
  });

  test('runs again in the replacement of a worker that died', async () => {
    const executor = newPool({ initializer: initialize, onWorkerCrash: 'isolate', stdio: 'ignore' });
    await rejectionOf(executor.submit(killSelf));
    expect(await executor.submit(initialized)).toEqual([[]]);
  });
});

describe('an initializer that fails', () => {
  const failing: [string, ExecutorOptions, RegExp, unknown][] = [
    [
      'throws',
      {
        initializer: () => {
          throw new RangeError('no licence');
        },
      },
      /initializer.*no licence/,
      { name: 'RangeError', message: 'no licence' },
    ],
    [
      'rejects',
      {
        initializer: async () => {
          await null;
          throw new Error('no network');
        },
      },
      /initializer.*no network/,
      { message: 'no network' },
    ],
    [
      'throws what is no Error',
      {
        initializer: () => {
          throw 'just words';
        },
      },
      /initializer.*just words/,
      'just words',
    ],
    ['exits', { initializer: () => process.exit(7) }, /EXIT\(7\).*initializer/, undefined],
    ['kills its process', { initializer: killSelf }, /SIGKILL\(-9\).*initializer/, undefined],
    [
      'does not return in time',
      { initializer: () => new Promise(() => {}), startTimeout: 1500 },
      /initializer.*1500 ms \(startTimeout\)/,
      undefined,
    ],
    [
      'never lets go of the CPU',
      {
        initializer: () => {
          for (;;);
        },
        startTimeout: 1500,
      },
      /initializer.*1500 ms \(startTimeout\)/,
      undefined,
    ],
  ];

  test.each(failing)(
    'because it %s breaks the pool with InitializerError',
    async (_, options, message, cause) => {
      const executor = newPool({ stdio: 'ignore', ...options });
      const [first, second] = [executor.submit(square, 1), executor.submit(square, 2)];
      const error = await rejectionOf(first);
      expect(error).toMatchObject({ name: 'InitializerError', code: 'ERR_INITIALIZER' });
      expect(error.message).toMatch(message);
      expect(error.cause).toEqual(
        cause === undefined ? undefined : cause instanceof RegExp ? cause : expectCause(cause),
      );
      expect(await rejectionOf(second)).toBe(error);
      expect(submitThrows(executor)).toBe(error);
    },
  );

  test('makes prewarm reject', async () => {
    const executor = newPool({
      initializer: () => {
        throw new Error('no');
      },
      stdio: 'ignore',
    });
    expect(await rejectionOf(executor.prewarm())).toMatchObject({ name: 'InitializerError' });
  });
});

function expectCause(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'message' in cause
    ? expect.objectContaining(cause)
    : cause;
}

function submitThrows(executor: ProcessPoolExecutor): unknown {
  try {
    return executor.submit(square, 1);
  } catch (error) {
    return error;
  }
}

describe('startTimeout', () => {
  test('does not count the time that this process was too busy to read that the worker is ready', async () => {
    const executor = newPool({ startTimeout: 2_000 });
    const future = executor.submit(square, 3);
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + 4_000;
    while (performance.now() < end);
    expect(await future).toBe(9);
  });

  test('of Infinity waits as long as it takes', async () => {
    expect(await newPool({ startTimeout: Number.POSITIVE_INFINITY }).submit(square, 3)).toBe(9);
  });

  test('that is too short for a boot breaks the pool with WorkerStartupError', async () => {
    // However busy this process is meanwhile, which lets a worker have its time.
    const sleeps = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000)';
    const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(sleeps)}`];
    const error = await rejectionOf(newPool({ startTimeout: 50, execArgv }).submit(square, 3));
    expect(error).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining('50 ms (startTimeout)'),
    });
  });
});
