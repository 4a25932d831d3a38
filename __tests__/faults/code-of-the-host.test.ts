/** What the host's own code does while the pool asks or tells it something: nothing hangs, and nothing is miscounted. */
import { describe, expect, test } from '@jest/globals';
import { type ExecutorOptions, ProcessPoolExecutor, type TaskOptions } from 'loky';
import { poolsOfEachTest, rejectionOf, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

describe('a listener', () => {
  test('may abort the signal of the task that it is told of: it is cancelled, and counted once', async () => {
    const executor = newPool();
    const abort = new AbortController();
    executor.once('taskQueued', () => abort.abort(new Error('enough')));
    const future = executor.withOptions({ signal: abort.signal }).submit(square, 2);
    expect(await rejectionOf(future)).toMatchObject({
      name: 'CancelledError',
      cause: { message: 'enough' },
    });
    expect(executor.stats()).toMatchObject({ pending: 0, running: 0 });
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

describe('the function that gives workers their environment', () => {
  test('may shut the pool down: futures fail, and no worker is left', async () => {
    let calls = 0;
    const executor: ProcessPoolExecutor = newPool({
      maxWorkers: 2,
      env() {
        calls += 1;
        if (calls === 2) void executor.shutdown({ killWorkers: true });
        return {};
      },
    });
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => executor.submit(square, n)));
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ name: 'ShutdownExecutorError' });
    }
    await executor.shutdown();
    expect(executor.stats().workers).toEqual([]);
  });

  test('may ask what the pool is doing', async () => {
    let seen: unknown;
    const executor: ProcessPoolExecutor = newPool({
      env() {
        seen = executor.stats();
        return {};
      },
    });
    expect(await executor.submit(square, 3)).toBe(9);
    expect(seen).toMatchObject({ workers: [{ pid: undefined }] });
  });
});

describe('options', () => {
  const odd = <T>(name: string, ...values: readonly unknown[]): T => {
    let reads = 0;
    const get = (): unknown => {
      reads += 1;
      return values[Math.min(reads, values.length) - 1];
    };
    return Object.defineProperty({}, name, { get, enumerable: true }) as T;
  };
  class Instance {
    get timeout(): unknown {
      return 10n;
    }
    get maxWorkers(): unknown {
      return Number.NaN;
    }
    get priority(): unknown {
      return Number.NaN;
    }
  }

  test('that come from a class are refused, as all that is inherited', () => {
    const executor = newPool();
    const refusal = /^the option \w+ of \w+ is inherited, and options must be own properties/;
    expect(() => executor.withOptions(new Instance() as TaskOptions)).toThrow(refusal);
    expect(() => new ProcessPoolExecutor(new Instance() as ExecutorOptions)).toThrow(refusal);
  });

  test('are used with the value that was checked', async () => {
    const executor = newPool(odd<ExecutorOptions>('maxWorkers', 1, Number.NaN));
    const view = executor.withOptions(odd<TaskOptions>('priority', 1, Number.NaN));
    expect(await view.submit(square, 3)).toBe(9);
    const limited = executor.withOptions(odd<TaskOptions>('timeout', 60_000, 10n));
    expect(await limited.submit(square, 4)).toBe(16);
    expect(await view.submit(square, 5)).toBe(25);
  });
});
