/** Tasks that do what no task should: to their process, to its channel, to what they leave behind. */
import { describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor } from 'loky';
import { pidOfWorker, poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';
import { waitUntil, waitUntilGone } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();

async function outcomeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** Leaves a throwing timer behind, and stays until it has gone off. */
const leavesThrow = (): Promise<string> => {
  setTimeout(() => {
    throw new Error('left behind');
  }, 20);
  return new Promise((resolve) => setTimeout(resolve, 60_000, 'never'));
};

describe('a task that spoils its process before something is thrown where nobody catches it', () => {
  test.each([
    [
      'by a console.error that throws',
      () => {
        console.error = () => {
          throw new Error('no console');
        };
      },
    ],
    [
      'by a stderr that is closed',
      () => {
        process.getBuiltinModule('node:fs').closeSync(2);
      },
    ],
    [
      'by listeners of exit that never return',
      () => {
        process.on('exit', () => {
          for (;;);
        });
      },
    ],
    [
      'by a process.exit that does nothing',
      () => {
        process.exit = (() => {}) as never;
      },
    ],
    [
      'by removing all listeners',
      () => {
        process.removeAllListeners();
      },
    ],
  ])('%s is ended all the same', async (_, spoil) => {
    const executor = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const pid = await executor.submit(pidOfWorker);
    await executor.submit(spoil);
    const start = performance.now();
    expect((await rejectionOf(executor.submit(leavesThrow))).name).toBe('TerminatedWorkerError');
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(await executor.submit(pidOfWorker)).not.toBe(pid);
    await waitUntilGone([pid], 5_000);
  });
});

test.each([15, 16, 17, 18, 19, 20, 21, 22, 23, 24])(
  'an empty frame of kind %i, forged by a task, costs that worker at most',
  async (kind) => {
    const executor = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const forge = (forged: number): string => {
      const header = Buffer.alloc(16);
      header.set([0x4c, forged]);
      process.getBuiltinModule('node:fs').writeSync(3, header);
      return 'forged';
    };
    const outcome = await outcomeOf(executor.submit(forge, kind));
    if ('error' in (outcome as object)) {
      expect(outcome).toEqual({ error: expect.objectContaining({ name: 'TerminatedWorkerError' }) });
    } else expect(outcome).toEqual({ value: 'forged' });
    // An announced end comes within two seconds, and costs the task that is running then.
    await outcomeOf(executor.submit((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)), 50));
    expect(await executor.withOptions({ retries: 1 }).submit(square, 3)).toBe(9);
  },
);

describe('a worker whose task shuts the door', () => {
  const ends: [string, () => unknown][] = [
    ['closing its channel', () => process.getBuiltinModule('node:fs').closeSync(3)],
    ['closing its claims', () => process.getBuiltinModule('node:fs').closeSync(4)],
  ];
  test.each(ends)('%s lets every other task have its result', async (_, close) => {
    const executor: ProcessPoolExecutor = newPool({
      onWorkerCrash: 'isolate',
      stdio: 'ignore',
      maxWorkers: 2,
    });
    await Promise.all(Array.from({ length: 200 }, (_, n) => executor.submit(square, n))); // they are known to be short
    const closing = executor.submit(close);
    const futures = Array.from({ length: 500 }, (_, n) => executor.submit(square, n));
    const settled = await Promise.allSettled(futures);
    await outcomeOf(closing);
    const failed = settled.filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeLessThanOrEqual(1);
    expect(await executor.submit(square, 5)).toBe(25);
  });

  test('is told so, however busy the host is meanwhile', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', maxWorkers: 1, stdio: 'ignore' });
    const closing = executor.submit(() => process.getBuiltinModule('node:fs').closeSync(3));
    await waitUntil(
      () => closing.running(),
      5_000,
      () => 'the task to begin',
    );
    const end = performance.now() + 1_500;
    while (performance.now() < end);
    expect(await closing.exception()).toMatchObject({ name: 'TerminatedWorkerError', reason: 'channel' });
  });
});
