/** One timer for all idle workers; it runs only while there are some, and keeps nothing alive. */

import { LONGEST_TIMER } from '../system/longest-timer.ts';
import { inRootContext } from '../system/root-context.ts';

export interface IdleClock {
  start(): void;
  stop(): void;
}

/** @param expire Sends home who has been idle too long; returns when to look again, in milliseconds. */
export function createIdleClock(idleTimeout: number, expire: () => number | undefined): IdleClock {
  let timer: NodeJS.Timeout | undefined;
  const schedule = (delay: number) => {
    timer = setTimeout(
      () => {
        timer = undefined;
        const next = expire();
        if (next !== undefined) schedule(Math.ceil(next));
      },
      Math.min(delay, LONGEST_TIMER),
    ).unref();
  };
  return {
    start() {
      if (timer === undefined) inRootContext(() => schedule(idleTimeout));
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
