/**
 * The pause of a machine after an outage of Redis: submitters that cancelled tasks during the outage connect later than the
 * machine, by one retry at most, and must be able to withdraw their jobs before it begins them.
 */
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { LONGEST_RETRY } from './connection.ts';

interface Connection {
  on(event: 'away' | 'writable', listener: () => void): unknown;
}

/** Milliseconds. In shorter outages no submitter fails its tasks. */
const SHORTEST_OUTAGE = 1_000;
const PAUSE = LONGEST_RETRY + 500;

export class OutagePause {
  #awaySince: number | undefined;
  #endsAt = 0;
  readonly #waiting = new Map<() => void, NodeJS.Timeout>();

  watch(connection: Connection): void {
    connection.on('away', () => {
      this.#awaySince ??= performance.now();
    });
    connection.on('writable', () => {
      const now = performance.now();
      if (now - (this.#awaySince ?? now) >= SHORTEST_OUTAGE) this.#endsAt = now + PAUSE;
      this.#awaySince = undefined;
    });
  }

  /** `undefined` if there is none: nearly always. */
  get over(): Promise<void> | undefined {
    const left = this.#endsAt - performance.now();
    if (left <= 0) return undefined;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(this.#waiting.get(end));
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.set(end, setTimeout(end, left));
    });
  }

  end(): void {
    this.#endsAt = 0;
    for (const end of this.#waiting.keys()) end();
  }
}
