/** Zips the inputs of a `map` into argument lists and cuts these into chunks. Stops at the shortest input. */
import { describe } from '../options/check.ts';
import type { Inputs } from './executor.ts';

export type Chunk = unknown[][];

/** Chunks one after the other; `undefined` at the end. */
export interface ChunkSource {
  next(): Chunk | undefined | Promise<Chunk | undefined>;
  /** Tells the inputs that no more is wanted. */
  close(): void;
  readonly isAsync: boolean;
  /** How many argument lists there will be, if that can be told. */
  readonly total: number | undefined;
}

/** @throws TypeError if one of the inputs is no iterable. */
export function chunksOf(inputs: readonly Inputs<unknown>[], chunkSize: number): ChunkSource {
  const isAsync = inputs.some((input) => !isIterable(input));
  if (isAsync) {
    const iterators = inputs.map(asyncIteratorOf);
    return {
      next: () => nextAsync(iterators, chunkSize),
      close: () => close(iterators),
      isAsync,
      total: undefined,
    };
  }
  const iterators = inputs.map((input) => (input as Iterable<unknown>)[Symbol.iterator]());
  return {
    next: () => nextSync(iterators, chunkSize),
    close: () => close(iterators),
    isAsync,
    total: totalOf(inputs),
  };
}

/** Nobody waits for what an input does at its end, and its failure there is nobody's result. */
function close(iterators: readonly { return?: (() => unknown) | undefined }[]): void {
  for (const iterator of iterators) {
    try {
      Promise.resolve(iterator.return?.()).catch(() => {});
    } catch {}
  }
}

function nextSync(iterators: readonly Iterator<unknown>[], chunkSize: number): Chunk | undefined {
  const chunk: Chunk = [];
  while (chunk.length < chunkSize) {
    const list: unknown[] = [];
    for (const iterator of iterators) {
      const { done, value } = iterator.next();
      if (done) return chunk.length > 0 ? chunk : undefined;
      list.push(value);
    }
    chunk.push(list);
  }
  return chunk;
}

async function nextAsync(
  iterators: readonly AsyncIterator<unknown>[],
  chunkSize: number,
): Promise<Chunk | undefined> {
  const chunk: Chunk = [];
  while (chunk.length < chunkSize) {
    const results = await Promise.all(iterators.map((iterator) => iterator.next()));
    if (results.some(({ done }) => done)) return chunk.length > 0 ? chunk : undefined;
    chunk.push(results.map(({ value }) => value));
  }
  return chunk;
}

function isIterable(input: unknown): input is Iterable<unknown> {
  return input != null && typeof (input as Iterable<unknown>)[Symbol.iterator] === 'function';
}

export function isInputs(input: unknown): input is Inputs<unknown> {
  return (
    isIterable(input) ||
    (input != null && typeof (input as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function')
  );
}

function asyncIteratorOf(input: Inputs<unknown>): AsyncIterator<unknown> {
  if (!isIterable(input)) return input[Symbol.asyncIterator]();
  const iterator = input[Symbol.iterator]();
  return {
    next: async () => iterator.next(),
    return: async (value) => iterator.return?.(value) ?? { done: true, value },
  };
}

function totalOf(inputs: readonly Inputs<unknown>[]): number | undefined {
  const lengths = inputs.map((input) => {
    const { length, size } = input as { length?: unknown; size?: unknown };
    return typeof length === 'number' ? length : size;
  });
  return lengths.every((length) => typeof length === 'number')
    ? Math.min(...(lengths as number[]))
    : undefined;
}

/** @throws TypeError */
export function expectInputs(inputs: readonly unknown[]): asserts inputs is readonly Inputs<unknown>[] {
  if (inputs.length === 0) throw new TypeError('map expects a function and at least one input to run it on');
  for (const [index, input] of inputs.entries()) {
    if (!isInputs(input))
      throw new TypeError(`input ${index} of map must be iterable or async iterable, got ${describe(input)}`);
  }
}
