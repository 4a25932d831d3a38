/**
 * What code that runs in a worker asks its worker for. The worker's own bundle and the package as a task imports it are two
 * modules in one process: they meet in global symbols, which the worker sets at its boot.
 */
import { CancelledError, ShutdownExecutorError, TimeoutError } from '../errors.ts';

/** What a task can learn of the worker that it runs in. */
export interface WorkerInfo {
  /**
   * The worker's place in the pool, from 0 to `maxWorkers - 1`. Workers that run tasks at the same time have different
   * ones. A worker that takes the place of another gets its number; where `env` is a function, it keeps the one that it
   * was started with.
   */
  readonly rank: number;
  /** How deep executors are nested: 1 in a worker of the main process. */
  readonly depth: number;
  /** The `executorId` of the executor that the worker belongs to. */
  readonly executorId: number;
}

/** The error of a task's future, as its worker is sent it. */
export interface SentReason {
  readonly name: string;
  readonly message: string;
}

/** Calls `load`. What it returns may be a promise: the module is loading until that settles. */
export type WhileLoading = <T>(name: string, load: () => T) => T;

/** By the names of the symbols. */
interface Offers {
  readonly workerInfo: WorkerInfo;
  readonly reportProgress: (value: unknown) => void;
  readonly taskMessages: () => AsyncIterableIterator<unknown>;
  /** @param toError Makes the classes of the caller's own module of it. */
  readonly taskSignal: (toError: (reason: SentReason) => Error) => AbortSignal;
  readonly whileLoading: WhileLoading;
  /** Takes an order to the resource tracker as a line of text; it has left this process when the call returns. */
  readonly trackerLink: (line: string) => void;
  /** The script that the host was started with, of a worker that loads it (`loky_init_main`). */
  readonly mainScript: { readonly url: string; isLoaded: boolean };
}

/** `undefined` outside of workers. */
export function offered<Name extends keyof Offers>(name: Name): Offers[Name] | undefined {
  return (globalThis as Record<symbol, unknown>)[Symbol.for(`loky.${name}`)] as Offers[Name] | undefined;
}

/** For a worker at boot. No task can replace it, but the worker takes another place at times. */
export function offer<Name extends keyof Offers>(name: Name, value: Offers[Name]): void {
  const configurable = name === 'workerInfo';
  Object.defineProperty(globalThis, Symbol.for(`loky.${name}`), { value, configurable });
}

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
  offered('reportProgress')?.(value);
}

/**
 * The messages that the host sends to this task with `future.send(value)`, in their order. To be called inside a task, by the
 * task itself. It ends with the task, and not before: leave the loop at a message that says so. Messages that come while
 * none is waited for are kept for the next time. Outside of a worker it ends at once, so that a task's function can be called
 * directly as well.
 */
export function taskMessages<T = unknown>(): AsyncIterableIterator<T> {
  return (offered('taskMessages')?.() ?? none()) as AsyncIterableIterator<T>;
}

async function* none(): AsyncGenerator<never, void, undefined> {}

/**
 * The signal of the task that calls this: aborted when the task is to end, by `cancel({ kill: true })`, the `signal` of
 * `withOptions`, a timeout or `shutdown({ killWorkers: true })`. Its reason is an error like that of the task's future, a
 * `CancelledError`, `TimeoutError` or `ShutdownExecutorError`. The task then has `killGrace` milliseconds to end; with the default
 * of 0 it is killed before it could see the signal, and so is one that shares its worker (`tasksPerWorker`). So is, after that time,
 * a task that blocks its thread.
 *
 * Each call of a task returns the same signal. Whatever takes a signal takes it: `fetch`, streams, timers, child processes, and
 * the tasks of an executor inside of the task.
 *
 * @throws Error outside of a task, and in what a task has left behind (a timer, a promise) after its result.
 */
export function taskSignal(): AbortSignal {
  const signalOfTask = offered('taskSignal');
  if (signalOfTask === undefined) throw outsideOfTasks();
  return signalOfTask(toError);
}

export function outsideOfTasks(): Error {
  return new Error(
    'taskSignal() was called outside of a task: a function that an executor runs has a signal, and only while it runs',
  );
}

function toError({ name, message }: SentReason): Error {
  switch (name) {
    case 'TimeoutError':
      return new TimeoutError(message);
    case 'ShutdownExecutorError':
      return new ShutdownExecutorError(message);
    default:
      return new CancelledError(message);
  }
}

/** Describes the worker this code runs in; `undefined` outside of workers. */
export function workerInfo(): WorkerInfo | undefined {
  return offered('workerInfo');
}

/**
 * Informs the worker that a module is being loaded: the clock of a task stops while one loads.
 *
 * @param name How errors call the module.
 */
export const whileLoading: WhileLoading = (name, load) => {
  const report = offered('whileLoading');
  return report === undefined ? load() : report(name, load);
};
