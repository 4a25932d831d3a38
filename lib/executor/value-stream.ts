/**
 * The caller's end of a stream: values that have arrived wait here until they are taken. Values that are taken let the worker
 * send others, so that no more than the window are on their way or wait here.
 *
 *   next() ◀── values ◀── receive ◀── worker, which may send as many as it has credit for
 *     └── grant, when half of the window is used up ──▶ worker
 */
import type { TaskOutcome } from '../manager/task.ts';
import type { StreamControl, TaskStream } from '../manager/task-stream.ts';
import { Ring } from '../system/ring.ts';

type Result = IteratorResult<unknown, undefined>;

interface Taker extends Waiter<Result> {
  /** An iterator that is waited for is not lost. */
  readonly iterator: object;
}

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** How many values may be on their way or wait, unless the caller says otherwise. */
export const USUAL_WINDOW = 16;
const LARGEST_WINDOW = 1024;
/** A larger window holds no more bytes than these. */
const WINDOW_BYTES = 64 * 1024;
/** Values that are taken before the window grows: a caller that wants few of them finds no more ahead than it expects. */
const TAKEN_BEFORE_GROWTH = 256;
/** Half a window that is taken within this time is small for its caller, in milliseconds. */
const QUICK = 1;
/** And one that takes longer than this is large. */
const SLOW = 4;

/** What is known of a caller when half of a window was taken. */
interface Taking {
  readonly taken: number;
  /** In milliseconds, for the last half of the window. */
  readonly elapsed: number;
  /** Of a value, on average. */
  readonly bytes: number;
}

/** About as many values as are taken within two milliseconds: a worker that waits for each few of them is slow. */
export function nextWindow(window: number, { taken, elapsed, bytes }: Taking): number {
  if (elapsed > SLOW) return Math.max(USUAL_WINDOW, window >> 1);
  if (elapsed > QUICK || taken < TAKEN_BEFORE_GROWTH) return window;
  const fitting = Math.floor(WINDOW_BYTES / Math.max(1, bytes));
  return Math.max(USUAL_WINDOW, Math.min(window * 2, LARGEST_WINDOW, fitting));
}

/** What the number of values in a frame can be. */
const MOST_CREDIT = 2 ** 31;

const DONE: Result = Object.freeze({ value: undefined, done: true });

export class ValueStream implements TaskStream {
  control: StreamControl | undefined;
  #window: number;
  readonly #isFixed: boolean;
  readonly #values = new Ring<unknown>();
  /** Calls of `next` that wait for a value: there is none then. */
  readonly #takers = new Ring<Taker>();
  #credit = 0;
  #taken = 0;
  #arrived = 0;
  #arrivedBytes = 0;
  #grantedAt = 0;
  /** The error that comes after the last value. */
  #failure: { readonly error: unknown } | undefined;
  /** The caller gets no more values than those that are here. */
  #isOver = false;
  #hasSettled = false;
  #isStopped = false;
  /** Its task is cancelled at this moment, as the caller wants no more of it. */
  #isBeingStopped = false;
  /** The worker has begun to end the generator: what it throws from now on is of its end. */
  #isEnding = false;
  #stopped: Promise<void> | undefined;
  #stopWaiter: Waiter<void> | undefined;

  /** @param bufferSize How many values may be on their way or wait; `undefined`: few, or as many small ones as are taken quickly. */
  constructor(bufferSize: number | undefined) {
    this.#window = Math.min(bufferSize ?? USUAL_WINDOW, MOST_CREDIT);
    this.#isFixed = bufferSize !== undefined;
  }

  // The manager's side.

  get mayRunAgain(): boolean {
    return this.#arrived === 0 && !this.#isStopped;
  }

  begin(): number {
    this.#credit = this.#window;
    this.#grantedAt = performance.now();
    return this.#credit;
  }

  receive(bytes: number, decode: () => unknown): void {
    if (this.#credit === 0) throw new Error('it has sent more values of a stream than it may');
    this.#credit -= 1;
    this.#arrived += 1;
    this.#arrivedBytes += bytes;
    if (this.#isOver) return;
    let value: unknown;
    try {
      value = decode();
    } catch (error) {
      this.#end(error);
      this.control?.stop();
      return;
    }
    if (this.#isOver) return; // by code of the user that rebuilds the value
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else {
      taker.resolve({ value, done: false });
      this.#noteTaken();
    }
  }

  noteStopping(): void {
    this.#isEnding = true;
  }

  settled(outcome: TaskOutcome, result: unknown): void {
    this.#hasSettled = true;
    if (this.#isStopped) this.#settledAfterStop(outcome, result);
    else if (!this.#isOver && outcome === 'succeeded') this.#end();
    else if (!this.#isOver) this.#end(result);
  }

  /** A generator that has failed before it heard of the stop has failed at values that are not wanted. */
  #settledAfterStop(outcome: TaskOutcome, result: unknown): void {
    const isUnwanted = this.#isBeingStopped || (outcome === 'failed' && !this.#isEnding);
    if (outcome === 'succeeded' || isUnwanted) this.#stopWaiter?.resolve();
    else this.#stopWaiter?.reject(result);
  }

  // The caller's side.

  /** @param iterator On which it is called. */
  next(iterator: object): Promise<Result> {
    if (this.#values.length > 0) {
      const value = this.#values.shift();
      this.#noteTaken();
      return Promise.resolve({ value, done: false });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#takers.push({ iterator, resolve, reject }));
  }

  /** Resolves when the generator has ended; rejects with what it throws while it ends, or with why it could not. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #stop(): Promise<void> {
    this.#isStopped = true;
    this.#values.clear();
    this.#end();
    this.#failure = undefined;
    if (this.#hasSettled) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stopWaiter = { resolve, reject };
      this.#isBeingStopped = true;
      this.control?.stop();
      this.#isBeingStopped = false;
    });
  }

  #end(...thrown: [error?: unknown]): void {
    this.#isOver = true;
    if (thrown.length > 0) {
      const first = this.#takers.shift();
      if (first === undefined) this.#failure = { error: thrown[0] };
      else first.reject(thrown[0]);
    }
    for (let taker = this.#takers.shift(); taker !== undefined; taker = this.#takers.shift())
      taker.resolve(DONE);
  }

  #noteTaken(): void {
    this.#taken += 1;
    const ahead = this.#credit + this.#values.length;
    if (this.#isOver || ahead * 2 > this.#window) return;
    if (!this.#isFixed) this.#adjustWindow();
    const granted = this.#window - ahead;
    if (granted <= 0) return;
    this.#credit += granted;
    this.control?.grant(granted);
  }

  #adjustWindow(): void {
    const now = performance.now();
    const bytes = this.#arrivedBytes / this.#arrived;
    this.#window = nextWindow(this.#window, { taken: this.#taken, elapsed: now - this.#grantedAt, bytes });
    this.#grantedAt = now;
  }
}
