/**
 * Adaptive busy polling. A process that waits for its next message sleeps, and waking its core takes longer than a
 * short task runs (20 to 30 µs, at each end). So the event loop goes on turning for a moment where a message has
 * used to come within it; everything else that the loop has to do is done as ever. Where messages come later, or the
 * two processes have to share a core, the process sleeps at once.
 */
import { inRootContext } from './root-context.ts';
import { setImmediate } from './timers.ts';

/** The longest that a message is polled for, in milliseconds. */
const WINDOW = 0.1;
/**
 * While the engine has not compiled what a message goes through, turning takes time from that, and no answer is there
 * within the window: for so many messages the process sleeps as ever.
 */
export const WARM_AFTER = 2_000;
/** After so many misses in a row the pause between two tries is no longer doubled. */
const MOST_MISSES = 6;

export class BusyPoll {
  #expectedAt: number | undefined;
  #isTurning = false;
  /** Times in a row that a message did not come in time. */
  #misses = 0;
  /** How many messages are not polled for. */
  #skips = 0;
  readonly #now: () => number;
  /** So many messages are not polled for until it is warm. */
  #warmingLeft: number;

  constructor(now: () => number, warmAfter = 0) {
    this.#now = now;
    this.#warmingLeft = warmAfter;
  }

  /**
   * A message is about to come.
   *
   * @param hasCore Whether this process has a core of its own meanwhile: only asked when it would poll.
   */
  expect(hasCore?: () => boolean): void {
    if (this.#warmingLeft > 0) {
      this.#warmingLeft -= 1;
      return;
    }
    if (this.#skips > 0) {
      this.#skips -= 1;
      return;
    }
    if (hasCore?.() === false) return;
    this.#expectedAt = this.#now();
    if (this.#isTurning) return;
    this.#isTurning = true;
    // Under steady traffic it turns for as long as the program runs.
    inRootContext(() => setImmediate(this.#turn));
  }

  /** A message has come, expected or not. */
  arrived(): void {
    if (this.#expectedAt === undefined) return;
    if (this.#isLate(this.#expectedAt)) this.#miss();
    else this.#misses = 0;
    this.#expectedAt = undefined;
  }

  #isLate(since: number): boolean {
    return this.#now() - since > WINDOW;
  }

  #miss(): void {
    this.#expectedAt = undefined;
    this.#misses = Math.min(this.#misses + 1, MOST_MISSES);
    this.#skips = 2 ** this.#misses;
  }

  readonly #turn = (): void => {
    if (this.#expectedAt !== undefined && this.#isLate(this.#expectedAt)) this.#miss();
    if (this.#expectedAt === undefined) this.#isTurning = false;
    else setImmediate(this.#turn);
  };
}
