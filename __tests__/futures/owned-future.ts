/** A future whose owner is the test: it begins, succeeds, fails and is cancelled by hand. No process is near. */
import { CancelledError } from '../../lib/errors.ts';
import { Future, futureControl } from '../../lib/futures/future.ts';

export interface OwnedFuture<T> {
  readonly future: Future<T>;
  /** Whether each `cancel` that reached the owner asked for a kill. */
  readonly asked: readonly boolean[];
  begin(): void;
  succeed(value: T): void;
  fail(error: unknown): void;
}

/** Its owner does as a pool would: what waits can be cancelled, what runs can be killed only. */
export function ownedFuture<T = unknown>(): OwnedFuture<T> {
  let isRunning = false;
  const asked: boolean[] = [];
  const future: Future<T> = new Future<T>({
    isRunning: () => isRunning,
    send: () => false,
    cancel(kill) {
      asked.push(kill);
      if (isRunning && !kill) return false;
      futureControl.cancel(future, new CancelledError('cancelled by the owner'));
      return true;
    },
  });
  return {
    future,
    asked,
    begin: () => {
      isRunning = true;
    },
    succeed: (value) => futureControl.resolve(future, value),
    fail: (error) => futureControl.reject(future, error),
  };
}

export function succeeded<T>(value: T): Future<T> {
  const owned = ownedFuture<T>();
  owned.succeed(value);
  return owned.future;
}

/** With what `error` says, `undefined` too; without an argument with some error. */
export function failed(...thrown: [error?: unknown]): Future<unknown> {
  const owned = ownedFuture();
  owned.fail(thrown.length === 0 ? new Error('failed') : thrown[0]);
  return owned.future;
}

export function cancelled(): Future<unknown> {
  const { future } = ownedFuture();
  future.cancel();
  return future;
}
