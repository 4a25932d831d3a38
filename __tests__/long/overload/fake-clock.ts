/** A clock that stands still until a test lets time pass. */
import { jest } from '@jest/globals';

/** @param run Is given a function that lets milliseconds pass, and one that counts the timers that are set. */
export async function onFakeClock(
  run: (pass: (ms: number) => Promise<void>, timers: () => number) => Promise<void>,
): Promise<void> {
  jest.useFakeTimers({ doNotFake: ['performance', 'queueMicrotask', 'nextTick'] });
  try {
    await run(
      (ms) => jest.advanceTimersByTimeAsync(ms),
      () => jest.getTimerCount(),
    );
  } finally {
    jest.useRealTimers();
  }
}
