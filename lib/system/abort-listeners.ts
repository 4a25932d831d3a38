/** One listener a signal, however many tasks it stands for, and none when none is left. */

type Callback = () => void;

const listening = new WeakMap<
  AbortSignal,
  { readonly callbacks: Set<Callback>; readonly onAbort: Callback }
>();

export function addAbortCallback(signal: AbortSignal, callback: Callback): void {
  let entry = listening.get(signal);
  if (entry === undefined) {
    const callbacks = new Set<Callback>();
    entry = {
      callbacks,
      onAbort: () => {
        for (const each of [...callbacks]) each();
      },
    };
    listening.set(signal, entry);
  }
  if (entry.callbacks.size === 0) signal.addEventListener('abort', entry.onAbort);
  entry.callbacks.add(callback);
}

export function removeAbortCallback(signal: AbortSignal, callback: Callback): void {
  const entry = listening.get(signal);
  if (!entry?.callbacks.delete(callback)) return;
  if (entry.callbacks.size === 0) signal.removeEventListener('abort', entry.onAbort);
}
