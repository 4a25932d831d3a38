/**
 * Futures, wait and asCompleted against simple models, over arbitrary orders of events. Time is the test's own; a
 * failing case is printed with its seed, with which fast-check runs it again.
 */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import type { Future } from '../../lib/futures/future.ts';
import { type ReturnWhen, wait } from '../../lib/futures/wait.ts';
import { type Answer, actions, Model } from './as-completed-model.ts';
import { ownedFuture } from './owned-future.ts';
import { finishAll, LAST_TICK, makeFutures, type Plan, plans, TICK, timeouts } from './plans.ts';

const RUNS = { numRuns: 400 };

/** Lets everything run that waits for no timer. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a future', () => {
  type Step =
    | 'begin'
    | 'cancel'
    | 'kill'
    | 'succeed'
    | 'fail'
    | 'listen'
    | 'listen and throw'
    | 'listen twice';
  const steps = fc.constantFrom<Step>(
    'begin',
    'cancel',
    'kill',
    'succeed',
    'fail',
    'listen',
    'listen and throw',
    'listen twice',
  );
  type State = 'pending' | 'running' | 'cancelled' | 'finished';

  test('is what its model is after every step, and each callback is called once, in order', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const property = fc.asyncProperty(fc.array(steps, { maxLength: 12 }), async (sequence) => {
      warn.mockClear();
      const owned = ownedFuture<number>();
      const { future } = owned;
      const called: string[] = [];
      const failure = new Error('as it was told');
      let state = 'pending' as State;
      let outcome: 'value' | 'error' | undefined;
      let expectedCalls: string[] = [];
      let waiting: string[][] = [];
      let expectedWarnings = 0;
      const isOver = (): boolean => state === 'cancelled' || state === 'finished';
      const becomes = (next: State): void => {
        state = next;
        expectedCalls = expectedCalls.concat(...waiting);
        waiting = [];
      };
      const expectCalls = (...names: string[]): void => {
        if (isOver()) expectedCalls.push(...names);
        else waiting.push(names);
      };
      for (const [index, step] of sequence.entries()) {
        switch (step) {
          case 'begin':
            if (isOver()) break; // its owner knows
            owned.begin();
            state = 'running';
            break;
          case 'cancel':
          case 'kill': {
            const kill = step === 'kill';
            const can = state === 'pending' || (state === 'running' && kill);
            if (can) becomes('cancelled');
            expect(future.cancel({ kill })).toBe(state === 'cancelled');
            break;
          }
          case 'succeed':
          case 'fail':
            if (isOver()) break;
            outcome = step === 'succeed' ? 'value' : 'error';
            becomes('finished');
            if (outcome === 'value') owned.succeed(index);
            else owned.fail(failure);
            break;
          case 'listen':
            expectCalls(`${index}`);
            future.addDoneCallback((it) =>
              called.push(it === future && it.done() ? `${index}` : 'too early'),
            );
            break;
          case 'listen and throw':
            expectCalls(`${index}`);
            expectedWarnings += 1;
            future.addDoneCallback(() => {
              called.push(`${index}`);
              throw failure;
            });
            break;
          case 'listen twice':
            expectCalls(`${index}`, `${index} inside`);
            future.addDoneCallback(() => {
              called.push(`${index}`);
              expect(future.cancel()).toBe(future.cancelled());
              future.addDoneCallback(() => called.push(`${index} inside`));
            });
            break;
        }
        expect([future.state, future.done(), future.running(), future.cancelled()]).toEqual([
          state,
          isOver(),
          state === 'running',
          state === 'cancelled',
        ]);
        expect(called).toEqual(expectedCalls);
      }
      if (!isOver()) expectedWarnings = 0;
      if (isOver()) expect(warn).toHaveBeenCalledTimes(expectedWarnings);
      if (outcome === 'value') expect(await future.exception()).toBeUndefined();
      else if (outcome === 'error') expect(await future.exception()).toBe(failure);
      else if (state === 'cancelled') await expect(future.result()).rejects.toThrow('cancelled by the owner');
    });
    await fc.assert(property, RUNS);
    warn.mockRestore();
  });
});

describe('wait', () => {
  const conditions = fc.constantFrom<ReturnWhen>('ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION');

  function isEnough(all: readonly Plan[], tick: number, returnWhen: ReturnWhen): boolean {
    const done = all.filter(({ at }) => at !== undefined && at <= tick);
    if (done.length === all.length) return true;
    if (returnWhen === 'FIRST_COMPLETED') return done.length > 0;
    return returnWhen === 'FIRST_EXCEPTION' && done.some(({ outcome }) => outcome === 'error');
  }

  /** The last tick that it sees; `undefined` if it waits for ever. */
  function returnsAfter(
    all: readonly Plan[],
    returnWhen: ReturnWhen,
    timeout: number | undefined,
  ): number | undefined {
    for (let tick = 0; tick <= LAST_TICK; tick += 1) {
      if (isEnough(all, tick, returnWhen)) return tick;
      if (timeout !== undefined && timeout < (tick + 1) * TICK) return tick;
    }
    return undefined;
  }

  test('returns when it should and with what is done, and leaves no timer', async () => {
    const property = fc.asyncProperty(
      plans,
      conditions,
      timeouts,
      fc.boolean(),
      async (all, returnWhen, timeout, twice) => {
        const owned = makeFutures(all);
        const futures = owned.map(({ future }) => future);
        finishAll(owned, all, 0);
        let returned: { done: Set<unknown>; notDone: Set<unknown> } | undefined;
        let tickOfReturn = -1;
        const options = { returnWhen, ...(timeout === undefined ? {} : { timeout }) };
        const waiting = wait(twice ? [...futures, ...futures] : futures, options).then((result) => {
          returned = result;
        });
        for (let tick = 0; tick <= LAST_TICK; tick += 1) {
          if (tick > 0) finishAll(owned, all, tick);
          await settle();
          await jest.advanceTimersByTimeAsync(TICK);
          await settle();
          if (returned !== undefined && tickOfReturn < 0) tickOfReturn = tick;
        }
        const expected = returnsAfter(all, returnWhen, timeout);
        expect(tickOfReturn).toBe(expected ?? -1);
        all.forEach((_, index) => {
          owned[index]?.future.cancel();
        });
        await waiting;
        const seen = (index: number): boolean => {
          const at = all[index]?.at;
          return expected === undefined || (at !== undefined && at <= expected);
        };
        expect([...(returned?.done ?? [])]).toEqual(futures.filter((_, index) => seen(index)));
        expect([...(returned?.notDone ?? [])]).toEqual(futures.filter((_, index) => !seen(index)));
        expect(jest.getTimerCount()).toBe(0);
      },
    );
    await fc.assert(property, RUNS);
  });
});

describe('asCompleted', () => {
  test('gives each call of next what it should, in any order of events, and leaves no timer', async () => {
    const property = fc.asyncProperty(plans, timeouts, actions, async (all, timeout, sequence) => {
      const owned = makeFutures(all);
      const indexOf = new Map<unknown, number>(owned.map(({ future }, index) => [future, index]));
      finishAll(owned, all, 0);
      const model = new Model(all, timeout);
      const answers: Answer[] = [];
      const futures = owned.map(({ future }) => future);
      const iterator = asCompleted([...futures, ...futures], timeout === undefined ? {} : { timeout });
      let tick = 0;
      for (const action of [...sequence, 'return' as const]) {
        model.act(action);
        if (action === 'next') {
          const call = answers.push('waits') - 1;
          iterator.next().then(
            ({ done, value }) => {
              answers[call] = done === true ? 'end' : (indexOf.get(value) as number);
            },
            (error: Error) => {
              answers[call] = error.name as Answer;
            },
          );
        } else if (action === 'return') {
          expect(await iterator.return()).toEqual({ value: undefined, done: true });
        } else {
          tick += 1;
          finishAll(owned, all, tick);
          await settle();
          await jest.advanceTimersByTimeAsync(TICK);
        }
        await settle();
        expect(answers).toEqual(model.answers);
      }
      expect(jest.getTimerCount()).toBe(0);
    });
    await fc.assert(property, RUNS);
  });

  test('yields nothing more when a callback of the very future that gets done has ended it', async () => {
    const { future, succeed } = ownedFuture<number>();
    let iterator: AsyncIterator<Future<number>> | undefined;
    future.addDoneCallback(() => void iterator?.return?.());
    iterator = asCompleted([future]);
    succeed(1);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });
});
