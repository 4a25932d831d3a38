/** What `withOptions` and `map` take. */

import * as check from '../system/check.ts';
import { withoutPrototype } from '../system/own.ts';

/** For the tasks of a view made by `executor.withOptions`. */
export interface TaskOptions {
  /** Milliseconds from the moment the task starts in the worker, when the modules that it needs are loaded; then it is killed with its worker. Default: the executor's `taskTimeout`. */
  timeout?: number;
  /** Aborting it cancels the task, also while it runs: its future fails with a `CancelledError` whose `cause` is the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds for the task to end by itself when it is to be killed: see `killGrace` of the executor, which needs `tasksPerWorker: 1`. Default: the executor's. */
  killGrace?: number;
  /** How many times the task is run again if its worker died; needs `onWorkerCrash: 'isolate'`. Default: the executor's `crashRetries`. */
  retries?: number;
  /** Tasks with a higher one run first. Default: 0. */
  priority?: number;
  /** How reports call the task, cut at 1000 characters. Default: the function's name. */
  name?: string;
  /**
   * Of a `stream`: how many values the generator may be ahead of those that were taken. Default: 16; of small values of which more
   * than 256 were taken, as many as are taken within 2 ms, at most 1,024 and 64 KiB.
   */
  bufferSize?: number;
}

export interface MapOptions {
  /**
   * How many inputs travel as one task. `'auto'`: as many as run for about 50 ms, by the times of those before; inputs behind a
   * slow one are given to other workers, and the event loop is blocked by no chunk for long. Default: 1.
   */
  chunkSize?: number | 'auto';
  /** One deadline for the whole iteration, in milliseconds from the call. Default: none. */
  timeout?: number;
  /**
   * How many tasks are sent and not yet given out, at most. Default: all of an input that has a `length` or `size`; of another one
   * `2 * maxWorkers`, or, of short tasks and a sync input, as many as take 5 ms. With `chunkSize: 'auto'`: `8 * maxWorkers` for these.
   */
  bufferSize?: number;
  /** Whether results come in the order of the inputs, or as they are ready. Default: true. */
  ordered?: boolean;
  /** `true`: see {@link SettledMapOptions}. Default: false. */
  settle?: false;
  /** Called after each task (a chunk of inputs) with how many inputs are done, and of how many if that is known. */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Options of a `map` that continues after errors. */
export interface SettledMapOptions extends Omit<MapOptions, 'settle'> {
  /**
   * Each input gives a `PromiseSettledResult`, and none ends the iteration: neither by what `fn` throws, nor when its worker died, its
   * time was over or it could not be sent. What ends it is an error of the inputs, its own `timeout`, or an executor that runs nothing
   * any more.
   */
  settle: true;
}

/** Those that `Options` may be: a type parameter alone takes a misspelt name beside a right one. */
export type KnownMapOptions<Options> = (MapOptions | SettledMapOptions) & {
  readonly [Name in Exclude<keyof Options, keyof MapOptions>]?: never;
};

/** What a `map` gives for an input whose result is an `R`. */
export type MapResult<R, Options> = Options extends { settle: true } ? PromiseSettledResult<R> : R;

export interface PrewarmOptions {
  /** How many workers are started; at most `maxWorkers`. Default: `maxWorkers`. */
  workers?: number;
  /**
   * Functions that will be called: they are built, and the modules that they need are loaded, in all workers that are there, in
   * spare ones, and in each one that starts later, before its first task. They are not run. Default: none.
   */
  for?: readonly ((...args: never[]) => unknown)[];
}

export interface ShutdownOptions {
  /** Whether the promise waits until everything is gone. Default: true. */
  wait?: boolean;
  /** Ends the workers with what they run; tasks with a `killGrace` have so long to end by themselves. Default: false. */
  killWorkers?: boolean;
  /** Cancels what has not begun. Default: false. */
  cancelFutures?: boolean;
}

export const taskChecks: Readonly<Record<keyof TaskOptions, check.Check>> = {
  timeout: check.timeLimit,
  signal: check.abortSignal,
  killGrace: check.milliseconds,
  retries: check.count(0),
  priority: check.number({ min: Number.NEGATIVE_INFINITY }),
  name: check.string,
  bufferSize: check.count(1),
};

const mapChecks: Readonly<Record<keyof MapOptions, check.Check>> = {
  chunkSize: check.either('auto', check.count(1)),
  timeout: check.timeLimit,
  bufferSize: check.count(1),
  ordered: check.boolean,
  settle: check.boolean,
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

export function checkMapOptions(
  options: MapOptions | SettledMapOptions | undefined,
): Omit<MapOptions, 'settle'> & { settle?: boolean } {
  return check.checkOptions(options, mapChecks, 'map');
}

const prewarmChecks: Readonly<Record<keyof PrewarmOptions, check.Check>> = {
  workers: check.count(1),
  for: check.functions,
};

export function checkPrewarmOptions(options: number | PrewarmOptions | undefined): PrewarmOptions {
  if (options === undefined || (typeof options === 'object' && options !== null))
    return check.checkOptions(options, prewarmChecks, 'prewarm');
  check.count(1)(options, 'the number of workers to prewarm');
  return { workers: options };
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
