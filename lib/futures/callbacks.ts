/** Calls what users have added to a future: in their own async context, and without suffering from what they throw. */
import { AsyncResource } from 'node:async_hooks';
import { types } from 'node:util';
import { describeThrown, messageOf } from '../system/thrown.ts';

/** `fn` as it would run here, wherever it is called from later. */
export function inThisContext<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  // Not AsyncResource.bind: what it returns costs ten times as much.
  const context = new AsyncResource('LokyCallback');
  return (...args) => context.runInAsyncScope(fn, undefined, ...args);
}

/** @param addedWith By which method it came, for the warning if it throws. */
export function call<T>(
  callback: (value: T) => unknown,
  value: unknown,
  addedWith = 'addDoneCallback',
): void {
  try {
    const result: unknown = callback(value as T);
    if (types.isPromise(result)) result.catch((error: unknown) => warnOfThrown(error, addedWith));
  } catch (error) {
    warnOfThrown(error, addedWith);
  }
}

function warnOfThrown(thrown: unknown, addedWith: string): void {
  process.emitWarning(`A callback added with ${addedWith} threw: ${describeThrown(thrown)}`, {
    type: 'LokyWarning',
    code: 'LOKY_CALLBACK_THREW',
  });
}

/** A task can report without end: each cause is reported once, and no more causes than a person would read. */
const toldCauses = new Set<string>();
const MOST_CAUSES = 100;

export function warnOfLostReport(error: unknown): void {
  const cause = messageOf(error);
  if (toldCauses.size >= MOST_CAUSES || toldCauses.has(cause)) return;
  toldCauses.add(cause);
  process.emitWarning(`A report of progress could not be read: ${describeThrown(error)}`, {
    type: 'LokyWarning',
    code: 'LOKY_PROGRESS_LOST',
  });
}
