/** A pause before something is tried again, twice as long each time until it has succeeded. It tries nothing itself. */
import { clearTimeout, setTimeout } from '../../system/timers.ts';

export interface GrowingPause {
  readonly isOn: boolean;
  /** Begins the next pause, unless one is on. */
  begin(): void;
  /** It has succeeded: the next pause is a short one. */
  reset(): void;
  /** Ends a pause that is on, without a call. */
  stop(): void;
}

export interface GrowingPauseOptions {
  /** Both in milliseconds. */
  readonly first: number;
  readonly longest: number;
  /** Called at the end of each pause. */
  readonly onOver: () => void;
}

export function createGrowingPause({ first, longest, onOver }: GrowingPauseOptions): GrowingPause {
  let next = first;
  let timer: NodeJS.Timeout | undefined;
  return {
    get isOn() {
      return timer !== undefined;
    },
    begin() {
      if (timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        onOver();
      }, next).unref();
      next = Math.min(2 * next, longest);
    },
    reset() {
      next = first;
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
