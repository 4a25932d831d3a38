/** Zips the inputs of a `map` into argument lists and cuts these into chunks. Stops at the shortest input. */
import { describe } from '../system/check.ts';
import type { Inputs } from './executor.ts';

export type Chunk = unknown[][];

/** Chunks one after the other; `undefined` at the end. */
export interface ChunkSource {
  /** @param size How many argument lists it should have; the last one may have fewer. */
  next(size: number): Chunk | undefined | Promise<Chunk | undefined>;
  /** Ends the iteration of the inputs. */
  close(): void;
  readonly isAsync: boolean;
  /** How many argument lists there will be, if that is known: all of them are there already then. */
  readonly total: number | undefined;
}

/** @throws TypeError if one of the inputs is no iterable. */
export function chunksOf(inputs: readonly Inputs<unknown>[]): ChunkSource {
  const isAsync = inputs.some((input) => !isIterable(input));
  if (isAsync) {
    const iterators = inputs.map(asyncIteratorOf);
    const open = new Set(iterators);
    return {
      next: asyncChunks(iterators, open),
      close: () => close(open),
      isAsync,
      total: undefined,
    };
  }
  const iterators = inputs.map((input) => (input as Iterable<unknown>)[Symbol.iterator]());
  const open = new Set(iterators);
  return {
    next: syncChunks(iterators, open),
    close: () => close(open),
    isAsync,
    total: totalOf(inputs),
  };
}

/** What an input does at its end is not awaited, and its failure there is dropped. */
function close(iterators: Iterable<{ return?: (() => unknown) | undefined }>): void {
  for (const iterator of iterators) {
    try {
      Promise.resolve(iterator.return?.()).catch(() => {});
    } catch {}
  }
}

/** How the inputs ended, maybe in the middle of a chunk: what they gave before goes first. */
interface Ending {
  readonly failure?: { readonly error: unknown };
}

/** @param open Those of the iterators that have not come to their end: the others need not be closed. */
function syncChunks(
  iterators: readonly Iterator<unknown>[],
  open: Set<Iterator<unknown>>,
): (size: number) => Chunk | undefined {
  let ending: Ending | undefined;
  return (size) => {
    const chunk: Chunk = [];
    while (ending === undefined && chunk.length < size) {
      try {
        const list = nextSync(iterators, open);
        if (list === undefined) ending = {};
        else chunk.push(list);
      } catch (error) {
        ending = { failure: { error } };
      }
    }
    return orEnding(chunk, ending);
  };
}

function asyncChunks(
  iterators: readonly AsyncIterator<unknown>[],
  open: Set<AsyncIterator<unknown>>,
): (size: number) => Promise<Chunk | undefined> {
  let ending: Ending | undefined;
  return async (size) => {
    const chunk: Chunk = [];
    while (ending === undefined && chunk.length < size) {
      try {
        const list = await nextAsync(iterators, open);
        if (list === undefined) ending = {};
        else chunk.push(list);
      } catch (error) {
        ending = { failure: { error } };
      }
    }
    return orEnding(chunk, ending);
  };
}

function orEnding(chunk: Chunk, ending: Ending | undefined): Chunk | undefined {
  if (chunk.length > 0) return chunk;
  if (ending?.failure !== undefined) throw ending.failure.error;
  return undefined;
}

/** One of each; `undefined` as soon as one has no more: those behind it are not asked. */
function nextSync(
  iterators: readonly Iterator<unknown>[],
  open: Set<Iterator<unknown>>,
): unknown[] | undefined {
  const list: unknown[] = [];
  for (const iterator of iterators) {
    open.delete(iterator); // also if it throws
    const { done, value } = assertResult(iterator.next());
    if (done) return undefined;
    open.add(iterator);
    list.push(value);
  }
  return list;
}

/** The same, but all are asked at once: each may take its time. What those behind the end answer is dropped. */
async function nextAsync(
  iterators: readonly AsyncIterator<unknown>[],
  open: Set<AsyncIterator<unknown>>,
): Promise<unknown[] | undefined> {
  const answers = iterators.map(async (iterator) => iterator.next());
  for (const answer of answers) answer.catch(() => {});
  const list: unknown[] = [];
  for (const [index, answer] of answers.entries()) {
    const result = assertResult(await answer);
    if (result.done) {
      open.delete(iterators[index] as AsyncIterator<unknown>);
      return undefined;
    }
    list.push(result.value);
  }
  return list;
}

/** As `for...of` does. An iterator that returns 5 in place of a result would otherwise be asked forever. */
function assertResult<R extends IteratorResult<unknown>>(result: R): R {
  if (Object(result) === result) return result;
  throw new TypeError(`next() of an input of map must give an object, got ${describe(result)}`);
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
    if (typeof input === 'string') return [...input].length; // its characters, as it is iterated
    const { length, size } = input as { length?: unknown; size?: unknown };
    return typeof length === 'number' ? length : size;
  });
  return lengths.every((length) => typeof length === 'number')
    ? Math.min(...(lengths as number[]))
    : undefined;
}

/** @throws TypeError */
export function assertInputs(inputs: readonly unknown[]): asserts inputs is readonly Inputs<unknown>[] {
  if (inputs.length === 0) throw new TypeError('map expects a function and at least one input to run it on');
  for (const [index, input] of inputs.entries()) {
    if (!isInputs(input))
      throw new TypeError(`input ${index} of map must be iterable or async iterable, got ${describe(input)}`);
  }
}
