/** What users hold: the contract that every executor keeps, and that views and executors of other kinds share. */
import type { Future } from '../futures/future.ts';
import type {
  KnownMapOptions,
  MapOptions,
  MapResult,
  ShutdownOptions,
  TaskOptions,
} from '../options/task-options.ts';

/** Inputs of `map`: any iterable, such as an array, a `Set` or a generator; or an async one, which is pulled as results are taken. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/**
 * The results of a `map`, one for each input, or the values of a `stream`. Leaving the loop early cancels what has not started,
 * and ends the generator of a stream.
 */
export interface ResultIterator<T> extends AsyncIterableIterator<T> {
  next(): Promise<IteratorResult<T, undefined>>;
  return(value?: unknown): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): ResultIterator<T>;
  /** All results that are still to come. */
  toArray(): Promise<T[]>;
  /** The same as `return()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * What runs functions elsewhere: a `ProcessPoolExecutor`, or a view on one that `withOptions` gives. Write
 * functions that need no more than this, and they work with every kind.
 */
export interface Executor extends AsyncDisposable {
  /**
   * Runs `fn(...args)` in a worker process. Values are copied at the call. A value that cannot be sent makes the
   * future fail with `SerializationError`.
   *
   * @throws ShutdownExecutorError after `shutdown`.
   * @throws BrokenProcessPool (the very error that broke it) if the pool is broken.
   * @throws QueueFullError if `maxPending` tasks wait already.
   * @throws TypeError if `fn` is no function.
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>>;

  /**
   * Runs `fn` on each input and gives the results in the order of the inputs. With several inputs `fn` gets one of
   * each, and the shortest ends it, as in Python. The first error is thrown in its place and ends the iteration, unless
   * `settle` is `true`. Inputs that have a `length` or a `size` are read at the call, others as they are needed; the error of
   * such an input is thrown after the results of what it gave before.
   *
   * @throws the same as `submit`, and what an input throws that is read at the call.
   */
  map<A, R, O extends KnownMapOptions<O> = MapOptions>(
    fn: (a: A) => R,
    inputs: Inputs<A>,
    options?: O,
  ): ResultIterator<MapResult<Awaited<R>, O>>;
  map<A, B, R, O extends KnownMapOptions<O> = MapOptions>(
    fn: (a: A, b: B) => R,
    as: Inputs<A>,
    bs: Inputs<B>,
    options?: O,
  ): ResultIterator<MapResult<Awaited<R>, O>>;
  map<A, B, C, R, O extends KnownMapOptions<O> = MapOptions>(
    fn: (a: A, b: B, c: C) => R,
    as: Inputs<A>,
    bs: Inputs<B>,
    cs: Inputs<C>,
    options?: O,
  ): ResultIterator<MapResult<Awaited<R>, O>>;
  map<A, B, C, D, R, O extends KnownMapOptions<O> = MapOptions>(
    fn: (a: A, b: B, c: C, d: D) => R,
    as: Inputs<A>,
    bs: Inputs<B>,
    cs: Inputs<C>,
    ds: Inputs<D>,
    options?: O,
  ): ResultIterator<MapResult<Awaited<R>, O>>;

  /**
   * Runs `fn(...args)`, a generator function, in a worker process and gives its values as they are yielded. Its worker is at
   * this task until the generator ends.
   *
   * The generator is at most `bufferSize` values (`withOptions`; default 16) ahead of those that were taken; then it waits at its
   * `yield`, so that a slow loop bounds the memory of both processes. What `yield` gives to the generator is `undefined`, and what
   * the generator returns is dropped.
   *
   * - An error of the generator comes after the values that it has yielded before. So does the error of a task that was
   *   killed, timed out (`timeout` is a limit for the whole run, with the time in which it waits for the loop) or lost its
   *   worker. A task whose worker died is run again (`retries`) only if none of its values has arrived.
   * - Leaving the loop, `return()` and `await using` end the generator where it is, at its next `yield`: its `finally` blocks run
   *   in the worker, and are waited for. What they throw is thrown there. One that does not come to a `yield` keeps its
   *   worker: the `signal` and the `timeout` of `withOptions` end it with its worker.
   * - A stream that is not read to its end keeps its worker, the host's process and `shutdown()` waiting, until its iterator
   *   is collected.
   *
   * @throws the same as `submit`.
   * @throws TypeError if `fn` is no generator function, as far as that can be seen, or the executor has `tasksPerWorker` above 1.
   */
  stream<A extends unknown[], T>(
    fn: (...args: A) => Generator<T, unknown, undefined> | AsyncGenerator<T, unknown, undefined>,
    ...args: A
  ): ResultIterator<Awaited<T>>;

  /**
   * A view on the same pool whose tasks have these options. It is cheap: a new one can be created for each task. What
   * it does not set is as in the executor that it was made from.
   *
   * @throws TypeError, RangeError for options that are unknown, of the wrong type or out of range.
   */
  withOptions(options: TaskOptions): Executor;

  /**
   * Takes no more tasks, finishes those it has, and ends the workers. The promise resolves when nothing is left;
   * with `wait: false` at once. Calling it again waits for the same end, and may add `killWorkers`.
   */
  shutdown(options?: ShutdownOptions): Promise<void>;
}
