/**
 * What a task calls to read what its host sends to it. The worker's own bundle and the package as a task imports it are two
 * modules in one process: they meet in a global symbol.
 */

type Open = () => AsyncIterableIterator<unknown>;

const key = Symbol.for('loky.taskMessages');
const shared = globalThis as { [key]?: Open };

/**
 * The messages that the host sends to this task with `future.send(value)`, in their order. To be called inside a task, by the
 * task itself. It ends with the task, and not before: leave the loop at a message that says so. Messages that come while
 * none is waited for are kept for the next time. Outside of a worker it ends at once, so that a task's function can be called
 * directly as well.
 */
export function taskMessages<T = unknown>(): AsyncIterableIterator<T> {
  return (shared[key]?.() ?? none()) as AsyncIterableIterator<T>;
}

async function* none(): AsyncGenerator<never, void, undefined> {}

/** For a worker at boot. */
export function setTaskMessages(open: Open): void {
  Object.defineProperty(globalThis, key, { value: open });
}
