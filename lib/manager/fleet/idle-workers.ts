/**
 * The workers that have nothing to do. Those who have been idle for too long are sent home, by one timer for all of
 * them; it runs only while there are some, and keeps nothing alive.
 */
import { LONGEST_TIMER } from '../../system/longest-timer.ts';
import { inRootContext } from '../../system/root-context.ts';
import { clearTimeout, setTimeout } from '../../system/timers.ts';
import type { PoolWorker } from './pool-worker.ts';

export interface IdleWorkersOptions {
  /** In milliseconds; `null`: for ever. */
  readonly idleTimeout: number | null;
  /** Whether one fewer is enough. */
  readonly maySendHome: () => boolean;
  /** To take it out of here, too. */
  readonly sendHome: (worker: PoolWorker) => void;
}

export class IdleWorkers {
  readonly #options: IdleWorkersOptions;
  readonly #workers: PoolWorker[] = [];
  readonly workers: readonly PoolWorker[] = this.#workers;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IdleWorkersOptions) {
    this.#options = options;
  }

  add(worker: PoolWorker): void {
    worker.idleSince = performance.now();
    this.#workers.push(worker);
    const { idleTimeout } = this.#options;
    if (idleTimeout !== null && this.#timer === undefined) inRootContext(() => this.#lookIn(idleTimeout));
  }

  /** The one that was busy last: the others may expire. */
  take(): PoolWorker | undefined {
    return this.#workers.pop();
  }

  remove(worker: PoolWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index >= 0) this.#workers.splice(index, 1);
  }

  /** The pool has come to its end: nobody waits here any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#workers.length = 0;
  }

  #lookIn(delay: number): void {
    clearTimeout(this.#timer); // of one who became idle when another was sent home
    this.#timer = setTimeout(() => this.#expire(), Math.min(delay, LONGEST_TIMER)).unref();
  }

  #expire(): void {
    this.#timer = undefined;
    const { maySendHome, sendHome } = this.#options;
    const idleTimeout = this.#options.idleTimeout as number;
    const now = performance.now();
    for (const worker of [...this.#workers]) {
      if (!maySendHome()) return;
      const left = worker.idleSince + idleTimeout - now;
      if (left <= 0) sendHome(worker);
      else {
        this.#lookIn(Math.ceil(left));
        return;
      }
    }
  }
}
