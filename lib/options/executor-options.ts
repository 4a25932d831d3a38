/** Every option of an executor: its meaning, its default, its check. */

import type { StdioMode } from '../child/output.ts';
import type { Reducers } from '../sending/common/reducers.ts';
import { getLokySerializer, type SerializerName } from '../sending/common/serializer.ts';
import type { UnknownClasses } from '../sending/sender.ts';
import * as check from '../system/check.ts';
import { cpuCount } from '../system/cpu-count.ts';
import { defaultExecPath } from '../system/node-command.ts';
import { getContext, type WorkerContext } from '../system/start-method.ts';
import { execArgvForWorkers, hostExecArgv } from './node-options.ts';
import { killGraceNeedsOwnWorker } from './own-worker.ts';
import { type PreloadedModule, resolvePreload } from './preload.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Durations are in milliseconds, sizes in bytes. */
export interface ExecutorOptions {
  /** The most workers that run at a time. Default: `cpuCount()`. */
  maxWorkers?: number;
  /** Workers that are kept alive whatever `idleTimeout` says. Default: 0. */
  minWorkers?: number;
  /** Workers booted and initialized in reserve, to take over at once when one dies or is killed. Default: 0. */
  spareWorkers?: number;
  /** A worker that has been idle for so many milliseconds exits; `null`: never. Default: `null`. loky calls it `timeout`. */
  idleTimeout?: number | null;
  /** How workers start: see `getContext`. Default: what `setStartMethod` set, or `'loky'`. */
  context?: 'loky' | 'loky_init_main' | WorkerContext;
  /**
   * Modules that each worker, spare ones too, imports before `initializer` and its first task: packages, paths or URLs. Names
   * and relative paths are looked up from the main script, and where that finds nothing, from the current directory. One that
   * cannot be imported breaks the pool with `WorkerStartupError`; all of them must be there within `startTimeout`. Default: none.
   */
  preload?: readonly (string | URL)[];
  /** Runs once in each new process before its first task. May be async. If it fails, the pool is broken. */
  initializer?: (...initArgs: never[]) => unknown;
  /** What `initializer` is called with. Default: nothing. */
  initArgs?: readonly unknown[];
  /**
   * Runs once in each worker that leaves in order: one that was idle for too long, is replaced, or is one too many, and at
   * `shutdown`, which waits for it. May be async. Never in a worker that is killed or dies, nor when this program ends without
   * `shutdown`. If it fails, a warning (`LOKY_TEARDOWN`) has its error. Default: none.
   */
  teardown?: () => unknown;
  /** A worker whose `teardown` has not ended after so many milliseconds is killed, with a warning. Default: 5000. */
  teardownTimeout?: number;
  /**
   * Laid over `process.env` and in place before any module loads in the worker; a function gets the worker's
   * rank. `undefined` removes a variable. Default: nothing is changed.
   */
  env?: Environment | ((rank: number) => Environment);
  /** Node's own options for the workers, such as `--max-old-space-size=4096`. Default: the host's, but for a debugger's port. */
  execArgv?: readonly string[];
  /** What tasks find in `process.argv` behind the first two. Default: nothing. */
  argv?: readonly string[];
  /**
   * The current directory of the workers, as a path or a file URL; a relative path is looked up from that of this program. It is
   * set before `preload` and `initializer`; relative paths in `execArgv` are still those of this program. Default: that of this program
   * when the worker starts.
   */
  cwd?: string | URL;
  /**
   * The Node that runs workers, as a path or a name to look for in `PATH`, for programs that are no Node themselves:
   * single executable applications and the like. Default: the environment variable `LOKY_EXEC_PATH`, else the Node of
   * this program (in Electron its own, by `ELECTRON_RUN_AS_NODE`).
   */
  execPath?: string;
  /** How special values of calls travel; `register` has those of all executors. Default: none. */
  jobReducers?: Reducers;
  /** How special values of results travel. Default: `jobReducers`. */
  resultReducers?: Reducers;
  /** How values are written. Default: `getLokySerializer()`. */
  serializer?: SerializerName;
  /**
   * What becomes of a result that holds an instance of a class that this process does not have: the task fails with a
   * `SerializationError`, or the instance arrives with its data, as one of the nearest class that this process has (mostly
   * a plain object). Errors always arrive. Default: `'refuse'`.
   */
  unknownClasses?: UnknownClasses;
  /**
   * What one unexpected death does. `'break'`: every future that is not finished fails with the same
   * `TerminatedWorkerError`, and so does every later submit (loky's own rule). `'isolate'`: only the task that
   * the worker was running fails; the worker is replaced. Default: `'break'`.
   */
  onWorkerCrash?: 'break' | 'isolate';
  /** With `'isolate'`: how many times a task whose worker died is run again. Default: 0. */
  crashRetries?: number;
  /**
   * Breaks a pool that only crashes, even with `'isolate'`: when more than `max` workers have died unexpectedly within
   * `window` milliseconds, and these were more than `share` (from 0 to 1, default 0.1) of the tasks that came to an
   * end in that time. `share: 0` counts deaths alone. Default: no limit.
   */
  restartIntensity?: { max: number; window: number; share?: number };
  /** A worker is replaced after so many tasks. Default: never. */
  maxTasksPerWorker?: number;
  /**
   * How many tasks a worker runs at once: for tasks that mostly wait (requests, databases, timers). They share one thread and one
   * process, so a synchronous task holds the others of its worker up, and what ends the worker ends all of them: each fails with
   * a `TerminatedWorkerError`, or runs again if it has `crashRetries`. With more than 1 there is no `stream`, no `future.send` and no
   * `killGrace`: these are a `TypeError`. Default: 1.
   */
  tasksPerWorker?: number;
  /** Protection from leaking and from runaway tasks. */
  memory?: {
    /** Bytes that a worker may grow since its first task, measured after a forced garbage collection, before it is replaced. Default: 300e6 (loky's own figure). */
    leakThreshold?: number;
    /** The shortest time between two checks of that, in milliseconds. Default: 1000. */
    checkDelay?: number;
    /** The most bytes that a worker may use with its descendants; enforced during a task. Default: none. */
    limit?: number;
  };
  /** Milliseconds from the start of a task, when the modules that it needs are loaded; one that runs longer is killed with its worker and fails with `TimeoutError`. Default: none. */
  taskTimeout?: number;
  /**
   * Milliseconds for a task that is to be killed (`cancel({ kill: true })`, an aborted `signal`, a timeout,
   * `shutdown({ killWorkers: true })`) to end by itself, from the moment at which its `taskSignal()` is aborted. Its future
   * settles at once; its worker is killed if the task has not ended by then, and is used again if it has. Default: 0, which
   * kills at once. Needs `tasksPerWorker: 1`.
   */
  killGrace?: number;
  /** Tasks that may wait; a submit beyond it throws `QueueFullError`. Default: no bound. */
  maxPending?: number;
  /** Where workers' stdout and stderr go; `'events'`: to the executor's `output` event, line by line. Default: `'inherit'`. */
  stdio?: StdioMode;
  /**
   * A worker must be booted and initialized within so many milliseconds, and the modules that a task needs must be loaded
   * within as many: else the worker is ended, and the task fails with a `TimeoutError` that names the module. Default: 60_000.
   */
  startTimeout?: number;
}

export const executorChecks: Readonly<Record<keyof ExecutorOptions, check.Check>> = {
  maxWorkers: check.finiteCount(1),
  minWorkers: check.finiteCount(0),
  spareWorkers: check.finiteCount(0),
  idleTimeout: check.nullable(check.milliseconds),
  context: checkContext,
  preload: check.modules,
  initializer: check.callable,
  initArgs: check.array,
  teardown: check.callable,
  teardownTimeout: check.timeLimit,
  env: check.environmentOrFunction,
  execArgv: check.strings,
  execPath: check.filled,
  argv: check.strings,
  cwd: check.folder,
  jobReducers: check.object,
  resultReducers: check.object,
  serializer: check.string,
  unknownClasses: check.oneOf('refuse', 'plain'),
  onWorkerCrash: check.oneOf('break', 'isolate'),
  crashRetries: check.count(0),
  restartIntensity: check.nested({ max: check.count(0), window: check.milliseconds, share: check.share }, [
    'max',
    'window',
  ]),
  maxTasksPerWorker: check.count(1),
  tasksPerWorker: check.finiteCount(1),
  memory: check.nested({ leakThreshold: check.bytes, checkDelay: check.milliseconds, limit: check.bytes }),
  taskTimeout: check.timeLimit,
  killGrace: check.milliseconds,
  maxPending: check.count(0),
  stdio: check.oneOf('inherit', 'ignore', 'events'),
  startTimeout: check.timeLimit,
};

function checkContext(value: unknown, name: string): void {
  const isContext = typeof value === 'object' && value !== null && Object.hasOwn(value, 'startMethod');
  const method = isContext ? (value as Partial<WorkerContext>).startMethod : value;
  if (typeof method !== 'string') {
    throw new TypeError(
      `${name} must be 'loky', 'loky_init_main' or what getContext() returns, got ${check.describe(value)}`,
    );
  }
  try {
    getContext(method as WorkerContext['startMethod']);
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`);
  }
}

/** More than one in ten of all that ran: a busy pool with a bad input now and then lives, one that only crashes does not. */
const CRASH_SHARE = 0.1;

/** Options with every default in its place. */
export type ExecutorSettings = Readonly<ReturnType<typeof resolveExecutorOptions>>;

/** @throws TypeError, RangeError */
export function resolveExecutorOptions(given?: ExecutorOptions, of = 'ProcessPoolExecutor') {
  const options: ExecutorOptions = check.checkOptions(given, executorChecks, of);
  checkTogether(options);
  return {
    maxWorkers: options.maxWorkers ?? Math.max(cpuCount(), options.minWorkers ?? 0),
    minWorkers: options.minWorkers ?? 0,
    spareWorkers: options.spareWorkers ?? 0,
    idleTimeout: options.idleTimeout ?? null,
    context: typeof options.context === 'object' ? options.context : getContext(options.context),
    preload: resolvePreload(options.preload) as readonly PreloadedModule[],
    initializer: options.initializer,
    initArgs: options.initArgs ?? [],
    teardown: options.teardown,
    teardownTimeout: options.teardownTimeout ?? 5_000,
    // Copies: the caller may change what it has given, and the workers that are there would not know.
    env: typeof options.env === 'function' ? options.env : { ...options.env },
    execArgv: options.execArgv === undefined ? hostExecArgv() : execArgvForWorkers(options.execArgv),
    execPath: options.execPath ?? defaultExecPath(),
    argv: [...(options.argv ?? [])],
    cwd: options.cwd as string | undefined, // its check has made a path of it
    jobReducers: options.jobReducers,
    resultReducers: options.resultReducers ?? options.jobReducers,
    serializer: options.serializer ?? getLokySerializer(),
    unknownClasses: options.unknownClasses ?? 'refuse',
    onWorkerCrash: options.onWorkerCrash ?? 'break',
    crashRetries: options.crashRetries ?? 0,
    restartIntensity: options.restartIntensity && {
      ...options.restartIntensity,
      share: options.restartIntensity.share ?? CRASH_SHARE,
    },
    maxTasksPerWorker: options.maxTasksPerWorker ?? Number.POSITIVE_INFINITY,
    tasksPerWorker: options.tasksPerWorker ?? 1,
    memory: {
      leakThreshold: options.memory?.leakThreshold ?? 300e6,
      checkDelay: options.memory?.checkDelay ?? 1000,
      limit: options.memory?.limit,
    },
    taskTimeout: options.taskTimeout,
    killGrace: options.killGrace ?? 0,
    maxPending: options.maxPending ?? Number.POSITIVE_INFINITY,
    stdio: options.stdio ?? 'inherit',
    startTimeout: options.startTimeout ?? 60_000,
  };
}

function checkTogether(options: ExecutorOptions): void {
  if (
    options.minWorkers !== undefined &&
    options.minWorkers > (options.maxWorkers ?? Number.POSITIVE_INFINITY)
  ) {
    throw new RangeError(
      `minWorkers (${options.minWorkers}) must not be more than maxWorkers (${options.maxWorkers})`,
    );
  }
  if (options.crashRetries && options.onWorkerCrash !== 'isolate') {
    throw new TypeError(
      "crashRetries needs onWorkerCrash: 'isolate': with 'break' one death ends the whole pool",
    );
  }
  if (options.killGrace && (options.tasksPerWorker ?? 1) > 1) throw killGraceNeedsOwnWorker();
  if (options.initArgs !== undefined && options.initializer === undefined) {
    throw new TypeError('initArgs needs an initializer to be given to');
  }
  if (options.teardownTimeout !== undefined && options.teardown === undefined) {
    throw new TypeError('teardownTimeout needs a teardown, which it limits');
  }
}
