/** What loky checks of workers that leave for their idleness in the wrong moment. None of it warns here. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { getReusableExecutor } from 'loky';
import { square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool } = checkedPools({ reusable: true });
const keep = <T>(value: T): T => value;

/** Keeps the host busy while it is encoded, as a large argument does. */
class SlowToEncode {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  [Symbol.for('loky.reduce')](): unknown[] {
    const end = performance.now() + this.ms;
    while (performance.now() < end);
    return [Number, this.ms];
  }
}

let warn: jest.SpiedFunction<typeof process.emitWarning>;
beforeEach(() => {
  warn = jest.spyOn(process, 'emitWarning');
});
afterEach(() => {
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test('workers that leave after a millisecond lose no result of five maps', async () => {
  const executor = newPool({ maxWorkers: 4, idleTimeout: 1 });
  for (let round = 0; round < 5; round += 1) {
    expect(await executor.map(square, Array(8).keys()).toArray()).toEqual([0, 1, 4, 9, 16, 25, 36, 49]);
  }
});

describe('arguments that take long to encode', () => {
  test.each([
    [10, 20],
    [10, 100],
    [100, 100],
    [1, 100],
  ])('reach workers that leave after %d ms, though each takes %d ms', async (idleTimeout, ms) => {
    const executor = getReusableExecutor({ maxWorkers: 2, idleTimeout });
    expect(await executor.submit(keep, 42)).toBe(42);
    const results = executor.map(keep, Array<unknown>(5).fill(new SlowToEncode(ms)));
    expect(await results.toArray()).toEqual(Array(5).fill(ms));
  });

  test('keep no shutdown waiting', async () => {
    const executor = newPool({ maxWorkers: 2, idleTimeout: 1 });
    expect(await executor.submit(keep, 42)).toBe(42);
    const future = executor.submit(keep as (value: unknown) => unknown, new SlowToEncode(1_000));
    await executor.shutdown();
    expect(await future).toBe(1_000);
  });
});

test('an executor is resized, used and left idle again and again', async () => {
  for (const maxWorkers of [2, 8, 2]) {
    const executor = getReusableExecutor({ maxWorkers, idleTimeout: 1 });
    expect(await executor.submit(square, maxWorkers)).toBe(maxWorkers ** 2);
    await waitUntil(() => executor.stats().workers.length === 0, 20_000);
  }
});
