/**
 * A task's outcome to come, with the semantics of `concurrent.futures.Future` in Node's manners. Its owner, the manager,
 * alone may settle it, through `futureControl`.
 */
import type { CancelledError } from '../errors.ts';
import { boolean, checkOptions, describe } from '../system/check.ts';
import { describeThrown, isError } from '../system/thrown.ts';
import { call, inThisContext, warnOfLostReport } from './callbacks.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

export type FutureState = 'pending' | 'running' | 'cancelled' | 'finished';

/** What a future asks of the manager that runs its task. */
export interface FutureOwner {
  /** `true` if the task never runs, or was killed. Settles the future before it returns `true`. */
  cancel(kill: boolean): boolean;
  isRunning(): boolean;
  /** A message to its task. `false` if that is over. */
  send(value: unknown): boolean;
}

type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'cancelled'; readonly error: CancelledError };

type Callback = (future: Future<never>) => unknown;

/** For the owner of a future alone. */
export let futureControl: {
  resolve(future: Future<unknown>, value: unknown): void;
  reject(future: Future<unknown>, error: unknown): void;
  cancel(future: Future<unknown>, error: CancelledError): void;
  /** @param decode Called only if the future has a callback for progress; may throw. */
  progress(future: Future<unknown>, decode: () => unknown): void;
};

/** For `wait` and `asCompleted`: callbacks that can be removed. */
export let futureWatch: {
  hasFailed(future: Future<unknown>): boolean;
  add(future: Future<unknown>, watcher: (future: Future<never>) => void): void;
  remove(future: Future<unknown>, watcher: (future: Future<never>) => void): void;
};

/**
 * The future outcome of a task. Awaitable; a failed future that is not awaited causes no unhandled
 * rejection.
 */
export class Future<T> implements PromiseLike<T> {
  readonly [Symbol.toStringTag] = 'Future';
  readonly #owner: FutureOwner;
  #outcome: Outcome | undefined;
  #callbacks: Callback[] | undefined;
  #progressCallbacks: ((value: unknown) => unknown)[] | undefined;
  /** Created at its first use. */
  #promise: Promise<unknown> | undefined;
  #resolve: ((value: unknown) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Futures are made by executors. */
  constructor(owner: FutureOwner) {
    this.#owner = owner;
  }

  /** `running` means that the task is executing in a worker. */
  get state(): FutureState {
    if (this.#outcome !== undefined) return this.#outcome.kind === 'cancelled' ? 'cancelled' : 'finished';
    return this.#owner.isRunning() ? 'running' : 'pending';
  }

  /**
   * The task's result, or a rejection with what the task threw.
   *
   * @param options `timeout` in milliseconds and `signal` end only the wait; the task continues.
   * @throws TimeoutError if the future is not done after `timeout` milliseconds.
   * @throws CancelledError if the future was cancelled.
   */
  result(options?: WaitOptions): Promise<T> {
    return waitFor(this.#promised(), options) as Promise<T>;
  }

  /**
   * The error the task failed with, or `undefined` if it succeeded. A thrown value that is no `Error` comes
   * as the `cause` of one.
   *
   * @throws TimeoutError if the future is not done after `timeout` milliseconds.
   * @throws CancelledError if the future was cancelled.
   */
  async exception(options?: WaitOptions): Promise<Error | undefined> {
    await waitFor(
      this.#promised().catch(() => undefined),
      options,
      'exception',
    );
    const outcome = this.#outcome as Outcome;
    if (outcome.kind === 'cancelled') throw outcome.error;
    if (outcome.kind === 'value') return undefined;
    if (isError(outcome.error)) return outcome.error;
    return new Error(`The task threw a value that is not an Error: ${describeThrown(outcome.error)}`, {
      cause: outcome.error,
    });
  }

  /**
   * Cancels the task if it has not begun. `true` means that it never runs.
   *
   * @param options With `kill`, a running task is cancelled as well: its worker and the worker's descendants
   * are ended, and the worker is replaced.
   */
  cancel(options?: { kill?: boolean }): boolean {
    const { kill = false } = checkOptions(options, { kill: boolean }, 'cancel');
    if (this.#outcome !== undefined) return this.#outcome.kind === 'cancelled';
    return this.#owner.cancel(kill);
  }

  /**
   * Sends a message to the task, which reads it with `taskMessages()`. One that is sent before the task begins waits for it.
   * Values travel as arguments do, copied at the call, in the order of the calls.
   *
   * At most 1,000 messages may be unread. What the task has not read when it ends is dropped. When its worker dies and the task
   * is run again, the messages that it had not read go with it, and those that it had read are not sent again.
   *
   * @returns `false` if the future is done: nothing was sent. `true` is no receipt: the task may end without having read it.
   * @throws TypeError if the executor has `tasksPerWorker` above 1: a task that shares its worker gets no messages.
   * @throws SerializationError if the value cannot be sent.
   * @throws QueueFullError if 1,000 messages are unread.
   */
  send(value: unknown): boolean {
    return this.#outcome === undefined && this.#owner.send(value);
  }

  /** Whether it was cancelled, before its task began or with its worker. */
  cancelled(): boolean {
    return this.#outcome?.kind === 'cancelled';
  }

  /** Whether its task is executing in a worker at this moment. */
  running(): boolean {
    return this.#outcome === undefined && this.#owner.isRunning();
  }

  /** Whether it is finished or cancelled. */
  done(): boolean {
    return this.#outcome !== undefined;
  }

  /**
   * Calls `fn` with this future once it is done, at once if it is done already (as concurrent.futures does), in the
   * async context (`AsyncLocalStorage`) of this call.
   * Callbacks run in the order they were added; one that throws is reported by a warning and stops nothing.
   */
  addDoneCallback(fn: (future: Future<T>) => void): void {
    if (typeof fn !== 'function') {
      throw new TypeError(`addDoneCallback expects a function, got ${describe(fn)}`);
    }
    const callback = inThisContext(fn as Callback);
    if (this.#outcome !== undefined) call(callback, this);
    else if (this.#callbacks === undefined) this.#callbacks = [callback];
    else this.#callbacks.push(callback);
  }

  /**
   * Calls `fn` with each value that the task gives to `reportProgress` from now on, before the future is done, in the
   * order of the reports and in the async context of this call. A callback that throws is reported by a warning and
   * stops nothing.
   *
   * @returns This future.
   */
  onProgress(fn: (value: unknown) => void): Future<T> {
    if (typeof fn !== 'function') throw new TypeError(`onProgress expects a function, got ${describe(fn)}`);
    if (this.#outcome !== undefined) return this;
    this.#progressCallbacks ??= [];
    this.#progressCallbacks.push(inThisContext(fn));
    return this;
  }

  // biome-ignore lint/suspicious/noThenProperty: a future is awaitable
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#promised() as Promise<T>).then(onFulfilled, onRejected);
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return (this.#promised() as Promise<T>).finally(onFinally);
  }

  #promised(): Promise<unknown> {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
      if (this.#outcome !== undefined) this.#fulfil(this.#outcome);
    }
    return this.#promise;
  }

  #fulfil(outcome: Outcome): void {
    if (outcome.kind === 'value') this.#resolve?.(outcome.value);
    else {
      this.#promise?.catch(() => {}); // a derived promise has the rejection
      this.#reject?.(outcome.error);
    }
  }

  #fail(outcome: Outcome): void {
    if (this.#outcome !== undefined) throw settledTwice();
    this.#outcome = outcome;
    this.#fulfil(outcome);
    this.#progressCallbacks = undefined;
    if (this.#callbacks !== undefined) this.#callBack();
  }

  #callBack(): void {
    const callbacks = this.#callbacks as Callback[];
    this.#callbacks = undefined;
    for (const callback of callbacks) call(callback, this);
  }

  #progress(decode: () => unknown): void {
    if (this.#outcome !== undefined || this.#progressCallbacks === undefined) return;
    try {
      const value = decode();
      for (const callback of [...this.#progressCallbacks]) call(callback, value, 'onProgress');
    } catch (error) {
      warnOfLostReport(error);
    }
  }

  static {
    futureControl = {
      resolve(future, value) {
        if (future.#outcome !== undefined) throw settledTwice();
        future.#outcome = { kind: 'value', value };
        future.#resolve?.(value);
        future.#progressCallbacks = undefined;
        if (future.#callbacks !== undefined) future.#callBack();
      },
      reject: (future, error) => future.#fail({ kind: 'error', error }),
      cancel: (future, error) => future.#fail({ kind: 'cancelled', error }),
      progress: (future, decode) => future.#progress(decode),
    };
    futureWatch = {
      hasFailed: (future) => future.#outcome?.kind === 'error',
      add(future, watcher) {
        future.#callbacks ??= [];
        future.#callbacks.push(watcher);
      },
      remove(future, watcher) {
        const callbacks = future.#callbacks;
        const index = callbacks?.indexOf(watcher) ?? -1;
        if (index >= 0) callbacks?.splice(index, 1);
      },
    };
  }
}

const settledTwice = (): Error => new Error('a future was settled twice');

/** For a task that could not be sent. */
export function failedFuture(error: unknown): Future<unknown> {
  const future = new Future<unknown>({ cancel: () => false, isRunning: () => false, send: () => false });
  futureControl.reject(future, error);
  return future;
}
