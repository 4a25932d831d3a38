/** Keeps the host's event loop alive while there is a reason to; all handles of workers are unref'd. */
import { inRootContext } from './root-context.ts';
import { clearInterval, LONGEST_TIMER, setInterval } from './timers.ts';

interface KeepAlive {
  hold(): void;
  release(): void;
  /** It is not needed any more. */
  close(): void;
}

/**
 * One of Node's own, which does nothing without an argument: a pool that was not shut down leaves its timer behind, and a
 * function of ours would hold all that a test runner has loaded for the test file.
 */
export const doNothing = clearInterval as () => void;

export function createKeepAlive(): KeepAlive {
  let timer: NodeJS.Timeout | undefined;
  let isHeld = false;
  return {
    hold() {
      if (isHeld) return;
      isHeld = true;
      timer ??= inRootContext(() => setInterval(doNothing, LONGEST_TIMER));
      timer.ref();
    },
    release() {
      if (!isHeld) return;
      isHeld = false;
      timer?.unref();
    },
    close() {
      isHeld = false;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
