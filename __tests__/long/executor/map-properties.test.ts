/**
 * map against Array.prototype.map: whatever the inputs, the chunks, the buffer, the order, the item that fails and the
 * place where the loop is left. A failing case is printed with its seed, with which fast-check runs it again.
 */
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MapOptions, ResultIterator } from 'loky';
import { poolOfAllTests } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

type Kind = 'array' | 'set' | 'generator' | 'async generator' | 'endless';
const kinds = fc.constantFrom<Kind>('array', 'set', 'generator', 'async generator', 'endless');

interface Input {
  readonly kind: Kind;
  readonly length: number;
  /** Before which item it throws; only generators do. */
  readonly throwsAt: number | undefined;
}

interface Plan {
  readonly inputs: readonly Input[];
  readonly options: MapOptions;
  /** The index of an item whose task fails, in this way. */
  readonly failsAt: number | undefined;
  readonly isAsync: boolean;
  /** After how many results the loop is left. */
  readonly leavesAfter: number | undefined;
}

/** There in about one of `rarity` cases. */
const optional = <T>(arbitrary: fc.Arbitrary<T>, rarity: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: rarity - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const input = fc.record<Input>({ kind: kinds, length: fc.nat(14), throwsAt: optional(fc.nat(14), 4) });
const plans = fc.record<Plan>({
  inputs: fc
    .array(input, { minLength: 1, maxLength: 3 })
    .filter((inputs) => inputs.some(({ kind }) => kind !== 'endless')),
  options: fc
    .record({
      chunkSize: optional(fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant('auto' as const)), 2),
      bufferSize: optional(fc.integer({ min: 1, max: 5 }), 2),
      ordered: fc.boolean(),
    })
    .map(({ chunkSize, bufferSize, ordered }) => ({
      ordered,
      ...(chunkSize === undefined ? {} : { chunkSize }),
      ...(bufferSize === undefined ? {} : { bufferSize }),
    })),
  failsAt: optional(fc.nat(14), 4),
  isAsync: fc.boolean(),
  leavesAfter: optional(fc.nat(8), 4),
});

class InputError extends Error {}

/** How many of the generators that have begun have not come to their end. */
let open = 0;
beforeEach(() => {
  open = 0;
});

function* numbersOf({ length, throwsAt }: Input, first: number): Generator<number> {
  open += 1;
  try {
    for (let n = 0; n <= length; n += 1) {
      if (n === throwsAt) throw new InputError('the input');
      if (n < length) yield first + n;
    }
  } finally {
    open -= 1;
  }
}

async function* laterNumbersOf(it: Input, first: number): AsyncGenerator<number> {
  for (const n of numbersOf(it, first)) {
    if (n % 3 === 0) await null;
    yield n;
  }
}

function make(it: Input, place: number): Iterable<number> | AsyncIterable<number> {
  const first = place * 100;
  const plain = { ...it, throwsAt: undefined };
  switch (it.kind) {
    case 'array':
      return [...numbersOf(plain, first)];
    case 'set':
      return new Set(numbersOf(plain, first));
    case 'generator':
      return numbersOf(it, first);
    case 'endless':
      return numbersOf({ ...plain, length: Number.POSITIVE_INFINITY }, first);
    case 'async generator':
      return laterNumbersOf(it, first);
  }
}

interface Model {
  /** What an ordered map gives before it ends. */
  readonly results: readonly number[];
  /** The class of the error that ends it. */
  readonly error: 'InputError' | 'RangeError' | undefined;
}

function modelOf({ inputs, failsAt }: Plan): Model {
  const lists = inputs.map((each, place) => {
    const length = each.kind === 'endless' ? 20 : each.length;
    const all: (number | 'throws')[] = Array.from({ length }, (_, n) => place * 100 + n);
    const throwsAt = /generator/.test(each.kind) ? (each.throwsAt ?? length + 1) : length + 1;
    return throwsAt <= length ? all.slice(0, throwsAt).concat('throws') : all;
  });
  const results: number[] = [];
  let error: Model['error'];
  for (let index = 0; ; index += 1) {
    // As zip does: one after the other, and the first one that has no more ends it.
    const items = lists.map((list) => list[index]);
    const end = items.findIndex((item) => typeof item !== 'number');
    if (end >= 0) {
      if (items[end] === 'throws') error = 'InputError';
      break;
    }
    results.push((items as number[]).reduce((a, b) => a + b));
  }
  if (failsAt === undefined || failsAt >= results.length) return { results, error };
  return { results: results.slice(0, failsAt), error: 'RangeError' };
}

interface Seen {
  readonly results: number[];
  readonly error: string | undefined;
}

/** Takes results one by one, up to `leavesAfter`. */
async function take(iterator: ResultIterator<number>, leavesAfter = Number.POSITIVE_INFINITY): Promise<Seen> {
  const results: number[] = [];
  try {
    while (results.length < leavesAfter) {
      const { done, value } = await iterator.next();
      if (done === true) return { results, error: undefined };
      results.push(value);
    }
    expect(await iterator.return('left')).toEqual({ done: true, value: 'left' });
    return { results, error: undefined };
  } catch (error) {
    return { results, error: (error as Error).constructor.name };
  } finally {
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  }
}

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('map', () => {
  const pool = poolOfAllTests({ maxWorkers: 2 });

  test('gives what Array.prototype.map gives, and leaves no task and no input open', async () => {
    const property = fc.asyncProperty(plans, async (plan) => {
      const { inputs, options, failsAt, isAsync, leavesAfter } = plan;
      const model = modelOf(plan);
      const fn = (...numbers: number[]): number | Promise<number> => {
        const [n = 0] = numbers;
        if (n === failsAt) throw new RangeError(`item ${n}`);
        const sum = numbers.reduce((a, b) => a + b);
        return isAsync ? new Promise((resolve) => setTimeout(resolve, n % 3, sum)) : sum;
      };
      const call = (): ResultIterator<number> =>
        pool.map(fn, ...([...inputs.map(make), options] as unknown as [number[]]));
      const { results, error } = await take(call(), leavesAfter);
      if (options.ordered === true) {
        expect(results).toEqual(model.results.slice(0, leavesAfter));
        const isLeft = leavesAfter !== undefined && leavesAfter <= model.results.length;
        expect(error).toBe(isLeft ? undefined : model.error);
      } else if (error === 'RangeError') {
        expect(model.error).toBe('RangeError');
      } else if (leavesAfter !== undefined && results.length === leavesAfter) {
        expect(new Set(results).size).toBe(leavesAfter);
      } else {
        expect(error).toBe(model.error);
        expect(ascending(results)).toEqual(ascending(model.results));
      }
      await waitUntil(
        () => open === 0,
        20_000,
        () => `all inputs to be told, but ${open} are open`,
      );
      const unfinished = (): number => pool.stats().pending + pool.stats().running;
      await waitUntil(
        () => unfinished() === 0,
        20_000,
        () => 'no task to be left',
      );
    });
    await fc.assert(property, { numRuns: 400 });
  }, 60_000);

  test('that is left while it waits for its input lets nobody wait', async () => {
    const never = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    } as AsyncIterable<number>;
    const results = pool.map((n: number) => n, never);
    const next = results.next();
    expect(await results.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('ends with the first input that has no more, whatever those behind it do then', async () => {
    async function* two(): AsyncGenerator<number> {
      yield 1;
      yield 2;
    }
    async function* andThenNever(): AsyncGenerator<number> {
      yield 10;
      yield 20;
      await new Promise(() => {});
    }
    async function* andThenAnError(): AsyncGenerator<number> {
      yield 10;
      yield 20;
      throw new InputError('nobody wanted a third one');
    }
    const sum = (a: number, b: number): number => a + b;
    for (const second of [andThenNever, andThenAnError]) {
      expect(await pool.map(sum, two(), second()).toArray()).toEqual([11, 22]);
    }
  });

  test.each([1, 2, 3, 4])(
    'gives all results before the error of an input (chunkSize %d)',
    async (chunkSize) => {
      async function* failing(): AsyncGenerator<number> {
        yield* [1, 2, 3];
        throw new InputError('after three');
      }
      expect(await take(pool.map((n: number) => n, failing(), { chunkSize }))).toEqual({
        results: [1, 2, 3],
        error: 'InputError',
      });
    },
  );
});
