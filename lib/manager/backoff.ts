/** Pauses before something is tried again, twice as long each time until it has succeeded. They try nothing themselves. */
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { areReplacedAtOnce, badOnesInARow } from './recovery.ts';

interface BackoffOptions {
  /** Both in milliseconds. */
  readonly first: number;
  readonly longest: number;
  /** Called at the end of each pause. */
  readonly onOver: () => void;
}

/** Its timer keeps no process alive. */
export class Backoff {
  readonly #options: BackoffOptions;
  #next: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#next = options.first;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Begins the next pause, unless one is on, and returns how long it is.
   *
   * @param longest In milliseconds: this pause may not last longer.
   */
  begin(longest = Number.POSITIVE_INFINITY): number | undefined {
    if (this.isOn) return undefined;
    const pause = Math.min(this.#next, longest);
    this.#timer = inRootContext(() => setTimeout(() => this.#end(), pause).unref());
    this.#next = Math.min(2 * this.#next, this.#options.longest);
    return pause;
  }

  /** It has succeeded: the next pause is a short one. */
  reset(): void {
    this.#next = this.#options.first;
  }

  /** Ends a pause that is on, without a call. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #end(): void {
    this.#timer = undefined;
    this.#options.onOver();
  }
}

/**
 * Before workers that no task waits for are started again: those that always die right after they were ready would
 * otherwise be started at full speed forever.
 */
export class RestartBackoff extends Backoff {
  #badOnes = 0;

  /** @param onOver Called when those that are missing may be started. */
  constructor(onOver: () => void) {
    super({ first: 100, longest: 30_000, onOver });
  }

  /** A worker has died while it did nothing; `age` in milliseconds since it was ready. */
  noteDeath(age: number, tasksDone: number): void {
    this.#badOnes = badOnesInARow(this.#badOnes, age, tasksDone);
    if (areReplacedAtOnce(this.#badOnes)) this.reset();
    else this.begin();
  }
}
