/** Waiting leaves no timer, no listener and no callback behind. */
import { getEventListeners } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { futureWatch } from '../../lib/futures/future.ts';
import { FIRST_COMPLETED, wait } from '../../lib/futures/wait.ts';
import { ownedFuture, succeeded } from './owned-future.ts';

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** Watchers that were put on futures and are still there, after `use`. */
async function watchersLeftBy(use: () => Promise<void>): Promise<number> {
  const watching = new Set<unknown>();
  const add = jest.spyOn(futureWatch, 'add').mockImplementation((future, watcher) => {
    watching.add(future);
    addForReal(future, watcher);
  });
  const remove = jest.spyOn(futureWatch, 'remove').mockImplementation((future) => {
    watching.delete(future);
  });
  try {
    await use();
    return watching.size;
  } finally {
    add.mockRestore();
    remove.mockRestore();
  }
}
const addForReal = futureWatch.add;

describe('result with a timeout and a signal', () => {
  test.each<[string, (owned: ReturnType<typeof ownedFuture>, controller: AbortController) => void]>([
    ['is answered', ({ succeed }) => succeed(1)],
    ['fails', ({ fail }) => fail(new Error('x'))],
    ['is aborted', (_, controller) => controller.abort()],
  ])('releases timer and listener when it %s', async (_, end) => {
    const before = timers();
    const owned = ownedFuture();
    const controller = new AbortController();
    const result = owned.future.result({ timeout: 60_000, signal: controller.signal });
    expect(timers()).toBe(before + 1);
    end(owned, controller);
    await Promise.allSettled([result]);
    expect([timers(), getEventListeners(controller.signal, 'abort').length]).toEqual([before, 0]);
  });

  test('releases its listener when the time is over', async () => {
    const { signal } = new AbortController();
    await Promise.allSettled([ownedFuture().future.result({ timeout: 1, signal })]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('wait', () => {
  test('takes its callbacks and its timer back when one future was enough', async () => {
    const before = timers();
    const left = await watchersLeftBy(async () => {
      const [first, second] = [ownedFuture(), ownedFuture()];
      const waiting = wait([first.future, second.future], { returnWhen: FIRST_COMPLETED, timeout: 60_000 });
      first.succeed(1);
      await waiting;
      futureWatch.remove(first.future, () => {}); // it was called, and is gone with that
    });
    expect([left, timers()]).toEqual([0, before]);
  });

  test('takes its callbacks back at the timeout', async () => {
    expect(
      await watchersLeftBy(async () => {
        await wait([ownedFuture().future, ownedFuture().future], { timeout: 1 });
      }),
    ).toBe(0);
  });
});

describe('asCompleted', () => {
  test('takes its callbacks and its timer back when the loop is left early', async () => {
    const before = timers();
    const left = await watchersLeftBy(async () => {
      for await (const _ of asCompleted([succeeded(1), ownedFuture().future], { timeout: 60_000 })) break;
    });
    expect([left, timers()]).toEqual([0, before]);
  });

  test('takes its callbacks back when the body of the loop throws', async () => {
    const left = await watchersLeftBy(async () => {
      const loop = async () => {
        for await (const _ of asCompleted([succeeded(1), ownedFuture().future])) throw new Error('mine');
      };
      await expect(loop()).rejects.toThrow('mine');
    });
    expect(left).toBe(0);
  });

  test('takes its callbacks back at the deadline', async () => {
    expect(
      await watchersLeftBy(async () => {
        await Promise.allSettled([asCompleted([ownedFuture().future], { timeout: 1 }).next()]);
      }),
    ).toBe(0);
  });
});
