/**
 * How a task learns that it is to end. The worker's own bundle and the package as a task imports it are two modules in one
 * process: they meet in a global symbol.
 */
import { CancelledError, ShutdownExecutorError, TimeoutError } from '../errors.ts';

/** The error of the task's future, as its worker is sent it. */
export interface SentReason {
  readonly name: string;
  readonly message: string;
}

/** @param toError Makes the classes of the caller's own module of it. */
type SignalOfTask = (toError: (reason: SentReason) => Error) => AbortSignal;

const key = Symbol.for('loky.taskSignal');
const shared = globalThis as { [key]?: SignalOfTask };

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
  const signalOfTask = shared[key];
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

/** For a worker at boot. */
export function setTaskSignal(signalOfTask: SignalOfTask): void {
  Object.defineProperty(globalThis, key, { value: signalOfTask });
}
