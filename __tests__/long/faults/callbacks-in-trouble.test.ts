/**
 * Done-callbacks that misbehave, in every kind of settlement. Each kind × each callback: the future has its outcome,
 * every other future settles, and the pool ends.
 */
import { afterAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ExecutorOptions, Future, ProcessPoolExecutor } from 'loky';
import { killSelf, poolsOfEachTest, runForEver, sleepFor, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();

interface Settlement {
  readonly name: string;
  readonly options?: ExecutorOptions;
  readonly outcome: string;
  /** Submits a task and brings its future to its end, after the callbacks were added. */
  readonly start: (executor: ProcessPoolExecutor) => { future: Future<unknown>; finish?: () => unknown };
}

const settlements: readonly Settlement[] = [
  {
    name: 'a value arrives',
    outcome: 'value',
    start: (executor) => ({ future: executor.submit(square, 3) }),
  },
  {
    name: 'the task throws',
    outcome: 'RangeError',
    start: (executor) => ({
      future: executor.submit(() => {
        throw new RangeError('no');
      }),
    }),
  },
  {
    name: 'it is cancelled while it waits',
    outcome: 'CancelledError',
    start(executor) {
      const future = executor.submit(square, 3);
      return { future, finish: () => future.cancel() };
    },
  },
  {
    name: 'it is cancelled and killed while it runs',
    outcome: 'CancelledError',
    start(executor) {
      const future = executor.submit(runForEver);
      return {
        future,
        finish: async () => {
          await waitUntil(() => future.running(), 10_000);
          future.cancel({ kill: true });
        },
      };
    },
  },
  {
    name: 'its time is over',
    outcome: 'TimeoutError',
    start: (executor) => ({ future: executor.withOptions({ timeout: 50 }).submit(runForEver) }),
  },
  {
    name: 'its worker dies',
    options: { onWorkerCrash: 'isolate' },
    outcome: 'TerminatedWorkerError',
    start: (executor) => ({ future: executor.submit(killSelf) }),
  },
  {
    name: 'the pool breaks',
    options: { onWorkerCrash: 'break' },
    outcome: 'TerminatedWorkerError',
    start: (executor) => ({ future: executor.submit(killSelf) }),
  },
  {
    name: 'the pool is shut down with killWorkers',
    outcome: 'ShutdownExecutorError',
    start(executor) {
      const future = executor.submit(runForEver);
      return { future, finish: () => executor.shutdown({ killWorkers: true }) };
    },
  },
  {
    name: 'the pool is shut down with cancelFutures',
    outcome: 'CancelledError',
    start(executor) {
      void executor.submit(sleepFor, 200);
      const future = executor.submit(square, 3);
      return { future, finish: () => executor.shutdown({ cancelFutures: true }) };
    },
  },
];

type Misbehaviour = (executor: ProcessPoolExecutor, others: readonly Future<unknown>[]) => unknown;

/** A submit to a pool that takes none any more throws, in a callback as elsewhere. */
function submitIfOpen(executor: ProcessPoolExecutor): void {
  try {
    void executor.submit(square, 4);
  } catch (error) {
    expect((error as Error).name).toMatch(/ShutdownExecutorError|TerminatedWorkerError/);
  }
}

const misbehaviours: readonly (readonly [string, Misbehaviour])[] = [
  [
    'throws',
    () => {
      throw new Error('in a callback');
    },
  ],
  ['submits', (executor) => submitIfOpen(executor)],
  ['cancels all others', (_, others) => others.map((other) => other.cancel())],
  ['kills all others', (_, others) => others.map((other) => other.cancel({ kill: true }))],
  ['shuts the pool down', (executor) => executor.shutdown()],
  ['shuts the pool down with killWorkers', (executor) => executor.shutdown({ killWorkers: true })],
  ['waits for the future itself', (_, others) => Promise.allSettled(others)],
];

const warn = jest.spyOn(process, 'emitWarning');
beforeEach(() => {
  warn.mockReset();
});
afterAll(() => {
  warn.mockRestore();
});

describe.each(settlements.map((each) => [each.name, each] as const))('when %s', (_, settlement) => {
  test.each(misbehaviours)('a callback that %s stops nothing', async (what, misbehave) => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore', ...settlement.options });
    const { future, finish } = settlement.start(executor);
    const others = [5, 6, 7].map((n) => executor.submit(square, n));
    let called = 0;
    future.addDoneCallback(() => misbehave(executor, others) as undefined);
    future.addDoneCallback(() => {
      called += 1;
    });
    await finish?.();
    const outcome = await future.then(
      () => 'value',
      (error: unknown) => (error as Error).name,
    );
    expect(outcome).toBe(settlement.outcome);
    await Promise.allSettled(others);
    expect(called).toBe(1);
    const start = performance.now();
    await executor.shutdown();
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(warn).toHaveBeenCalledTimes(what === 'throws' ? 1 : 0);
  });
});

describe('code that rebuilds a result', () => {
  const meddling: [string, (future: Future<unknown>, controller: AbortController) => unknown, string][] = [
    ['cancels that very future', (future) => future.cancel(), 'finished'],
    ['kills that very future', (future) => future.cancel({ kill: true }), 'cancelled'],
    ['aborts its signal', (_, controller) => controller.abort(), 'cancelled'],
  ];
  test.each(meddling)('and %s neither throws nor costs its worker', async (_, meddle, state) => {
    const errors: unknown[] = [];
    let future: Future<unknown> | undefined;
    const controller = new AbortController();
    const executor = newPool({
      resultReducers: {
        dates: {
          test: (value) => value instanceof Date,
          reduce: () => 'a date',
          rebuild: (reduced) => {
            try {
              meddle(future as Future<unknown>, controller);
            } catch (error) {
              errors.push(error);
            }
            return reduced;
          },
        },
      },
    });
    const pid = await executor.submit(() => process.pid);
    future = executor.withOptions({ signal: controller.signal }).submit(() => new Date(0));
    await Promise.allSettled([future]);
    expect([future.state, errors]).toEqual([state, []]);
    expect(await executor.submit(() => process.pid)).toBe(pid);
  });
});
