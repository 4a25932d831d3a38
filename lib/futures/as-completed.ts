/** Futures in the order in which they get done, as `concurrent.futures.as_completed` gives them. */
import { TimeoutError } from '../errors.ts';
import { checkOptions, milliseconds } from '../system/check.ts';
import { Ring } from '../system/ring.ts';
import { assertFutures } from './assert-futures.ts';
import { type Future, futureWatch } from './future.ts';
import { waitFor } from './wait-for.ts';

export interface AsCompletedOptions {
  /** One deadline for the whole iteration, in milliseconds from the call. Default: none. */
  timeout?: number;
}

/**
 * A future that comes out of a `for await` as itself. TypeScript takes whatever has a `then` for awaited there, and
 * would call a future of a number a number; so this one has none that could be called. For the outcome, ask
 * `future.result()`.
 */
export type YieldedFuture<F extends Future<unknown>> = F & { readonly then: never };

/** An `AsyncIterableIterator` of futures. */
export interface FutureIterator<F extends Future<unknown>> {
  next(): Promise<IteratorResult<YieldedFuture<F>, undefined>>;
  return(): Promise<IteratorResult<YieldedFuture<F>, undefined>>;
  [Symbol.asyncIterator](): FutureIterator<F>;
}

/**
 * Yields each future once, as soon as it is done; those that are done already come first.
 *
 * @throws TimeoutError from the iteration, if not all are done `timeout` milliseconds after the call.
 */
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: AsCompletedOptions,
): FutureIterator<F> {
  const { timeout } = checkOptions(options, { timeout: milliseconds }, 'asCompleted');
  const all = assertFutures(futures, 'asCompleted');
  const deadline = timeout === undefined ? undefined : performance.now() + timeout;
  const done = new Ring<F>();
  const missing = new Set<F>();
  for (const future of all) {
    if (future.done()) done.push(future);
    else missing.add(future);
  }
  let wake = () => {};
  const onDone = (future: Future<unknown>) => {
    // Another callback of the same future may have ended the iteration a moment ago.
    if (!missing.delete(future as F)) return;
    done.push(future as F);
    wake();
  };
  for (const future of missing) futureWatch.add(future, onDone);
  const stop = () => {
    for (const future of missing) futureWatch.remove(future, onDone);
    missing.clear();
    done.clear();
    wake();
  };
  // No async generator: it would wait for each future that it yields, and yield the result.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      const result = turn.then(next);
      turn = result.catch(() => {});
      return result;
    },
    async return() {
      stop();
      return { value: undefined, done: true };
    },
  };

  async function next(): Promise<IteratorResult<YieldedFuture<F>, undefined>> {
    if (done.length + missing.size === 0) return { value: undefined, done: true };
    if (done.length === 0) await nextDone();
    if (done.length === 0) return { value: undefined, done: true }; // ended meanwhile
    return { value: done.shift() as YieldedFuture<F>, done: false };
  }

  async function nextDone(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const left = deadline === undefined ? {} : { timeout: Math.max(0, deadline - performance.now()) };
    try {
      await waitFor(woken, left);
    } catch {
      const count = missing.size;
      stop();
      throw new TimeoutError(`${count} (of ${all.size}) futures were not done after ${timeout} ms`);
    }
  }
}
