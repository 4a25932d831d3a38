/** How a machine leaves: the time that running jobs have to finish, and the signals that say so. */
import { KeepAlive } from '../system/keep-alive.ts';
import { TimeLimit } from '../system/time-limit.ts';

/**
 * The time that running jobs have to finish. It can be made shorter, never longer. A job that has ended in time counts as finished,
 * also if this process was too busy to read its result: else the job would run twice.
 */
interface Grace {
  /** Ends it so many milliseconds from now, if it would not end sooner. */
  endAfter(ms: number): void;
  /** Whether a promise that never rejects was fulfilled before the end. */
  covers(promise: Promise<unknown>): Promise<boolean>;
}

export function createGrace(): Grace {
  const keepAlive = new KeepAlive();
  let limit: TimeLimit | undefined;
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
      limit?.stop();
      limit = new TimeLimit(ms, () => over(false));
    },
    async covers(promise) {
      keepAlive.hold();
      const isCovered = await Promise.race([promise.then(() => true), end]);
      keepAlive.close();
      limit?.stop();
      deadline = Number.NEGATIVE_INFINITY;
      return isCovered;
    },
  };
}

/**
 * Leaves upon a signal, and then lets the process end as the signal would have ended it.
 *
 * @param leave Called for each signal; with `isUrgent` from the second one on.
 * @returns what takes the listeners away.
 */
export function leaveOnSignals(
  signals: readonly NodeJS.Signals[],
  leave: (isUrgent: boolean) => Promise<void>,
): () => void {
  let isLeaving = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const left = leave(isLeaving);
    if (isLeaving) return;
    isLeaving = true;
    void left
      .catch(() => {})
      .then(() => {
        release();
        // Another listener decides when the process ends.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
  };
  const release = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return release;
}
