/** Waits for a promise up to a deadline or an abort, and leaves neither timer nor listener behind. */
import { TimeoutError } from '../errors.ts';
import { abortSignal, type Check, checkOptions, milliseconds } from '../system/check.ts';
import { clearTimeout, LONGEST_TIMER, setTimeout } from '../system/timers.ts';

export interface WaitOptions {
  /** Milliseconds to wait. Default: no limit. `0`: only if it is there already. */
  timeout?: number;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal;
}

const waitChecks: Readonly<Record<keyof WaitOptions, Check>> = { timeout: milliseconds, signal: abortSignal };

/**
 * @param of Whose options these are, for the error if they are wrong.
 * @throws TypeError, RangeError
 */
export async function waitFor<T>(promise: Promise<T>, options?: WaitOptions, of = 'result'): Promise<T> {
  const { timeout, signal } = checkOptions(options, waitChecks, of);
  if (timeout === undefined && signal === undefined) return promise;
  signal?.throwIfAborted();
  let release = () => {};
  const interrupted = new Promise<never>((_, reject) => {
    const timer = startTimer(timeout, () =>
      reject(new TimeoutError(`The future was not done after ${timeout} ms; its task continues.`)),
    );
    const onAbort = () => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    release = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    release();
  }
}

function startTimer(timeout: number | undefined, onTimeout: () => void): NodeJS.Timeout | undefined {
  return timeout === undefined || timeout > LONGEST_TIMER ? undefined : setTimeout(onTimeout, timeout);
}
