/** Leaves upon a signal, and then lets the process end as the signal would have ended it. */

/** @returns what takes the listeners away. */
export function leaveOnSignals(signals: readonly NodeJS.Signals[], leave: () => Promise<void>): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    void leave()
      .catch(() => {})
      .then(() => {
        release();
        // Whoever else listens has taken the end into its own hands.
        if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
      });
  };
  const release = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return release;
}
