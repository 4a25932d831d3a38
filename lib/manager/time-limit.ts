/**
 * A limit for what happens in a worker, by the clock of this process. What the worker has sent in time counts, also if
 * this process was too busy to read it: that is read between the timer and its call. And if it was busy for so long that
 * the worker may not even have been told in time, it gets a part of that time back, once. It keeps no process alive.
 */
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';

/** A timer that fires so much later than it should, in milliseconds, was held up by this process. */
const LATE = 20;

export class TimeLimit {
  #timer: NodeJS.Timeout;
  #lastCall: NodeJS.Immediate | undefined;

  /** @param limit In milliseconds, no more than a timer can wait. */
  constructor(limit: number, onOver: () => void) {
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
