/** What a future promises to those who hold it, whoever runs its task. */
import { describe, expect, test } from '@jest/globals';
import { CancelledError, TimeoutError } from '../../lib/errors.ts';
import { Future, futureControl } from '../../lib/futures/future.ts';
import { cancelled, failed, ownedFuture, succeeded } from './owned-future.ts';

describe('the state of a future', () => {
  test('is pending until its task begins, running until it is settled, then finished', () => {
    const { future, begin, succeed } = ownedFuture<number>();
    const seen = [future.state];
    begin();
    seen.push(future.state);
    succeed(1);
    seen.push(future.state);
    expect(seen).toEqual(['pending', 'running', 'finished']);
  });

  test.each([
    ['succeeded', succeeded(1), { state: 'finished', done: true, cancelled: false, running: false }],
    ['failed', failed(), { state: 'finished', done: true, cancelled: false, running: false }],
    ['cancelled', cancelled(), { state: 'cancelled', done: true, cancelled: true, running: false }],
    ['pending', ownedFuture().future, { state: 'pending', done: false, cancelled: false, running: false }],
  ])('of one that is %s reads the same in every question', (_, future, expected) => {
    expect({
      state: future.state,
      done: future.done(),
      cancelled: future.cancelled(),
      running: future.running(),
    }).toEqual(expected);
  });

  test('of one that runs is running and not done', () => {
    const { future, begin } = ownedFuture();
    begin();
    expect([future.state, future.running(), future.done()]).toEqual(['running', true, false]);
  });

  test('cannot change once it is settled', () => {
    const future = succeeded(1);
    expect(() => futureControl.reject(future, new Error('late'))).toThrow('settled twice');
    expect(future.state).toBe('finished');
  });

  test('is shown by its name when it is printed', () => {
    expect(Object.prototype.toString.call(succeeded(1))).toBe('[object Future]');
  });
});

describe('result', () => {
  test('gives the value of a task that is done and of one that is not', async () => {
    const { future, succeed } = ownedFuture<string>();
    const early = future.result();
    succeed('value');
    expect([await early, await future.result()]).toEqual(['value', 'value']);
  });

  test('rejects with the very error that the task failed with', async () => {
    const error = new RangeError('mine');
    await expect(failed(error).result()).rejects.toBe(error);
  });

  test.each([undefined, null, 'a string', 0])('rejects with what the task threw, also %p', async (thrown) => {
    const caught = await failed(thrown)
      .result()
      .then(
        () => 'fulfilled',
        (reason: unknown) => [reason],
      );
    expect(caught).toEqual([thrown]);
  });

  test('rejects with CancelledError when the future was cancelled', async () => {
    await expect(cancelled().result()).rejects.toBeInstanceOf(CancelledError);
  });

  test('rejects with TimeoutError after its timeout, and the task goes on', async () => {
    const { future, begin, succeed } = ownedFuture<number>();
    begin();
    await expect(future.result({ timeout: 5 })).rejects.toThrow(TimeoutError);
    expect(future.state).toBe('running');
    succeed(7);
    expect(await future.result()).toBe(7);
  });

  test('with timeout 0 gives what is there already', async () => {
    expect(await succeeded(3).result({ timeout: 0 })).toBe(3);
  });

  test('with timeout 0 does not wait for what is not there', async () => {
    await expect(ownedFuture().future.result({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });

  test.each([Number.POSITIVE_INFINITY, 2 ** 40])(
    'with timeout %p waits as long as it takes',
    async (timeout) => {
      const { future, succeed } = ownedFuture<number>();
      const result = future.result({ timeout });
      setTimeout(() => succeed(1), 10);
      expect(await result).toBe(1);
    },
  );

  test('ends the wait with the reason of an aborted signal, and the task goes on', async () => {
    const { future } = ownedFuture();
    const controller = new AbortController();
    const result = future.result({ signal: controller.signal });
    const reason = new Error('I have no time');
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(future.done()).toBe(false);
  });

  test('refuses a signal that is aborted before the wait', async () => {
    const reason = new Error('too late');
    await expect(ownedFuture().future.result({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('exception', () => {
  test('is undefined for a task that succeeded', async () => {
    expect(await succeeded(1).exception()).toBeUndefined();
  });

  test('is the very error of a task that failed', async () => {
    const error = new Error('mine');
    expect(await failed(error).exception()).toBe(error);
  });

  test('carries a thrown value that is no Error as its cause', async () => {
    const exception = await failed('just words').exception();
    expect(exception).toBeInstanceOf(Error);
    expect(exception).toMatchObject({ cause: 'just words', message: expect.stringContaining('just words') });
  });

  test.each([[Symbol('odd')], [Object.create(null)]])(
    'copes with the thrown value %#, which has no text',
    async (thrown) => {
      expect(await failed(thrown).exception()).toMatchObject({ cause: thrown });
    },
  );

  test('rejects with CancelledError when the future was cancelled', async () => {
    await expect(cancelled().exception()).rejects.toBeInstanceOf(CancelledError);
  });

  test('rejects with TimeoutError when there is no outcome in time', async () => {
    await expect(ownedFuture().future.exception({ timeout: 1 })).rejects.toBeInstanceOf(TimeoutError);
  });

  test('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('stop');
    await expect(ownedFuture().future.exception({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('cancel', () => {
  test('is true for what has not begun, and settles it', () => {
    const { future } = ownedFuture();
    expect([future.cancel(), future.state]).toEqual([true, 'cancelled']);
  });

  test('is true again for what is cancelled already, without asking twice', () => {
    const { future, asked } = ownedFuture();
    future.cancel();
    expect(future.cancel()).toBe(true);
    expect(asked).toHaveLength(1);
  });

  test('is false for what runs, and for what is finished', () => {
    const { future, begin, succeed } = ownedFuture<number>();
    begin();
    const whileRunning = future.cancel();
    succeed(1);
    expect([whileRunning, future.cancel(), future.cancel({ kill: true }), future.state]).toEqual([
      false,
      false,
      false,
      'finished',
    ]);
  });

  test('with kill is true for what runs', () => {
    const { future, begin, asked } = ownedFuture();
    begin();
    expect([future.cancel({ kill: true }), future.cancelled(), asked]).toEqual([true, true, [true]]);
  });
});

describe('a future as a promise', () => {
  test('can be awaited', async () => {
    expect(await succeeded(5)).toBe(5);
    await expect((async () => await failed(new Error('no')))()).rejects.toThrow('no');
  });

  test('has then, catch and finally', async () => {
    const steps: unknown[] = [];
    await succeeded(1)
      .finally(() => steps.push('finally'))
      .then((value) => steps.push(value));
    steps.push(await failed(new Error('no')).catch((error: unknown) => (error as Error).message));
    steps.push(await failed('x').then(undefined, (reason) => reason));
    expect(steps).toEqual(['finally', 1, 'no', 'x']);
  });

  test('works in Promise.all, race and allSettled', async () => {
    expect(await Promise.all([succeeded(1), succeeded(2)])).toEqual([1, 2]);
    expect(await Promise.race([ownedFuture().future, succeeded(2)])).toBe(2);
    expect((await Promise.allSettled([failed(), succeeded(1)])).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
    ]);
  });

  test('is not settled by the awaits of others: each gets the same outcome', async () => {
    const { future, fail } = ownedFuture();
    const waiting = Promise.allSettled([future, future.result(), future.exception()]);
    fail(new Error('one'));
    expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  test('is an instance of Future that cannot be settled by its holder', () => {
    const { future } = ownedFuture();
    expect(future).toBeInstanceOf(Future);
    expect(Object.keys(future).filter((key) => /resolve|reject|settle/.test(key))).toEqual([]);
  });
});
