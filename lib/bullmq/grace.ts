/** The time that running jobs have to finish when a machine leaves. It can be made shorter, never longer. */
import { clearTimeout, setTimeout } from '../system/timers.ts';

export interface Grace {
  /** Ends it so many milliseconds from now, if it would not end sooner. */
  endAfter(ms: number): void;
  /** Whether a promise that never rejects was fulfilled before the end. */
  covers(promise: Promise<unknown>): Promise<boolean>;
}

export function createGrace(): Grace {
  let timer: NodeJS.Timeout | undefined;
  let deadline = Number.POSITIVE_INFINITY;
  let over!: (covered: false) => void;
  const end = new Promise<false>((resolve) => {
    over = resolve;
  });
  return {
    endAfter(ms) {
      const at = performance.now() + ms;
      if (at >= deadline) return;
      deadline = at;
      clearTimeout(timer);
      timer = setTimeout(over, ms, false);
    },
    async covers(promise) {
      const isCovered = await Promise.race([promise.then(() => true), end]);
      clearTimeout(timer);
      deadline = Number.NEGATIVE_INFINITY;
      return isCovered;
    },
  };
}
