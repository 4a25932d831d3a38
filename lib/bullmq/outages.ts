/** What is done about an engine that does not answer: a warning, and an end to waiting. */
import { clearTimeout, setTimeout } from '../system/timers.ts';
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

/** Waits for something that may never come while Redis is away. `false` if it did not come in time. */
export async function withinTime(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true as const), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
