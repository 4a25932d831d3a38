/** map on real workers: inputs in, results out, as an async iterator. */
import { describe, expect, test } from '@jest/globals';
import type { MapOptions } from 'loky';
import {
  pidOfWorker,
  poolOfAllTests,
  poolsOfEachTest,
  rejectionOf,
  runForEver,
  sleepFor,
  square,
} from './pools.ts';

describe('map', () => {
  const pool = poolOfAllTests();
  const newPool = poolsOfEachTest();
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const squares = numbers.map((x) => x * x);

  test('gives the results in the order of the inputs', async () => {
    expect(await pool.map(square, numbers).toArray()).toEqual(squares);
  });

  test.each([1, 2, 6, 40, 50, Number.POSITIVE_INFINITY])(
    'gives the same with chunkSize %p',
    async (chunkSize) => {
      expect(await pool.map(square, numbers, { chunkSize }).toArray()).toEqual(squares);
    },
  );

  test('runs a chunk as one task, in one worker', async () => {
    const pids = await pool
      .map(pidOfWorker as (x: number) => number, [1, 2, 3, 4], { chunkSize: 4 })
      .toArray();
    expect(new Set(pids).size).toBe(1);
  });

  test('zips several inputs and stops at the shortest', async () => {
    const join = (a: string, b: number, c: string) => a + b + c;
    expect(await pool.map(join, ['a', 'b', 'c'], [1, 2], 'xyz').toArray()).toEqual(['a1x', 'b2y']);
    expect(await pool.map(join, ['a', 'b', 'c'], [1, 2], 'xyz', { chunkSize: 5 }).toArray()).toEqual([
      'a1x',
      'b2y',
    ]);
  });

  test('of no inputs gives no results', async () => {
    expect(await pool.map(square, []).toArray()).toEqual([]);
    expect(await pool.map((a: number, b: number) => a + b, [1, 2], []).toArray()).toEqual([]);
  });

  test('takes generators, sets and async generators', async () => {
    function* generator() {
      yield* [1, 2, 3];
    }
    async function* asyncGenerator() {
      yield* [1, 2, 3];
    }
    expect(await pool.map(square, generator()).toArray()).toEqual([1, 4, 9]);
    expect(await pool.map(square, new Set([4, 5])).toArray()).toEqual([16, 25]);
    expect(await pool.map(square, asyncGenerator(), { chunkSize: 2 }).toArray()).toEqual([1, 4, 9]);
    const multiply = (a: number, b: number) => a * b;
    expect(await pool.map(multiply, asyncGenerator(), [10, 20]).toArray()).toEqual([10, 40]);
  });

  test('awaits async functions, in chunks too, one item after the other', async () => {
    expect(await pool.map(sleepFor, [3, 1, 2], { chunkSize: 3 }).toArray()).toEqual([3, 1, 2]);
  });

  test('can be iterated with for await, step by step and with toArray for the rest', async () => {
    const seen: number[] = [];
    for await (const result of pool.map(square, [1, 2])) seen.push(result);
    const results = pool.map(square, [1, 2, 3, 4]);
    seen.push((await results.next()).value as number);
    seen.push(...(await results.toArray()));
    expect(seen).toEqual([1, 4, 1, 4, 9, 16]);
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  test('unordered gives results as they are ready', async () => {
    const wide = newPool({ maxWorkers: 2 });
    await wide.prewarm();
    expect(await wide.map(sleepFor, [300, 1], { ordered: false }).toArray()).toEqual([1, 300]);
    expect(await wide.map(sleepFor, [100, 1], { ordered: true }).toArray()).toEqual([100, 1]);
  });

  test('gives results before all are there', async () => {
    const results = pool.map(sleepFor, [1, 60_000]);
    expect(await results.next()).toEqual({ value: 1, done: false });
    await newPool().shutdown(); // an unrelated one
    const view = results.return();
    expect(await view).toMatchObject({ done: true });
  });

  describe('an error', () => {
    const failAt = (x: number) => {
      if (x === 3) throw new RangeError('three');
      return x;
    };

    test.each<MapOptions>([{}, { chunkSize: 2 }, { chunkSize: 3 }, { chunkSize: 10 }])(
      'comes in its place, after all results before it, with %p',
      async (options) => {
        const results = pool.map(failAt, [1, 2, 3, 4], options);
        expect([await results.next(), await results.next()].map(({ value }) => value)).toEqual([1, 2]);
        expect(await rejectionOf(results.next())).toMatchObject({ name: 'RangeError', message: 'three' });
        expect(await results.next()).toEqual({ value: undefined, done: true });
      },
    );

    test('of one item does not keep the rest of its chunk from running', async () => {
      const single = newPool();
      const note = (x: number) => {
        const shared = globalThis as { ran?: number[] };
        shared.ran = [...(shared.ran ?? []), x];
        if (x === 1) throw new Error('one');
        return x;
      };
      await rejectionOf(single.map(note, [1, 2, 3], { chunkSize: 3 }).toArray());
      expect(await single.submit(() => (globalThis as { ran?: number[] }).ran)).toEqual([1, 2, 3]);
    });

    test('of an async function comes in its place too', async () => {
      const failLater = async (x: number) => {
        await null;
        if (x === 2) throw new Error('two');
        return x;
      };
      const results = pool.map(failLater, [1, 2, 3], { chunkSize: 3 });
      expect((await results.next()).value).toBe(1);
      expect(await rejectionOf(results.next())).toMatchObject({ message: 'two' });
    });

    test('cancels what has not started', async () => {
      const single = newPool();
      const results = single.map(failAt, [3, ...Array(50).fill(1)]);
      await rejectionOf(results.next());
      expect(single.stats().pending).toBe(0);
    });

    test.each([1, 3])(
      'of a result that cannot be sent leaves the results before it (chunkSize %p)',
      async (chunkSize) => {
        const giveFunction = (x: number) => (x === 2 ? process.stdout : x);
        const results = pool.map(giveFunction as (x: number) => number, [1, 2, 3], { chunkSize });
        expect((await results.next()).value).toBe(1);
        expect(await rejectionOf(results.next())).toMatchObject({ code: 'ERR_SERIALIZATION' });
      },
    );
  });

  test('gives the message and name of an error that cannot be sent, in chunks too', async () => {
    const fail = (x: number) => {
      if (x === 2) throw Object.assign(new RangeError('out of paper'), { printer: process.stdout });
      return x;
    };
    const results = pool.map(fail, [1, 2, 3], { chunkSize: 3 });
    expect((await results.next()).value).toBe(1);
    expect(await rejectionOf(results.next())).toMatchObject({ name: 'RangeError', message: 'out of paper' });
  });

  describe('the deadline', () => {
    test('gives what is ready, then TimeoutError, and cancels what has not started', async () => {
      const single = newPool();
      await single.prewarm();
      const results = single.map(sleepFor, [0, 0, 60_000, 0], { timeout: 2_000 });
      expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 0]);
      expect(await rejectionOf(results.next())).toMatchObject({
        name: 'TimeoutError',
        message: expect.stringContaining('2000 ms'),
      });
      expect(single.stats()).toMatchObject({ pending: 0, running: 1 });
      expect(await results.next()).toMatchObject({ done: true });
    });

    test('counts from the call, not from the first look', async () => {
      const results = newPool().map(sleepFor, [60_000], { timeout: 300 });
      await sleepFor(310);
      const patience = sleepFor(200);
      const first = Promise.race([rejectionOf(results.next()), patience]);
      expect(await first).toMatchObject({ name: 'TimeoutError' });
      await patience; // leaves no timer to the next test, which counts them
    });

    test('that is not reached changes nothing and leaves no timer', async () => {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
      const before = timers();
      expect(await pool.map(square, [1, 2], { timeout: 60_000 }).toArray()).toEqual([1, 4]);
      expect(timers()).toBe(before);
    });
  });

  describe('leaving early', () => {
    test('cancels what has not started', async () => {
      const single = newPool();
      for await (const _ of single.map(square, numbers)) break;
      expect(single.stats().pending).toBe(0);
      expect(await single.submit(square, 9)).toBe(81);
    });

    test('cancels also when no result was ever asked for', async () => {
      const single = newPool();
      await single.map(square, numbers).return();
      expect(single.stats().pending).toBe(0);
    });

    test('does not end what runs', async () => {
      const single = newPool();
      await single.prewarm();
      const results = single.map(sleepFor, [30, 30]);
      await results.return();
      expect(single.stats()).toMatchObject({ running: 1, pending: 0 });
    });
  });

  describe('onProgress', () => {
    test('is told how many are done, of how many if that is known', async () => {
      const calls: [number, number | undefined][] = [];
      const onProgress = (done: number, total: number | undefined) => calls.push([done, total]);
      await pool.map(square, [1, 2, 3], { onProgress: (...call) => void onProgress(...call) }).toArray();
      expect(calls).toEqual([
        [1, 3],
        [2, 3],
        [3, 3],
      ]);
    });

    test('counts whole chunks, and does not know the length of a generator', async () => {
      const calls: [number, number | undefined][] = [];
      function* generator() {
        yield* [1, 2, 3];
      }
      const onProgress: NonNullable<MapOptions['onProgress']> = (...call) => void calls.push(call);
      await pool.map(square, generator(), { chunkSize: 2, onProgress }).toArray();
      expect(calls.at(-1)).toEqual([3, undefined]);
    });
  });

  test('after shutdown is refused at the call', async () => {
    const single = newPool();
    await single.shutdown();
    expect(() => single.map(square, [1])).toThrow('cannot schedule new futures after shutdown');
  });

  test('followed by shutdown at once gives all its results', async () => {
    const single = newPool({ maxWorkers: 2 });
    const results = single.map(square, numbers);
    const shutdown = single.shutdown();
    expect(await results.toArray()).toEqual(squares);
    await shutdown;
  });

  test('throws QueueFullError when its inputs are more than maxPending, and cancels those it had sent', () => {
    const single = newPool({ maxPending: 3 });
    expect(() => single.map(runForEver as (x: number) => Promise<never>, numbers)).toThrow('maxPending is 3');
    expect(single.stats().pending).toBe(0);
  });

  test('fits into maxPending with a bufferSize', async () => {
    const single = newPool({ maxPending: 3 });
    expect(await single.map(square, numbers, { bufferSize: 3 }).toArray()).toEqual(squares);
  });
});
