/** What `withOptions` and `map` take. */
import { withoutPrototype } from '../system/own.ts';
import * as check from './check.ts';

/** For the tasks of a view made by `executor.withOptions`. */
export interface TaskOptions {
  /** Milliseconds from the moment the task starts in the worker, when the modules that it needs are loaded; then it is killed with its worker. Default: the executor's `taskTimeout`. */
  timeout?: number;
  /** Aborting it cancels the task, also while it runs: its future fails with a `CancelledError` whose `cause` is the signal's reason. */
  signal?: AbortSignal;
  /** How many times the task is run again if its worker died; needs `onWorkerCrash: 'isolate'`. Default: the executor's `crashRetries`. */
  retries?: number;
  /** Tasks with a higher one run first. Default: 0. */
  priority?: number;
  /** How reports call the task, cut at 1000 characters. Default: the function's name. */
  name?: string;
}

export interface MapOptions {
  /** How many inputs travel as one task. Default: 1. */
  chunkSize?: number;
  /** One deadline for the whole iteration, in milliseconds from the call. Default: none. */
  timeout?: number;
  /** How many tasks are sent and not yet given out, at most. Default: all of a sync input, `2 * maxWorkers` of an async one. */
  bufferSize?: number;
  /** Whether results come in the order of the inputs, or as they are ready. Default: true. */
  ordered?: boolean;
  /** Told after each task, which has a chunk of inputs, how many inputs are done, and of how many if that is known. */
  onProgress?: (done: number, total: number | undefined) => void;
}

export interface ShutdownOptions {
  /** Whether the promise waits until everything is gone. Default: true. */
  wait?: boolean;
  /** Ends the workers with what they run. Default: false. */
  killWorkers?: boolean;
  /** Cancels what has not begun. Default: false. */
  cancelFutures?: boolean;
}

const taskChecks: Readonly<Record<keyof TaskOptions, check.Check>> = {
  timeout: check.timeLimit,
  signal: check.abortSignal,
  retries: check.count(0),
  priority: check.number({ min: Number.NEGATIVE_INFINITY }),
  name: check.string,
};

const mapChecks: Readonly<Record<keyof MapOptions, check.Check>> = {
  chunkSize: check.count(1),
  timeout: check.timeLimit,
  bufferSize: check.count(1),
  ordered: check.boolean,
  onProgress: check.callable,
};

const shutdownChecks: Readonly<Record<keyof ShutdownOptions | 'kill_workers', check.Check>> = {
  wait: check.boolean,
  killWorkers: check.boolean,
  cancelFutures: check.boolean,
  kill_workers: check.boolean,
};

export function checkTaskOptions(options: TaskOptions | undefined): TaskOptions {
  return check.checkOptions(options, taskChecks, 'withOptions');
}

export function checkMapOptions(options: MapOptions | undefined): MapOptions {
  return check.checkOptions(options, mapChecks, 'map');
}

export function checkShutdownOptions(options: ShutdownOptions | undefined): ShutdownOptions {
  return check.checkOptions(options, shutdownChecks, 'shutdown');
}

/** `kill_workers` is accepted wherever `killWorkers` is, as loky spells it. */
export function wantsKill(options: { killWorkers?: boolean } | undefined): boolean {
  if (options === undefined) return false;
  const { killWorkers, kill_workers }: { killWorkers?: boolean; kill_workers?: boolean } =
    withoutPrototype(options);
  return killWorkers ?? kill_workers ?? false;
}
