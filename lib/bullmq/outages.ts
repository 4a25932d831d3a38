/** What is done about an engine that does not answer: a warning, an end to waiting, and a pause when it is back. */
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { LONGEST_RETRY } from './connection.ts';
import type { Exchange } from './exchange.ts';

/** Milliseconds that an engine may be away before a warning says so. */
const WARN_AFTER = 5_000;

/** Warns once for each outage that lasts; returns what ends the watch. */
export function warnOfOutages(exchange: Exchange, lastError: () => unknown, what: string): () => void {
  let timer: NodeJS.Timeout | undefined;
  const away = (): void => {
    timer ??= setTimeout(() => {
      process.emitWarning(`${exchange.unavailable('cannot be reached', lastError()).message}. ${what}`, {
        type: 'LokyWarning',
        code: 'LOKY_QUEUE_UNAVAILABLE',
      });
    }, WARN_AFTER).unref();
  };
  const back = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  exchange.on('away', away);
  exchange.on('writable', back);
  return () => {
    exchange.off('away', away);
    exchange.off('writable', back);
    back();
  };
}

interface Connection {
  on(event: 'away' | 'writable', listener: () => void): unknown;
}

/** Milliseconds. In shorter outages no submitter fails its tasks. */
const SHORTEST_OUTAGE = 1_000;
const PAUSE = LONGEST_RETRY + 500;

/**
 * The pause of a machine after an outage of Redis: submitters that cancelled tasks during the outage connect later than the
 * machine, by one retry at most, and must be able to withdraw their jobs before it begins them.
 */
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
