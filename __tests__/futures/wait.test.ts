/** wait: enough, done and not done, as concurrent.futures has it. */
import { describe, expect, test } from '@jest/globals';
import {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  wait,
} from '../../lib/futures/wait.ts';
import { cancelled, failed, ownedFuture, succeeded } from './owned-future.ts';

/** What has become of a promise once everything that can happen by itself has happened. */
async function settledYet(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('wait', () => {
  test('waits for all by default, failed and cancelled ones too', async () => {
    const [first, second, third] = [ownedFuture(), ownedFuture(), ownedFuture()];
    const futures = [first.future, second.future, third.future];
    const waiting = wait(futures);
    first.fail(new Error('x'));
    second.future.cancel();
    expect(await settledYet(waiting)).toBe(false);
    third.succeed(1);
    expect(await waiting).toEqual({ done: new Set(futures), notDone: new Set() });
  });

  test('with FIRST_COMPLETED returns at the first one', async () => {
    const [first, second] = [ownedFuture(), ownedFuture()];
    const waiting = wait([first.future, second.future], { returnWhen: FIRST_COMPLETED });
    expect(await settledYet(waiting)).toBe(false);
    second.succeed(1);
    expect(await waiting).toEqual({ done: new Set([second.future]), notDone: new Set([first.future]) });
  });

  test('with FIRST_COMPLETED returns at once if some are done already, with all of these', async () => {
    const [pending, one, other] = [ownedFuture(), succeeded(1), cancelled()];
    const { done, notDone } = await wait([pending.future, one, other], { returnWhen: FIRST_COMPLETED });
    expect([done, notDone]).toEqual([new Set([one, other]), new Set([pending.future])]);
  });

  test('with FIRST_EXCEPTION returns at the first failure, not at a success or a cancellation', async () => {
    const [success, cancellation, failure, never] = [
      ownedFuture(),
      ownedFuture(),
      ownedFuture(),
      ownedFuture(),
    ];
    const futures = [success, cancellation, failure, never].map(({ future }) => future);
    const waiting = wait(futures, { returnWhen: FIRST_EXCEPTION });
    success.succeed(1);
    cancellation.future.cancel();
    expect(await settledYet(waiting)).toBe(false);
    failure.fail(undefined);
    expect((await waiting).notDone).toEqual(new Set([never.future]));
  });

  test('with FIRST_EXCEPTION returns at once if one has failed already', async () => {
    const pending = ownedFuture();
    const { notDone } = await wait([pending.future, failed()], { returnWhen: FIRST_EXCEPTION });
    expect(notDone).toEqual(new Set([pending.future]));
  });

  test('with FIRST_EXCEPTION waits for all if none fails', async () => {
    const last = ownedFuture();
    const waiting = wait([succeeded(1), last.future], { returnWhen: FIRST_EXCEPTION });
    expect(await settledYet(waiting)).toBe(false);
    last.succeed(1);
    expect((await waiting).notDone.size).toBe(0);
  });

  test.each([ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION] as const)(
    'of nothing, with %s, is over at once',
    async (returnWhen) => {
      expect(await wait([], { returnWhen })).toEqual({ done: new Set(), notDone: new Set() });
    },
  );

  test('resolves at its timeout with what is done by then', async () => {
    const pending = ownedFuture();
    const done = succeeded(1);
    expect(await wait([pending.future, done], { timeout: 5 })).toEqual({
      done: new Set([done]),
      notDone: new Set([pending.future]),
    });
  });

  test('with timeout 0 looks and does not wait', async () => {
    const pending = ownedFuture();
    expect((await wait([pending.future], { timeout: 0 })).notDone.size).toBe(1);
  });

  test('takes any iterable, and counts a future that comes twice once', async () => {
    const one = succeeded(1);
    const { done } = await wait(new Set([one]));
    expect(done.size).toBe(1);
    expect((await wait([one, one])).done.size).toBe(1);
  });

  test.each<[string, ReturnWhen]>([
    ['ALL_COMPLETED', ALL_COMPLETED],
    ['FIRST_COMPLETED', FIRST_COMPLETED],
    ['FIRST_EXCEPTION', FIRST_EXCEPTION],
  ])('has the constant %s as its own name', (name, constant) => {
    expect(constant).toBe(name);
  });
});
