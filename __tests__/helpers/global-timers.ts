/**
 * Stands for lib/system/timers.ts in unit tests: the global timers of the moment, which a test can replace by fake ones.
 * Programs that tests run, and the built package, have the real ones.
 */

type Timers = Record<string, (...values: unknown[]) => unknown>;

const forward =
  (holder: object, name: string) =>
  (...values: unknown[]) =>
    (holder as Timers)[name]?.(...values);

export const setTimeout = forward(globalThis, 'setTimeout');
export const clearTimeout = forward(globalThis, 'clearTimeout');
export const setInterval = forward(globalThis, 'setInterval');
export const clearInterval = forward(globalThis, 'clearInterval');
export const setImmediate = forward(globalThis, 'setImmediate');
export const clearImmediate = forward(globalThis, 'clearImmediate');
export const queueMicrotask = forward(globalThis, 'queueMicrotask');
export const nextTick = forward(process, 'nextTick');
export const LONGEST_TIMER = 2 ** 31 - 1;
