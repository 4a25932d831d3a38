/**
 * Node's own timers, as they were when this was loaded. The global ones belong to the program: those of a test that
 * lets time stand still would never fire, and jsdom's are numbers.
 */
import timers from 'node:timers';

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers;
export const { nextTick } = process;
export const { queueMicrotask } = globalThis;

/** In milliseconds. setTimeout fires at once beyond this; longer times are as good as no limit. */
export const LONGEST_TIMER = 2 ** 31 - 1;
