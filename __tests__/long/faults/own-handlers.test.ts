/** What the program does about exceptions that nobody has caught counts in a worker as it does in any process of Node. */
import { describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor } from 'loky';
import { poolsOfEachTest, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const poolOfOne = (execArgv: string[] = []): ProcessPoolExecutor =>
  newPool({ maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore', execArgv });

const throwLater = (): void => {
  setTimeout(() => {
    throw new Error('late');
  }, 10);
};

type Handled = () => Promise<unknown>;

/** Each is told of the exception in its own way. */
const handlers: [string, Handled][] = [
  [
    'process.once',
    () =>
      new Promise((resolve) => {
        process.once('uncaughtException', ({ message }) => resolve(message));
        setTimeout(() => {
          throw new Error('late');
        }, 10);
      }),
  ],
  [
    'process.prependOnceListener',
    () =>
      new Promise((resolve) => {
        process.prependOnceListener('uncaughtException', ({ message }) => resolve(message));
        setTimeout(() => {
          throw new Error('late');
        }, 10);
      }),
  ],
  [
    'a capture callback',
    () =>
      new Promise((resolve) => {
        process.setUncaughtExceptionCaptureCallback(({ message }) => {
          process.setUncaughtExceptionCaptureCallback(null);
          resolve(message);
        });
        setTimeout(() => {
          throw new Error('late');
        }, 10);
      }),
  ],
  [
    'a domain',
    () =>
      new Promise((resolve) => {
        const domain = process.getBuiltinModule('node:domain').create();
        domain.on('error', ({ message }) => resolve(message));
        domain.run(() =>
          setTimeout(() => {
            throw new Error('late');
          }, 10),
        );
      }),
  ],
  [
    'process.once of unhandledRejection',
    () =>
      new Promise((resolve) => {
        process.once('unhandledRejection', (reason) => resolve((reason as Error).message));
        void Promise.reject(new Error('late'));
      }),
  ],
  [
    'process.once, for a rejection that nobody handles',
    () =>
      new Promise((resolve) => {
        process.once('uncaughtException', ({ message }) => resolve(message));
        void Promise.reject(new Error('late'));
      }),
  ],
];

describe('a worker goes on where the exception is handled by', () => {
  test.each(handlers)('%s, and ends where the next one is not', async (_, handled) => {
    const executor = poolOfOne();
    expect(await executor.submit(handled)).toBe('late');
    expect(await executor.submit(square, 3)).toBe(9);
    const lost = executor.submit(async (run: () => void) => {
      run();
      await new Promise(() => {});
    }, throwLater);
    expect(await lost.exception()).toMatchObject({
      reason: 'uncaught-exception',
      cause: { message: 'late' },
    });
    expect(await executor.submit(square, 4)).toBe(16);
  });
});

describe('--unhandled-rejections', () => {
  const reject = async (): Promise<string> => {
    void Promise.reject(new Error('nobody cares'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    return 'went on';
  };

  test.each(['none', 'warn', 'warn-with-error-code'])('%s lets the worker go on', async (mode) => {
    expect(await poolOfOne([`--unhandled-rejections=${mode}`]).submit(reject)).toBe('went on');
  });

  test.each(['strict', 'throw'])('%s ends it', async (mode) => {
    const error = await poolOfOne([`--unhandled-rejections=${mode}`])
      .submit(reject)
      .exception();
    expect(error).toMatchObject({ reason: 'uncaught-exception', cause: { message: 'nobody cares' } });
  });
});

test('a handler that asks whether it is the only one is', async () => {
  const executor = poolOfOne();
  const count = executor.submit(
    () =>
      new Promise((resolve) => {
        process.once('uncaughtException', () => resolve(process.listenerCount('uncaughtException')));
        setTimeout(() => {
          throw new Error('late');
        }, 10);
      }),
  );
  expect(await count).toBe(0); // it has left itself
});
