/** Keeps the host's event loop alive while there is a reason to; all handles of workers are unref'd. */
import { inRootContext } from './root-context.ts';
import { clearInterval, LONGEST_TIMER, setInterval } from './timers.ts';

/**
 * One of Node's own, which does nothing without an argument: a pool that was not shut down leaves its timer behind, and a
 * function of ours would hold all that a test runner has loaded for the test file.
 */
const doNothing = clearInterval as () => void;

export class KeepAlive {
  /** Referenced while it is held. */
  timer: NodeJS.Timeout | undefined;

  hold(): void {
    this.timer ??= inRootContext(() => setInterval(doNothing, LONGEST_TIMER));
    this.timer.ref();
  }

  release(): void {
    this.timer?.unref();
  }

  /** It is not needed any more. */
  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
