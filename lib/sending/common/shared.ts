/**
 * Values that are sent once to each worker, and the handles that stand for them. The worker's own bundle and the package as
 * a task imports it are two modules in one process: they meet in a global symbol, so that a task can pass on to executors of
 * its own what it was given.
 */

import type { HeldShare } from './payload.ts';
import type { NamedReducer } from './reducers.ts';
import type { SerializerName } from './serializer.ts';

/**
 * A value that each worker gets once, however many tasks use it: what `executor.share` gives. It travels as an argument, in
 * arguments, or captured by a function.
 */
export interface Shared<T> extends Disposable {
  /**
   * In a task: the worker's copy, the same object for all tasks of that worker. What a task changes in it stays there. In the
   * program: the value that was shared.
   *
   * @throws Error in the program, once it is disposed.
   */
  readonly value: T;

  /**
   * Takes it from the workers, as soon as no task is pending or running that was submitted with it; none can be submitted with
   * it from now on. The same happens when the program holds it no more and it is collected. In a task it does nothing.
   */
  [Symbol.dispose](): void;
}

/** What a handle stands for. */
export interface SharedState {
  value: unknown;
  isDisposed: boolean;
  /** It came to its machine through a queue, as bytes, and these were replaced by what they mean. */
  isDecoded: boolean;
  /** It came from the host of this process, which decides how long it is there. */
  readonly isReceived: boolean;
  /** Of each copy of this package that sends it. */
  readonly onDispose: Set<() => void>;
}

/** How values are written: as the arguments of the executor that shares them. */
export interface SharingTerms {
  readonly serializer: SerializerName;
  readonly reducers: readonly NamedReducer[];
  readonly mainByReference: boolean;
}

/** @returns What is sent of a handle. */
export type ShareOf = (handle: object, state: SharedState, terms: SharingTerms) => HeldShare;

/** What the host does with handles, in shares.ts: it writes shared values by policies of its own, which ask for it here. */
export const hostEnd = {} as { shareOf: ShareOf };

interface Sharing {
  /** Until then no value need be looked up. */
  isUsed: boolean;
  readonly states: WeakMap<object, SharedState>;
}

const key = Symbol.for('loky.shared');
const meeting = globalThis as unknown as { [key]: Sharing };
if (meeting[key] === undefined)
  Object.defineProperty(meeting, key, { value: { isUsed: false, states: new WeakMap() } });

/** `undefined` for all but handles. */
export function sharedState(value: unknown): SharedState | undefined {
  const sharing = meeting[key]; // not kept: a copy of this function is sent where a test runner has loaded the package
  return sharing.isUsed ? sharing.states.get(value as object) : undefined;
}

export const isShared = (value: unknown): boolean => sharedState(value) !== undefined;

let lastId = 0;

const SharedHandle = class Shared<T> implements Disposable {
  /** Distinguishes handles that are compared or printed. */
  readonly id: number;

  constructor(value: T, isReceived: boolean) {
    lastId += 1;
    this.id = lastId;
    const sharing = meeting[key];
    sharing.isUsed = true;
    sharing.states.set(this, {
      value,
      isDisposed: false,
      isDecoded: false,
      isReceived,
      onDispose: new Set(),
    });
  }

  get [Symbol.toStringTag](): string {
    return 'Shared';
  }

  get value(): T {
    const { value, isDisposed } = sharedState(this) as SharedState;
    if (isDisposed) throw new Error('the shared value was disposed');
    return value as T;
  }

  [Symbol.dispose](): void {
    const state = sharedState(this) as SharedState;
    if (state.isReceived || state.isDisposed) return;
    state.isDisposed = true;
    state.value = undefined;
    for (const dispose of state.onDispose) dispose();
  }
};

/** @param isReceived By a worker, from its host. */
export function newHandle<T>(value: T, isReceived: boolean): Shared<T> {
  return new SharedHandle(value, isReceived);
}
