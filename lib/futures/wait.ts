/** Waiting for several futures, as `concurrent.futures.wait` does. */
import { type Check, checkOptions, milliseconds, oneOf } from '../system/check.ts';
import { assertFutures } from './assert-futures.ts';
import { type Future, futureWatch } from './future.ts';
import { waitFor } from './wait-for.ts';

export const FIRST_COMPLETED = 'FIRST_COMPLETED';
export const FIRST_EXCEPTION = 'FIRST_EXCEPTION';
export const ALL_COMPLETED = 'ALL_COMPLETED';

export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

export interface WaitForAllOptions {
  /** Milliseconds to wait at most. Default: no limit. */
  timeout?: number;
  /** Default: `ALL_COMPLETED`. `FIRST_EXCEPTION` waits for all if none fails. */
  returnWhen?: ReturnWhen;
}

export interface WaitResult<F> {
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

const waitChecks: Readonly<Record<keyof WaitForAllOptions, Check>> = {
  timeout: milliseconds,
  returnWhen: oneOf(ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION),
};

/**
 * Waits until the futures are done, or one of them is, or one has failed. Never rejects: at the timeout it
 * resolves with what is done by then. A cancelled future is done; it is no exception.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export async function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitForAllOptions = {},
): Promise<WaitResult<F>> {
  const { timeout, returnWhen = ALL_COMPLETED } = checkOptions(options, waitChecks, 'wait');
  const all = assertFutures(futures, 'wait');
  await untilEnough(all, returnWhen, timeout);
  const done = new Set<F>();
  const notDone = new Set<F>();
  for (const future of all) (future.done() ? done : notDone).add(future);
  return { done, notDone };
}

async function untilEnough(
  all: ReadonlySet<Future<unknown>>,
  returnWhen: ReturnWhen,
  timeout: number | undefined,
): Promise<void> {
  const missing = new Set([...all].filter((future) => !future.done()));
  const isEnough = () =>
    missing.size === 0 ||
    (returnWhen === FIRST_COMPLETED && missing.size < all.size) ||
    (returnWhen === FIRST_EXCEPTION && [...all].some(futureWatch.hasFailed));
  if (isEnough()) return;
  let onDone = (_future: Future<never>) => {};
  const enough = new Promise<void>((resolve) => {
    onDone = (future) => {
      missing.delete(future);
      const failed = returnWhen === FIRST_EXCEPTION && futureWatch.hasFailed(future);
      if (missing.size === 0 || returnWhen === FIRST_COMPLETED || failed) resolve();
    };
  });
  for (const future of missing) futureWatch.add(future, onDone);
  await waitFor(enough, timeout === undefined ? {} : { timeout }).catch(() => {});
  for (const future of missing) futureWatch.remove(future, onDone);
}
