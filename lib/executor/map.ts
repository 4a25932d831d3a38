/**
 * `map`: chunks of inputs go in as tasks, results come out as an async iterator. It knows futures and nothing of
 * how tasks run.
 */
import { TimeoutError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import { waitFor } from '../futures/wait-for.ts';
import type { MapOptions } from '../options/task-options.ts';
import type { ItemOutcome } from '../sending/index.ts';
import { Ring } from '../system/ring.ts';
import type { ResultIterator } from './executor.ts';
import type { Chunk, ChunkSource } from './map-inputs.ts';

/** A future of what `readOutcomes` understands. */
export type SubmitChunk = (chunk: Chunk) => Future<unknown>;

interface MapSettings {
  readonly timeout?: number | undefined;
  readonly onProgress?: MapOptions['onProgress'] | undefined;
  readonly ordered: boolean;
  /** How many chunks may be sent and not yet given out. */
  readonly bufferSize: number;
  /** Of all items of a chunk whose task was done. */
  readOutcomes(result: unknown): readonly ItemOutcome[];
  /** What is done to the error of an item before it is thrown. */
  finishError(error: unknown): unknown;
}

/** @throws what a sync input or `submitChunk` throws while it is consumed at the call. */
export function mapChunks(
  source: ChunkSource,
  submitChunk: SubmitChunk,
  settings: MapSettings,
): ResultIterator<unknown> {
  const run = new MapRun(source, submitChunk, settings);
  run.begin();
  const results = run.results();
  return {
    next: () => results.next(),
    return(value) {
      run.stop(); // a generator that was never started would not get to its own clean-up
      return results.return(value as undefined);
    },
    async toArray() {
      const all: unknown[] = [];
      for await (const result of results) all.push(result);
      return all;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

class MapRun {
  readonly #source: ChunkSource;
  /** Let go when all is sent: it holds the executor. */
  #submitChunk: SubmitChunk | undefined;
  readonly #settings: MapSettings;
  readonly #deadline: number;
  /** Sent and not yet given out, in the order in which they are given out. */
  readonly #next = new Ring<Future<unknown>>();
  /** Unordered only: sent and not yet done. */
  readonly #unfinished = new Set<Future<unknown>>();
  #isPulling = false;
  #sourceEnded = false;
  #isStopped = false;
  #sourceError: { readonly error: unknown } | undefined;
  #itemsDone = 0;
  #wake = () => {};

  constructor(source: ChunkSource, submitChunk: SubmitChunk, settings: MapSettings) {
    this.#source = source;
    this.#submitChunk = submitChunk;
    this.#settings = settings;
    const { timeout } = settings;
    this.#deadline = timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  }

  async *results(): AsyncGenerator<unknown, undefined, undefined> {
    try {
      for (;;) {
        const outcomes = await this.#take();
        if (outcomes === undefined) return undefined;
        for (const [ok, value] of outcomes) {
          if (!ok) throw this.#settings.finishError(value);
          yield value;
        }
      }
    } finally {
      this.stop();
    }
  }

  /** Sends as many chunks as there is room for. */
  fill(): void {
    while (
      !this.#sourceEnded &&
      !this.#isPulling &&
      this.#next.length + this.#unfinished.size < this.#settings.bufferSize
    ) {
      try {
        const chunk = this.#source.next();
        if (chunk instanceof Promise) void this.#pull(chunk);
        else this.#send(chunk);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  stop(): void {
    this.#endSource();
    this.#isStopped = true;
    for (let future = this.#next.shift(); future !== undefined; future = this.#next.shift()) future.cancel();
    for (const future of this.#unfinished) future.cancel();
    this.#unfinished.clear();
    this.#wake(); // whoever waits for a result gets none: an input may never answer again
  }

  async #pull(pulled: Promise<Chunk | undefined>): Promise<void> {
    this.#isPulling = true;
    try {
      this.#send(await pulled);
      this.#isPulling = false;
      this.fill();
    } catch (error) {
      this.#fail(error);
    }
    this.#wake();
  }

  /** What was sent before is still given out; then the error comes in its place. */
  #fail(error: unknown): void {
    this.#endSource();
    this.#sourceError = { error };
  }

  #endSource(): void {
    if (this.#sourceEnded) return;
    this.#sourceEnded = true;
    this.#submitChunk = undefined;
    this.#source.close();
  }

  /** At the call there is nobody yet who would take results: an error is thrown at once. */
  begin(): void {
    this.fill();
    if (this.#sourceError === undefined) return;
    this.stop();
    throw this.#sourceError.error;
  }

  #send(chunk: Chunk | undefined): void {
    if (chunk === undefined) this.#endSource(); // longer inputs than the shortest are told
    const future = chunk && this.#submitChunk?.(chunk);
    if (chunk === undefined || future === undefined) return;
    if (this.#settings.ordered) this.#next.push(future);
    else this.#unfinished.add(future);
    future.addDoneCallback(() => this.#done(future, chunk.length));
  }

  /** Returns what `onProgress` did: whoever called this looks after a promise that rejects. */
  #done(future: Future<unknown>, items: number): unknown {
    if (this.#unfinished.delete(future)) this.#next.push(future);
    this.#wake();
    if (future.cancelled()) return undefined;
    this.#itemsDone += items;
    return this.#settings.onProgress?.(this.#itemsDone, this.#source.total);
  }

  async #take(): Promise<readonly ItemOutcome[] | undefined> {
    this.fill();
    while (!this.#isStopped) {
      const future = this.#next.first();
      if (future?.done()) {
        this.#next.shift();
        return this.#settings.readOutcomes(await future.result());
      }
      if (future === undefined && this.#unfinished.size === 0 && this.#sourceEnded) {
        if (this.#sourceError !== undefined) throw this.#sourceError.error;
        break;
      }
      await this.#untilWoken();
    }
    return undefined;
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
