/** asCompleted: futures as they get done, each once. */
import { describe, expect, jest, test } from '@jest/globals';
import { TimeoutError } from '../../lib/errors.ts';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { Future } from '../../lib/futures/future.ts';
import { cancelled, failed, ownedFuture, succeeded } from './owned-future.ts';

describe('asCompleted', () => {
  test('yields futures in the order in which they get done', async () => {
    const [a, b, c] = [ownedFuture<string>(), ownedFuture<string>(), ownedFuture<string>()];
    const seen: Future<string>[] = [];
    const loop = (async () => {
      for await (const future of asCompleted([a.future, b.future, c.future])) seen.push(future);
    })();
    b.succeed('b');
    c.fail(new Error('c'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([b.future, c.future]);
    a.succeed('a');
    await loop;
    expect(seen).toEqual([b.future, c.future, a.future]);
  });

  test('yields futures and not their values, so that a failed one breaks no loop', async () => {
    const futures = [succeeded(1), failed(), cancelled()];
    for await (const future of asCompleted(futures)) expect(future).toBeInstanceOf(Future);
  });

  test('yields first what is done already, in the order given', async () => {
    const late = ownedFuture();
    const done = [succeeded(1), cancelled(), failed()];
    const iterator = asCompleted([late.future, ...done]);
    const first = [await iterator.next(), await iterator.next(), await iterator.next()];
    expect(first.map(({ value }) => value)).toEqual(done);
    await iterator.return();
  });

  test('yields a future that comes twice once', async () => {
    const future = succeeded(1);
    const seen: unknown[] = [];
    for await (const each of asCompleted([future, future])) seen.push(each);
    expect(seen).toEqual([future]);
  });

  test('of nothing ends at once', async () => {
    expect(await asCompleted([]).next()).toEqual({ done: true, value: undefined });
  });

  test('with timeout 0 yields what is done and throws TimeoutError for the rest', async () => {
    const done = succeeded(1);
    const iterator = asCompleted([ownedFuture().future, done], { timeout: 0 });
    expect((await iterator.next()).value).toBe(done);
    await expect(iterator.next()).rejects.toThrow(/^1 \(of 2\) futures were not done after 0 ms$/);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  test('has one deadline for the whole iteration, from the call', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] }); // the time of day too stands still
    try {
      const [first, never] = [ownedFuture(), ownedFuture()];
      const iterator = asCompleted([first.future, never.future], { timeout: 600 });
      await jest.advanceTimersByTimeAsync(400);
      first.succeed(1);
      expect((await iterator.next()).value).toBe(first.future);
      const ends: unknown[] = [];
      void iterator.next().catch((error: unknown) => ends.push(error));
      await jest.advanceTimersByTimeAsync(199);
      expect(ends).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      expect(ends).toEqual([expect.any(TimeoutError)]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('gives overlapping calls of next one future each', async () => {
    const [a, b] = [ownedFuture(), ownedFuture()];
    const iterator = asCompleted([a.future, b.future]);
    const both = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
    b.succeed(1);
    a.succeed(1);
    expect((await both).map(({ value }) => value)).toEqual([b.future, a.future, undefined]);
  });

  test('ends a next that still waits when the iteration is ended', async () => {
    const iterator = asCompleted([ownedFuture().future]);
    const waiting = iterator.next();
    await iterator.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});
