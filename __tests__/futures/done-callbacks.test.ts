/** addDoneCallback: order, times, and what a callback that throws does. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { runInNewContext, runInThisContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { cancelled, failed, ownedFuture, succeeded } from './owned-future.ts';

describe('a done callback', () => {
  test.each([
    ['a value', (owned: ReturnType<typeof ownedFuture>) => owned.succeed(1)],
    ['an error', (owned: ReturnType<typeof ownedFuture>) => owned.fail(new Error('x'))],
    ['a cancellation', (owned: ReturnType<typeof ownedFuture>) => owned.future.cancel()],
  ])('is called once, with its future, which is done, for %s', (_, settle) => {
    const owned = ownedFuture();
    const calls: [Future<unknown>, boolean][] = [];
    owned.future.addDoneCallback((future) => calls.push([future, future.done()]));
    expect(calls).toEqual([]);
    settle(owned);
    expect(calls).toEqual([[owned.future, true]]);
  });

  test.each([
    ['succeeded', succeeded(1)],
    ['failed', failed()],
    ['cancelled', cancelled()],
  ])('is called at once when the future has %s already', (_, future) => {
    const calls: unknown[] = [];
    future.addDoneCallback((done) => calls.push(done));
    expect(calls).toEqual([future]);
  });

  test('runs after those that were added before it', () => {
    const { future, succeed } = ownedFuture<number>();
    const order: number[] = [];
    for (const number of [1, 2, 3]) future.addDoneCallback(() => order.push(number));
    succeed(0);
    expect(order).toEqual([1, 2, 3]);
  });

  test('that is added twice is called twice', () => {
    const { future, succeed } = ownedFuture<number>();
    let calls = 0;
    const callback = () => {
      calls += 1;
    };
    future.addDoneCallback(callback);
    future.addDoneCallback(callback);
    succeed(0);
    expect(calls).toBe(2);
  });

  test('that is added by another one is called too', () => {
    const { future, succeed } = ownedFuture<number>();
    const order: string[] = [];
    future.addDoneCallback(() => {
      future.addDoneCallback(() => order.push('inner'));
      order.push('outer');
    });
    succeed(0);
    expect(order).toEqual(['inner', 'outer']);
  });

  test('sees the async context in which it was added', () => {
    const storage = new AsyncLocalStorage<string>();
    const { future, succeed } = ownedFuture<number>();
    let seen: string | undefined;
    storage.run('where it was added', () => {
      future.addDoneCallback(() => {
        seen = storage.getStore();
      });
    });
    storage.run('where it was settled', () => succeed(1));
    expect(seen).toBe('where it was added');
  });

  test('must be a function', () => {
    expect(() => succeeded(1).addDoneCallback('log' as never)).toThrow(
      new TypeError('addDoneCallback expects a function, got "log"'),
    );
  });
});

describe('a done callback that throws', () => {
  const warn = jest.spyOn(process, 'emitWarning');
  beforeEach(() => {
    warn.mockImplementation(() => undefined);
  });
  afterEach(() => {
    warn.mockReset();
  });

  test('is reported by a warning with its stack, and the next one is still called', () => {
    const { future, succeed } = ownedFuture<number>();
    const calls: string[] = [];
    future.addDoneCallback(function badCallback() {
      throw new Error('oh no');
    });
    future.addDoneCallback(() => calls.push('next'));
    expect(() => succeed(1)).not.toThrow();
    expect(calls).toEqual(['next']);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/oh no[\s\S]*badCallback/);
    expect(warn.mock.calls[0]?.[1]).toMatchObject({ type: 'LokyWarning', code: 'LOKY_CALLBACK_THREW' });
  });

  test.each(['here', 'in another context'])(
    'later, as it is async, made %s, is reported too',
    async (where) => {
      const source = "(async () => { throw new Error('oh no') })";
      const callback = (where === 'here' ? runInThisContext : runInNewContext)(source) as () => void;
      succeeded(1).addDoneCallback(callback);
      await new Promise((resolve) => setImmediate(resolve));
      expect(warn.mock.calls.map(([text]) => text)).toEqual([expect.stringContaining('oh no')]);
    },
  );

  test('does not reach whoever adds it to a future that is done', () => {
    expect(() =>
      succeeded(1).addDoneCallback(() => {
        throw 'a string';
      }),
    ).not.toThrow();
    expect(warn.mock.calls[0]?.[0]).toContain('a string');
  });

  test.each([[Symbol('odd')], [Object.create(null)], [undefined]])(
    'stops nothing whatever it throws (%#)',
    (thrown) => {
      const { future, succeed } = ownedFuture<number>();
      let reached = false;
      future.addDoneCallback(() => {
        throw thrown;
      });
      future.addDoneCallback(() => {
        reached = true;
      });
      expect(() => succeed(1)).not.toThrow();
      expect(reached).toBe(true);
      expect(warn).toHaveBeenCalledTimes(1);
    },
  );

  test('whose promise rejects is reported the same way', async () => {
    const { future, succeed } = ownedFuture<number>();
    // biome-ignore lint/nursery/noMisusedPromises: this is what people write
    future.addDoneCallback(async () => {
      throw new Error('later');
    });
    succeed(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warn.mock.calls[0]?.[0]).toContain('later');
  });
});
