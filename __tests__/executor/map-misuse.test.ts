/** Code that `map` is given and that keeps to no contract: it fails the map, or is told, and stops nothing else. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { poolOfAllTests, square } from './pools.ts';

describe('map', () => {
  const executor = poolOfAllTests({ maxWorkers: 1 });

  /** Gives no objects, and gives up if it is asked again and again. */
  const iterator = (result: unknown) => {
    let asked = 0;
    return {
      next() {
        asked += 1;
        if (asked > 100) throw new Error('asked again and again');
        return result as IteratorResult<number>;
      },
    };
  };

  test.each([5, 'text', undefined, null])(
    'fails at a sync input whose next() gives %p, as for...of does',
    async (result) => {
      const input = { [Symbol.iterator]: () => iterator(result) };
      await expect(executor.map(square, input).toArray()).rejects.toThrow(
        new TypeError(`next() of an input of map must give an object, got ${describeResult(result)}`),
      );
    },
  );

  test.each([5, 'text', undefined, null])('fails at an async input whose next() gives %p', async (result) => {
    const input = { [Symbol.asyncIterator]: () => iterator(result) };
    await expect(
      executor.map(square, input as unknown as AsyncIterable<number>).toArray(),
    ).rejects.toMatchObject({ name: 'TypeError', message: expect.stringContaining('must give an object') });
  });

  test('takes a function for a result', async () => {
    const done = Object.assign(() => {}, { done: true, value: undefined });
    const input = { [Symbol.iterator]: () => iterator(done) };
    expect(await executor.map(square, input).toArray()).toEqual([]);
  });

  describe('with an onProgress', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    afterEach(() => {
      warn.mockReset();
    });

    test('that is async and rejects tells that in a warning', async () => {
      const onProgress = async (): Promise<void> => {
        throw new Error('in onProgress');
      };
      expect(await executor.map(square, [1, 2], { onProgress }).toArray()).toEqual([1, 4]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(warn.mock.calls.map(([message]) => message)).toEqual(
        Array(2).fill(expect.stringContaining('in onProgress')),
      );
    });
  });
});

function describeResult(result: unknown): string {
  return result === 5 ? '5 (number)' : result === 'text' ? '"text"' : String(result);
}
