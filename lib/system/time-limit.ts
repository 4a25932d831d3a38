import { clearImmediate, clearTimeout, LONGEST_TIMER, setImmediate, setTimeout } from './timers.ts';

/** A timer that fires so much later than it should, in milliseconds, was held up by this process. */
const LATE = 20;

/**
 * A limit for what happens in a worker, by the clock of this process. What the worker has sent in time counts, also if
 * this process was too busy to read it: that is read between the timer and its call. And if it was busy for so long that
 * the worker may not even have got the task in time, the worker gets a part of that time back, once. The timer keeps no
 * process alive.
 */
export class TimeLimit {
  #timer: NodeJS.Timeout;
  #lastCall: NodeJS.Immediate | undefined;

  /** @param ms Any time: no timer waits for longer than the longest. */
  constructor(ms: number, onOver: () => void) {
    const limit = Math.min(ms, LONGEST_TIMER);
    const begun = performance.now();
    this.#timer = setTimeout(() => {
      const late = performance.now() - begun - limit;
      if (late < LATE) this.#lastCall = setImmediate(onOver);
      else this.#timer = setTimeout(onOver, Math.min(late, limit)).unref();
    }, limit).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastCall);
  }
}
