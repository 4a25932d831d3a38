/**
 * `map`: chunks of inputs go in as tasks, results come out as an async iterator. It knows futures and nothing of
 * how tasks run.
 */
import { TimeoutError } from '../errors.ts';
import { type Future, futureWatch } from '../futures/future.ts';
import { waitFor } from '../futures/wait-for.ts';
import type { ChunkPlan } from '../manager/chunk-plan.ts';
import type { MapOptions } from '../options/task-options.ts';
import type { ItemOutcome } from '../sending/outcomes.ts';
import { Ring } from '../system/ring.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearInterval, setImmediate, setInterval } from '../system/timers.ts';
import { ChunkSizes, LOOK_EVERY, shouldGiveBack, tasksAhead } from './chunk-sizes.ts';
import type { ResultIterator } from './executor.ts';
import type { Chunk, ChunkSource } from './map-inputs.ts';

/**
 * A future of what `readOutcomes` understands.
 *
 * @param plan There if chunks are sized by their run time.
 */
export type SubmitChunk = (chunk: Chunk, plan: ChunkPlan | undefined) => Future<unknown>;

interface MapSettings {
  readonly chunkSize: number | 'auto';
  readonly timeout?: number | undefined;
  readonly onProgress?: MapOptions['onProgress'] | undefined;
  readonly ordered: boolean;
  readonly settle?: boolean | undefined;
  /** How many chunks may be sent and not yet given out; `undefined`: as many as keep the workers busy. */
  readonly bufferSize: number | undefined;
  /** How many workers run side by side. */
  readonly workers: number;
  /** Of the items of a chunk whose task was done, and which had so many items when it was sent. */
  readOutcomes(result: unknown, sentItems: number): readonly ItemOutcome[];
  /** What is done to the error of an item before it is thrown. */
  finishError(error: unknown): unknown;
}

/** @throws what an input that is read at the call throws, and `submitChunk` while it is read. */
export function mapChunks(
  source: ChunkSource,
  submitChunk: SubmitChunk,
  settings: MapSettings,
): ResultIterator<unknown> {
  const run = new MapRun(source, submitChunk, settings);
  run.begin();
  const results = run.results();
  let latest: Promise<unknown> | undefined;
  return {
    next() {
      const next = results.next();
      latest = next;
      return next;
    },
    return(value) {
      run.stop(); // a generator that was never started would not get to its own clean-up
      return results.return(value as undefined);
    },
    async toArray() {
      const all: unknown[] = [];
      await latest?.catch(() => {}); // earlier calls of next() get their results first
      await run.drainInto(all);
      return all;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

/** A part of the inputs, in its place among the others. */
interface Part {
  /** Kept while some of them may be given back. */
  lists: Chunk | undefined;
  items: number;
  /** How many it was sent with. */
  sentItems: number;
  /** `undefined` while it is not sent. */
  future: Future<unknown> | undefined;
  plan: ChunkPlan | undefined;
  /** How often in a row it was seen running. */
  looks: number;
  /** The part behind it. */
  next: Part | undefined;
}

/** For the rate at which tasks are done, in milliseconds. */
const RATE_OVER = 5;

class MapRun {
  readonly #source: ChunkSource;
  /** Released when all is sent: it holds the executor. */
  #submitChunk: SubmitChunk | undefined;
  readonly #settings: MapSettings;
  /** With `chunkSize: 'auto'`. */
  readonly #sizes: ChunkSizes | undefined;
  readonly #deadline: number;
  /** Ordered only: all parts that are not given out, in their order. */
  #first: Part | undefined;
  #last: Part | undefined;
  /** Unordered only: done and not given out. */
  readonly #ready = new Ring<Part>();
  /** Unordered or sized by run time: sent and not done. */
  readonly #running = new Set<Part>();
  /** Sent and not given out. */
  #outstanding = 0;
  /** Given back by their chunks, to be sent before all others. */
  readonly #returned = new Ring<Part>();
  #returnedItems = 0;
  /** Sized by run time, of an async input: pulled and not sent. */
  #pulled: Chunk = [];
  #pulledCount = 0;
  #isPulling = false;
  #isFilling = false;
  #isFillingSoon = false;
  #sourceEnded = false;
  #isStopped = false;
  /** What ends the iteration after all that was sent before. */
  #failure: { readonly error: unknown; readonly isOfInput: boolean } | undefined;
  #itemsDone = 0;
  #looking: NodeJS.Timeout | undefined;
  #doneLately = 0;
  #latelySince = performance.now();
  #ahead: number;
  /** What is being given out. */
  #outcomes: readonly ItemOutcome[] = [];
  #given = 0;
  #wake = () => {};

  constructor(source: ChunkSource, submitChunk: SubmitChunk, settings: MapSettings) {
    this.#source = source;
    this.#submitChunk = submitChunk;
    this.#settings = settings;
    const { timeout, chunkSize, workers } = settings;
    this.#sizes = chunkSize === 'auto' ? new ChunkSizes(workers) : undefined;
    this.#ahead = tasksAhead(workers, 0, 0);
    this.#deadline = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  }

  // Results come out …

  async *results(): AsyncGenerator<unknown, undefined, undefined> {
    try {
      for (;;) {
        while (this.#given < this.#outcomes.length) yield this.#giveOut();
        if (!(await this.#takeNext())) return undefined;
      }
    } finally {
      this.stop();
    }
  }

  async drainInto(all: unknown[]): Promise<void> {
    try {
      do {
        while (this.#given < this.#outcomes.length) all.push(this.#giveOut());
      } while (await this.#takeNext());
    } finally {
      this.stop();
    }
  }

  /** @throws the error of the item, unless these are results as well. */
  #giveOut(): unknown {
    const [ok, value] = this.#outcomes[this.#given] as ItemOutcome;
    this.#given += 1;
    const { settle, finishError } = this.#settings;
    if (settle === true) {
      return ok ? { status: 'fulfilled', value } : { status: 'rejected', reason: finishError(value) };
    }
    if (!ok) throw finishError(value);
    return value;
  }

  async #takeNext(): Promise<boolean> {
    const outcomes = await this.#take();
    if (outcomes === undefined) return false;
    this.#outcomes = outcomes;
    this.#given = 0;
    return true;
  }

  async #take(): Promise<readonly ItemOutcome[] | undefined> {
    this.fill();
    while (!this.#isStopped) {
      const part = this.#settings.ordered ? this.#first : this.#ready.first();
      if (part?.future?.done()) {
        this.#shift();
        return this.#outcomesOf(part, part.future);
      }
      if (this.#isOver(part)) {
        if (this.#failure !== undefined) throw this.#failure.error;
        break;
      }
      await this.#untilWoken();
    }
    return undefined;
  }

  /** @param next The part whose results come next. */
  #isOver(next: Part | undefined): boolean {
    if (next !== undefined) return next.future === undefined && this.#submitChunk === undefined;
    const isAllSent = this.#sourceEnded && this.#pulled.length === 0 && this.#returned.length === 0;
    return this.#running.size === 0 && (isAllSent || this.#submitChunk === undefined);
  }

  #shift(): void {
    this.#outstanding -= 1;
    if (!this.#settings.ordered) this.#ready.shift();
    else {
      this.#first = this.#first?.next;
      if (this.#first === undefined) this.#last = undefined;
    }
  }

  async #outcomesOf({ items, sentItems }: Part, future: Future<unknown>): Promise<readonly ItemOutcome[]> {
    let result: unknown;
    try {
      result = await future.result();
    } catch (error) {
      if (this.#settings.settle !== true) throw error;
      return Array.from({ length: items }, () => [false, error] as const);
    }
    return this.#settings.readOutcomes(result, sentItems);
  }

  // … as chunks of the inputs go in.

  /** At the call nothing takes results yet: an error is thrown at once, unless it is that of an input that is read later on. */
  begin(): void {
    this.fill();
    if (this.#failure === undefined) return;
    if (this.#failure.isOfInput && this.#source.total === undefined) return;
    this.stop();
    throw this.#failure.error;
  }

  /** Sends as many chunks as there is room for. */
  fill(): void {
    if (this.#isFilling) return; // a task that could not be sent is done at once
    this.#isFilling = true;
    while (!this.#isStopped && this.#submitChunk !== undefined) {
      if (this.#returned.length > 0) {
        if (!this.#hasWorkers()) break;
        this.#sendReturned(this.#returned.shift() as Part);
      } else if (this.#isWorthSending()) this.#send(this.#pulled.splice(0, this.#nextSize()));
      else if (!this.#mayPull()) break;
      else this.#read();
    }
    this.#isFilling = false;
    this.#letGoWhenSent();
  }

  /** To copy the next chunk takes time: the results of the last one are given out first. */
  #fillSoon(): void {
    if (this.#isFillingSoon) return;
    this.#isFillingSoon = true;
    setImmediate(() => {
      this.#isFillingSoon = false;
      this.fill();
      if (this.#running.size === 0) this.#stopLooking();
      this.#wake(); // the inputs may have come to their end
    });
  }

  /** Of an async input nothing waits until a chunk is full while a worker is free. */
  #isWorthSending(): boolean {
    const { length } = this.#pulled;
    if (length === 0 || !this.#hasWorkers()) return false;
    return this.#sourceEnded || this.#running.size < this.#settings.workers || length >= this.#nextSize();
  }

  #mayPull(): boolean {
    if (this.#sourceEnded || this.#isPulling || this.#outstanding >= this.#bufferSize()) return false;
    if (this.#sizes === undefined) return true;
    return this.#source.isAsync ? this.#pulled.length < this.#nextSize() : this.#hasWorkers();
  }

  /** Chunks that are sized by run time do not wait in long queues: those behind are sized by what is known then. */
  #hasWorkers(): boolean {
    return this.#sizes === undefined || this.#running.size < 2 * this.#settings.workers;
  }

  #bufferSize(): number {
    return this.#settings.bufferSize ?? this.#ahead;
  }

  #nextSize(): number {
    const { total } = this.#source;
    const left = total === undefined ? undefined : total - this.#pulledCount + this.#returnedItems;
    return this.#sizes?.next(left) ?? (this.#settings.chunkSize as number);
  }

  #read(): void {
    try {
      const chunk = this.#source.next(this.#sizes && this.#source.isAsync ? 1 : this.#nextSize());
      if (chunk instanceof Promise) void this.#pull(chunk);
      else this.#accept(chunk);
    } catch (error) {
      this.#failInput(error);
    }
  }

  async #pull(pulled: Promise<Chunk | undefined>): Promise<void> {
    this.#isPulling = true;
    try {
      const chunk = await pulled;
      this.#isPulling = false;
      this.#accept(chunk);
    } catch (error) {
      this.#isPulling = false;
      this.#failInput(error);
    }
    this.fill();
    this.#wake();
  }

  #accept(chunk: Chunk | undefined): void {
    if (chunk === undefined)
      this.#endSource(); // inputs longer than the shortest are closed
    else {
      this.#pulledCount += chunk.length;
      if (this.#sizes !== undefined && this.#source.isAsync) this.#pulled.push(...chunk);
      else this.#send(chunk);
    }
  }

  #send(lists: Chunk): void {
    if (this.#isStopped) return;
    const part: Part = {
      lists,
      items: lists.length,
      sentItems: 0,
      future: undefined,
      plan: undefined,
      looks: 0,
      next: undefined,
    };
    if (this.#settings.ordered) {
      if (this.#last === undefined) this.#first = part;
      else this.#last.next = part;
      this.#last = part;
    }
    this.#submit(part);
  }

  /** At the size that chunks have now. */
  #sendReturned(part: Part): void {
    const size = this.#nextSize();
    this.#returnedItems -= part.items;
    if (part.items > size) this.#cut(part, size);
    this.#submit(part);
  }

  #submit(part: Part): void {
    const lists = part.lists as Chunk;
    const sizes = this.#sizes;
    part.plan = sizes && { claimedAtOnce: sizes.claimedAtOnce(part.items) };
    const before = performance.now();
    let future: Future<unknown>;
    try {
      future = (this.#submitChunk as SubmitChunk)(lists, part.plan);
    } catch (error) {
      this.#failSending(error);
      return;
    }
    if (part.items > 1 && future.done() && !future.cancelled()) {
      // It could not be sent: that is the error of one of its items alone.
      this.#cut(part, part.items >> 1);
      this.#putBack(part);
      return;
    }
    part.future = future;
    part.sentItems = part.items;
    this.#outstanding += 1;
    if (sizes === undefined) part.lists = undefined;
    else {
      sizes.noteCopy(part.items, performance.now() - before);
      this.#beginLooking();
    }
    if (sizes !== undefined || !this.#settings.ordered) this.#running.add(part);
    future.addDoneCallback(() => this.#done(part, before));
  }

  /** Returns what `onProgress` returned: the caller handles a promise that rejects. */
  #done(part: Part, sentAt: number): unknown {
    const { items, future, plan } = part;
    part.lists = undefined;
    this.#running.delete(part);
    if (!this.#settings.ordered && !this.#isStopped) this.#ready.push(part);
    if (this.#settings.bufferSize === undefined) this.#noteRate();
    if (plan !== undefined) {
      // A pool that revokes nothing reports no run times either: the round trip counts as well.
      const runTime = plan.runTime ?? (plan.giveBack ? undefined : performance.now() - sentAt);
      if (runTime !== undefined) this.#sizes?.noteRun(items, runTime);
    }
    if (future !== undefined && this.#endsWith(future)) this.#endSource();
    if (plan !== undefined) this.#fillSoon();
    this.#wake();
    if (future?.cancelled()) return undefined;
    this.#itemsDone += items;
    return this.#settings.onProgress?.(this.#itemsDone, this.#source.total);
  }

  /** Nothing is given out behind an error. */
  #endsWith(future: Future<unknown>): boolean {
    return this.#settings.settle !== true && (future.cancelled() || futureWatch.hasFailed(future));
  }

  #noteRate(): void {
    this.#doneLately += 1;
    const time = performance.now() - this.#latelySince;
    if (time < RATE_OVER) return;
    this.#ahead = tasksAhead(this.#settings.workers, this.#doneLately, time);
    this.#doneLately = 0;
    this.#latelySince += time;
  }

  // Chunks whose worker is at a slow item give back what is behind it.

  /** The timer holds what is in scope here for as long as the map runs: no part, as each holds all those behind it. */
  #beginLooking(): void {
    this.#looking ??= inRootContext(() => setInterval(() => this.#look(), LOOK_EVERY).unref());
  }

  #look(): void {
    const isWorkerFree = this.#running.size < this.#settings.workers && this.#returned.length === 0;
    for (const part of this.#running) {
      if (part.items === 1 || part.future?.running() !== true) continue;
      part.looks += 1;
      if (shouldGiveBack(part.looks, isWorkerFree)) this.#revoke(part);
    }
    this.fill();
  }

  #revoke(part: Part): void {
    const kept = part.plan?.giveBack?.();
    part.looks = Number.NEGATIVE_INFINITY; // what a worker has claimed stays with it
    if (kept !== undefined && kept < part.items) this.#cut(part, kept);
  }

  /** The part keeps so many items; the others become a part of their own behind it, which is sent next. */
  #cut(part: Part, kept: number): void {
    const lists = part.lists as Chunk;
    const rest: Part = {
      ...part,
      lists: lists.slice(kept),
      items: part.items - kept,
      future: undefined,
      plan: undefined,
      looks: 0,
    };
    part.lists = lists.slice(0, kept);
    part.items = kept;
    part.next = rest;
    if (this.#last === part) this.#last = rest;
    this.#putBack(rest);
  }

  #putBack(part: Part): void {
    this.#returned.unshift(part);
    this.#returnedItems += part.items;
  }

  // … until it ends.

  stop(): void {
    this.#endSource();
    this.#isStopped = true;
    this.#submitChunk = undefined;
    this.#stopLooking();
    for (let part = this.#first; part !== undefined; part = part.next) part.future?.cancel();
    this.#first = undefined;
    this.#last = undefined;
    for (const { future } of this.#running) future?.cancel();
    this.#running.clear();
    this.#ready.clear();
    this.#returned.clear();
    this.#pulled = [];
    this.#outcomes = [];
    this.#wake(); // the reader that waits gets no result: an input may never answer again
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** What was read before is still given out; then the error comes in its place. */
  #failInput(error: unknown): void {
    this.#endSource();
    this.#failure ??= { error, isOfInput: true };
  }

  /** Nothing more can be sent. */
  #failSending(error: unknown): void {
    this.#submitChunk = undefined;
    this.#endSource();
    this.#failure ??= { error, isOfInput: false };
    this.#wake();
  }

  #endSource(): void {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    this.#source.close();
  }

  #letGoWhenSent(): void {
    if (!this.#sourceEnded || this.#pulled.length > 0 || this.#returned.length > 0) return;
    if (this.#sizes === undefined || this.#running.size === 0) this.#submitChunk = undefined;
  }

  /** @throws TimeoutError at the deadline. */
  async #untilWoken(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#deadline === Number.POSITIVE_INFINITY) return woken;
    try {
      await waitFor(woken, { timeout: Math.max(0, this.#deadline - performance.now()) });
    } catch {
      throw new TimeoutError(`map was not done ${this.#settings.timeout} ms after its call`);
    }
  }
}
