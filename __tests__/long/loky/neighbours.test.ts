/** What loky checks of workers that kill each other, of callbacks that throw, and of inputs that fail. */
import { describe, expect, jest, test } from '@jest/globals';
import { getReusableExecutor } from 'loky';
import { rejectionOf, square } from '../../executor/pools.ts';
import { isRunning } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool } = checkedPools({ reusable: true });

describe.each([1, 2, 5, 13])('%d workers', (count) => {
  test('that each kill another one, the last first, break the pool and leave nobody waiting', async () => {
    const executor = getReusableExecutor({ maxWorkers: count, idleTimeout: null, stdio: 'ignore' });
    await executor.prewarm();
    const pids = executor.stats().workers.map(({ pid }) => pid as number);
    expect(new Set(pids).size).toBe(count);
    const all = executor.map(
      (wanted: readonly number[]) => wanted.every((pid) => process.kill(pid, 0)),
      Array(2 * count).fill(pids),
    );
    expect(await all.toArray()).toEqual(Array(2 * count).fill(true));
    const futures = [...pids]
      .reverse()
      .map((pid) => executor.submit((each: number) => process.kill(each, 'SIGKILL'), pid));
    const outcomes = await Promise.allSettled(futures);
    const errors = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    for (const error of errors) expect(error).toMatchObject({ signal: 'SIGKILL' });
    expect(errors.length).toBeGreaterThan(0);
    expect(() => executor.submit(square, 3)).toThrow(errors[0]);
    const replacement = getReusableExecutor({ maxWorkers: count, idleTimeout: null });
    expect(await replacement.submit(square, 3)).toBe(9);
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

test.each([
  ['an Error', new Error('in a callback')],
  ['what is no Error', 'in a callback'],
])('a callback that throws %s costs neither its future nor the next task', async (_, thrown) => {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  // The warning is looked at in futures/done-callbacks; here it would only be noise.
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const future = executor.submit(square, 3);
  future.addDoneCallback(() => {
    throw thrown;
  });
  expect(await future).toBe(9);
  expect(await executor.submit(square, 4)).toBe(16);
  emitWarning.mockRestore();
});

describe('an input that throws after some items', () => {
  class SayWhenError extends Error {}
  function* failingAfter(items: number): Generator<number> {
    for (let n = 0; n < items; n += 1) yield n;
    throw new SayWhenError('when');
  }
  async function* failingLater(items: number): AsyncGenerator<number> {
    yield* failingAfter(items);
  }

  test.each([
    [3, 1],
    [7, 2],
    [7, 4],
  ])(
    'fails the map with its error (%d items, chunkSize %d), and the pool works on',
    async (items, chunkSize) => {
      const executor = newPool({ maxWorkers: 2 });
      for (const inputs of [failingAfter(items), failingLater(items)]) {
        const results = executor.map(square, inputs, { chunkSize });
        expect(await rejectionOf(results.toArray())).toBeInstanceOf(SayWhenError);
      }
      expect(await executor.map(square, [1, 2, 3]).toArray()).toEqual([1, 4, 9]);
    },
  );
});
