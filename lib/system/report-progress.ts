/**
 * What a task calls to report how far it is. The worker's own bundle and the package as a task imports it are two
 * modules in one process: they meet in a global symbol.
 */

type Report = (value: unknown) => void;

const key = Symbol.for('loky.reportProgress');
const shared = globalThis as { [key]?: Report };

/**
 * Sends a value to the callbacks that were added with `future.onProgress`. To be called inside a task; outside of a
 * worker it does nothing, so that a task's function can be called directly as well.
 *
 * Values travel as results do, copied at the call, and arrive before the task's result. A task's first ten reports
 * arrive one by one, and so do bursts of up to a hundred and a thousand a second for each worker; of more, and of
 * those that the host is too busy to read, only the latest ones do. The last report before the result always arrives.
 * A report by what a task has left behind (a timer, a promise) after its result is dropped.
 *
 * @throws SerializationError if the value cannot be sent.
 */
export function reportProgress(value: unknown): void {
  shared[key]?.(value);
}

/** For a worker at boot. */
export function setProgressReport(report: Report): void {
  Object.defineProperty(globalThis, key, { value: report });
}
