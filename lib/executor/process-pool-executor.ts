/** The executor that users make: options in, a pool behind it, events out. */
import { EventEmitter } from 'node:events';
import type { Launched } from '../child/launch.ts';
import type { Future } from '../futures/future.ts';
import type { Manager } from '../manager/manager.ts';
import type { TaskSettings } from '../manager/task.ts';
import type { ExecutorEvents } from '../observing/events.ts';
import { noteTaskListeners } from '../observing/listeners.ts';
import type { PoolObserver } from '../observing/observer.ts';
import {
  type ExecutorOptions,
  type ExecutorSettings,
  resolveExecutorOptions,
} from '../options/executor-options.ts';
import {
  checkPrewarmOptions,
  checkShutdownOptions,
  type PrewarmOptions,
  type ShutdownOptions,
  type TaskOptions,
} from '../options/task-options.ts';
import type { Shared } from '../sending/common/shared.ts';
import { keepForSending } from '../sending/host/rich.ts';
import { checkDepth } from '../system/depth.ts';
import { canLoadLater } from '../system/later-part.ts';
import { chooseNode } from '../system/node-command.ts';
import { clearTimeout, setImmediate } from '../system/timers.ts';
import type { Executor, ResultIterator } from './executor.ts';
import { noteExecutor } from './living.ts';
import { launchFirst, loadAhead, type MadePool, makePool, sendsAtStart } from './making.ts';
import type { ModuleMethods } from './module-methods.ts';
import { calls } from './parts.ts';
import { type AnyFunction, submitTo } from './pool-view.ts';
import { type ExecutorStats, statsOf } from './stats.ts';
import { ExecutorView, withTaskOptions } from './view.ts';

let lastExecutorId = 0;

/** An unreachable executor finishes its tasks and ends its workers. */
const abandoned = new FinalizationRegistry<Manager>((manager) => {
  void manager.shutdown(checkShutdownOptions({ wait: false }));
});

/** For the executors of this folder, for loky/bullmq and loky/view. */
export let executorInternals: {
  poolOf(executor: ProcessPoolExecutor): Manager;
  /** Where its tasks go now: to another pool, once a reusable executor was replaced. */
  routeOf(executor: ProcessPoolExecutor): Manager;
  taskSettingsOf(executor: ProcessPoolExecutor): TaskSettings;
  settingsOf(executor: ProcessPoolExecutor): ExecutorSettings;
  route(executor: ProcessPoolExecutor, route: () => Manager): void;
  observerOf(executor: ProcessPoolExecutor): PoolObserver;
};

/**
 * Runs functions in a pool of worker processes. Workers are started on demand, at most `maxWorkers`. An idle
 * executor does not keep the host process alive; a pending task does.
 */
export class ProcessPoolExecutor extends EventEmitter<ExecutorEvents> implements Executor {
  /** Grows with each executor of this process. */
  readonly executorId: number;
  readonly #settings: ExecutorSettings;
  readonly #taskSettings: TaskSettings;
  #made: MadePool | undefined;
  #loadTimer: NodeJS.Timeout | undefined;
  /** Where tasks go; elsewhere once a reusable executor was replaced. */
  #route: () => Manager;

  /**
   * @throws TypeError, RangeError for options that are unknown, of the wrong type or out of range.
   * @throws LokyRecursionError if executors are nested deeper than `LOKY_MAX_DEPTH`.
   * @throws WorkerStartupError if there is no Node to run workers: see `execPath`.
   * @throws SerializationError if the initializer or its arguments cannot be sent.
   */
  constructor(options?: ExecutorOptions) {
    super();
    const settings = resolveExecutorOptions(options);
    checkDepth();
    chooseNode(settings.execPath);
    this.#settings = settings;
    lastExecutorId += 1;
    this.executorId = lastExecutorId;
    this.#route = () => (this.#made ?? this.#make()).manager;
    this.#taskSettings = {
      timeout: settings.taskTimeout,
      signal: undefined,
      killGrace: settings.killGrace,
      retries: settings.crashRetries,
      mayRetry: settings.onWorkerCrash === 'isolate',
      sharesWorker: settings.tasksPerWorker > 1,
      priority: 0,
      name: undefined,
      bufferSize: undefined,
    };
    keepForSending();
    if (sendsAtStart(settings)) this.#make();
    if (canLoadLater) setImmediate(() => this.#makeAhead());
    noteExecutor(this);
  }

  #make(launched?: Launched): MadePool {
    this.#made = makePool(this, this.#settings, launched);
    abandoned.register(this, this.#made.manager);
    return this.#made;
  }

  #makeForTask(): void {
    const launched = launchFirst(this.#settings);
    const { manager } = this.#make(launched);
    if (launched !== undefined) manager.startFirst();
  }

  /** In a turn of its own: a server's first request then finds it. */
  #makeAhead(): void {
    try {
      const { manager } = this.#parts;
      if (manager.isOpen) this.#loadTimer = loadAhead(manager);
    } catch {} // the call that needs it tries again
  }

  get #parts(): MadePool {
    return this.#made ?? this.#make();
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    if (this.#made === undefined && typeof fn === 'function') this.#makeForTask();
    return submitTo(this.#route(), this.#taskSettings, this.submit, fn, args) as Future<Awaited<R>>;
  }

  readonly map: Executor['map'] = (fn: AnyFunction, ...rest: unknown[]) =>
    calls.get().mapOn(() => this.#route(), this.#taskSettings, this.map, fn, rest) as ResultIterator<never>;

  readonly stream: Executor['stream'] = (fn: AnyFunction, ...args: unknown[]) =>
    calls.get().streamOn(this.#route(), this.#taskSettings, this.stream, fn, args) as ResultIterator<never>;

  withOptions(options: TaskOptions): Executor {
    return new ExecutorView(this, () => this.#route(), withTaskOptions(this.#taskSettings, options));
  }

  /**
   * Starts workers before the first task; resolves when they are booted and initialized, and have the functions ready that
   * `for` names.
   *
   * @param options How many workers, or options.
   * @returns Rejects with a BrokenProcessPool if they cannot start, with a ShutdownExecutorError after `shutdown`.
   * @throws TypeError, RangeError for wrong options.
   * @throws SerializationError if a function cannot be sent.
   */
  prewarm(options?: number | PrewarmOptions): Promise<void> {
    const manager = this.#route();
    const { workers, for: functions } = checkPrewarmOptions(options);
    return manager.prewarm(workers ?? manager.maxWorkers, functions);
  }

  /**
   * The exports of a module as methods that run in workers, each giving a future. The module is imported in the workers, when
   * it is called first there, and never in this process. To import it before that, name it in `preload`.
   *
   * @param source What imports it, `() => import('./images.js')`, or the URL or absolute path of its file.
   * @param options Of the tasks, as for `withOptions`.
   * @throws TypeError if `source` is neither, or for wrong options.
   */
  module<M extends object>(
    source: (() => M | PromiseLike<M>) | string | URL,
    options?: TaskOptions,
  ): ModuleMethods<M> {
    const settings = withTaskOptions(this.#taskSettings, options);
    return calls
      .get()
      .moduleMethods<M>(source, (method, call, args) =>
        submitTo(this.#route(), settings, method, call, args),
      );
  }

  /**
   * Shares a large value with the workers: it is encoded at this call, and sent once to each worker, when a task there needs it
   * first. The handle travels as an argument, in arguments or captured by a function; tasks read its `value`. Every executor
   * of this process takes it. Workers free it when the handle is disposed, or collected, and no task needs it any more.
   *
   * What is changed in the value after this call does not travel.
   *
   * @throws SerializationError with the path of what cannot be sent.
   * @throws ShutdownExecutorError, BrokenProcessPool as `submit`.
   */
  share<T>(value: T): Shared<T> {
    return this.#route().share(value);
  }

  /**
   * Replaces all workers that are there now, in turn and without a pause: each one's successor is started and initialized
   * before it leaves, and what it runs ends first. For configuration that workers read when they start, and for leaks.
   * While tasks run there may be up to twice as many processes.
   *
   * @returns Resolves when those workers are gone. Rejects with a ShutdownExecutorError after `shutdown`, and with a
   *   BrokenProcessPool if the pool is broken, or breaks meanwhile.
   */
  recycle(): Promise<void> {
    return this.#route().recycle();
  }

  /** What the pool is doing now, and what it has done. */
  stats(): ExecutorStats {
    const { manager, observer } = this.#parts;
    manager.figuresWanted();
    return statsOf(manager, observer);
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    clearTimeout(this.#loadTimer);
    return this.#parts.manager.shutdown(checkShutdownOptions(options));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  static {
    executorInternals = {
      poolOf: (executor) => executor.#parts.manager,
      routeOf: (executor) => executor.#route(),
      taskSettingsOf: (executor) => executor.#taskSettings,
      settingsOf: (executor) => executor.#settings,
      route: (executor, route) => {
        executor.#route = route;
      },
      observerOf: (executor) => executor.#parts.observer,
    };
  }
}

// Outside of the class: the bundler renames one that names itself.
noteTaskListeners(ProcessPoolExecutor.prototype, (executor) => {
  executorInternals.observerOf(executor).hasTaskListeners = true;
});
