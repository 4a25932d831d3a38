/** Leaves upon a signal, and then lets the process end as the signal would have ended it. */

/**
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
