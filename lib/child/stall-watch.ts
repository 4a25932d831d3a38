/**
 * Notices a frame that never comes to its end. What a task writes into the channel may look like the header of a
 * large frame, and all that its worker says afterwards would be taken for the content. It looks, and ends nothing.
 */
import { clearInterval, setImmediate, setInterval } from '../system/timers.ts';

interface StallWatch {
  /** To be called when a frame has begun and not ended. Cheap when it is watched already. */
  start(): void;
  stop(): void;
}

interface StallWatchOptions {
  /** Whether a frame has begun and not ended. */
  isMidFrame(): boolean;
  /** How much has arrived so far. */
  bytesRead(): number;
  /** Whether the worker waits for something. A worker that is stopped, or has work to do, may still continue. */
  isAsleep(): boolean;
  onStall(): void;
}

/** In milliseconds. */
const LOOK_INTERVAL = 1_000;
/**
 * A worker writes a frame in one go, and as soon as the pipe takes it: one that was asleep at so many looks, and
 * sent nothing while all that it had sent was read, has nothing more to send.
 */
const LOOKS = 10;

export function createStallWatch(options: StallWatchOptions): StallWatch {
  const { isMidFrame, bytesRead, isAsleep, onStall } = options;
  let timer: NodeJS.Timeout | undefined;
  let lastBytes = 0;
  let looks = 0;

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function look(): void {
    if (timer === undefined) return;
    if (!isMidFrame()) {
      stop();
      return;
    }
    const bytes = bytesRead();
    looks = bytes === lastBytes && isAsleep() ? looks + 1 : 0;
    lastBytes = bytes;
    if (looks < LOOKS) return;
    stop();
    onStall();
  }

  return {
    start() {
      if (timer !== undefined) return;
      looks = 0;
      lastBytes = bytesRead();
      // After the event loop has polled, so that whatever waits to be read was read.
      timer = setInterval(() => setImmediate(look), LOOK_INTERVAL).unref();
    },
    stop,
  };
}
