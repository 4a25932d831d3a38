/**
 * Exceptions that no handler has caught, and rejections that Node makes into such: what Node would do without us. Where the
 * program has installed a handler, that decides; else the worker leaves, and reports why.
 */
const events: NodeJS.EventEmitter = process;
const { on, prependListener, listenerCount } = events;
const hasCapture = process.hasUncaughtExceptionCaptureCallback.bind(process);

/**
 * No listener of ours is there until no other exists: some handlers of programs ask whether they are the only one, and
 * end the process then.
 */
export function onceNobodyCatches(leave: (error: unknown) => void): void {
  on.call(events, 'uncaughtExceptionMonitor', () => {
    if (hasCapture() || listenerCount.call(events, 'uncaughtException') > 0) return;
    prependListener.call(events, 'uncaughtException', leave);
  });
}
