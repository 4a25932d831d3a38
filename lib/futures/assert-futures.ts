/** The futures that a caller waits for, each once. */
import { describe } from '../system/check.ts';
import { Future } from './future.ts';

/** @throws TypeError if it is no iterable of futures. */
export function assertFutures<F extends Future<unknown>>(futures: Iterable<F>, of: string): Set<F> {
  if (typeof (futures as Iterable<F> | null | undefined)?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`${of} expects an iterable of futures, got ${describe(futures)}`);
  }
  const all = new Set(futures);
  for (const each of all) {
    if (!(each instanceof Future))
      throw new TypeError(`${of} expects each to be a Future, got ${describe(each)}`);
  }
  return all;
}
