/**
 * What loky checks of wait and asCompleted over the futures of a real pool, among futures that were done before. One
 * thing differs: there a future that was cancelled, but not told to its waiters, counts as not done; here it is done.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  asCompleted,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  type ProcessPoolExecutor,
  wait,
} from 'loky';
import { rejectionOf, sleepFor, square } from '../../executor/pools.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool } = checkedPools();
const folder = mkdtempSync(join(tmpdir(), 'loky-waiting-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Longer than any test waits; what runs so long is ended with its pool's future. */
const LONG = 1_000_000;

const fail = (): never => {
  throw new Error('as it was told');
};

interface DoneBefore {
  readonly successful: Future<unknown>;
  readonly failed: Future<unknown>;
  readonly cancelled: Future<unknown>;
}

/** A pool with futures that are done. */
async function poolWithHistory(): Promise<DoneBefore & { executor: ProcessPoolExecutor }> {
  const executor = newPool({ maxWorkers: 2 });
  const successful: Future<unknown> = executor.submit(square, 3);
  const failed: Future<unknown> = executor.submit(fail);
  const cancelled: Future<unknown> = executor.submit(square, 4);
  expect(cancelled.cancel()).toBe(true);
  await wait([successful, failed, cancelled]);
  return { executor, successful, failed, cancelled };
}

/** The pool must not be left with something to wait for. */
async function end(...running: Future<unknown>[]): Promise<void> {
  for (const future of running) future.cancel({ kill: true });
  await wait(running);
}

describe('wait', () => {
  test('with FIRST_COMPLETED returns the one that is done and leaves the one that runs', async () => {
    const { executor } = await poolWithHistory();
    const [quick, slow] = [executor.submit(square, 21), executor.submit(sleepFor, LONG)];
    const { done, notDone } = await wait<Future<number>>([quick, slow], { returnWhen: FIRST_COMPLETED });
    expect([[...done], [...notDone]]).toEqual([[quick], [slow]]);
    await end(slow);
  });

  test('with FIRST_COMPLETED returns at once what was done before', async () => {
    const { executor, successful, cancelled } = await poolWithHistory();
    const slow = executor.submit(sleepFor, LONG);
    const { done, notDone } = await wait([cancelled, successful, slow], { returnWhen: FIRST_COMPLETED });
    expect([done, notDone]).toEqual([new Set([cancelled, successful]), new Set([slow])]);
    await end(slow);
  });

  test('with FIRST_EXCEPTION passes over a success and returns at the failure', async () => {
    const executor = newPool({ maxWorkers: 3 });
    const quick: Future<unknown> = executor.submit(square, 2);
    const gate = join(folder, 'quick-is-done');
    const [slow, failing] = [
      executor.submit(sleepFor, LONG),
      executor.submit(async (file: string) => {
        const { existsSync } = process.getBuiltinModule('node:fs');
        while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error('later');
      }, gate),
    ];
    quick.addDoneCallback(() => writeFileSync(gate, ''));
    const { done, notDone } = await wait([quick, failing, slow], { returnWhen: FIRST_EXCEPTION });
    expect([done, notDone]).toEqual([new Set([quick, failing]), new Set([slow])]);
    await end(slow);
  });

  test('with FIRST_EXCEPTION takes no cancelled future for a failure', async () => {
    const { executor, successful, cancelled } = await poolWithHistory();
    const [failing, slow] = [executor.submit(fail), executor.submit(sleepFor, LONG)];
    const { done, notDone } = await wait([successful, cancelled, failing, slow], {
      returnWhen: FIRST_EXCEPTION,
    });
    expect([done, notDone]).toEqual([new Set([successful, cancelled, failing]), new Set([slow])]);
    await end(slow);
  });

  test('with FIRST_EXCEPTION returns at once when one has failed before', async () => {
    const { executor, failed } = await poolWithHistory();
    const slow = executor.submit(sleepFor, LONG);
    const { done, notDone } = await wait([failed, slow], { returnWhen: FIRST_EXCEPTION });
    expect([done, notDone]).toEqual([new Set([failed]), new Set([slow])]);
    await end(slow);
  });

  test('for all of them returns when the last is done, however each of them ended', async () => {
    const { executor, successful, failed, cancelled } = await poolWithHistory();
    const all = [successful, failed, cancelled, executor.submit(fail), executor.submit(square, 21)];
    const { done, notDone } = await wait(all);
    expect([done, notDone]).toEqual([new Set(all), new Set()]);
  });

  test('returns at its timeout what is done by then, and the rest goes on', async () => {
    const { executor, successful, failed, cancelled } = await poolWithHistory();
    const quick: Future<unknown> = executor.submit(square, 6);
    expect(await quick).toBe(36);
    const slow = executor.submit(sleepFor, 500);
    const { done, notDone } = await wait([successful, failed, cancelled, quick, slow], { timeout: 100 });
    expect([done, notDone]).toEqual([new Set([successful, failed, cancelled, quick]), new Set([slow])]);
    expect(await slow.result({ timeout: 10_000 })).toBe(500);
  });
});

describe('asCompleted', () => {
  test('yields all of them, however each of them ended', async () => {
    const { executor, successful, failed, cancelled } = await poolWithHistory();
    const all = [successful, failed, cancelled, executor.submit(square, 21), executor.submit(square, 7)];
    const seen = new Set<unknown>();
    for await (const future of asCompleted(all)) seen.add(future);
    expect(seen).toEqual(new Set(all));
  });

  test('with timeout 0 yields what was done before, then throws TimeoutError', async () => {
    const { executor, successful, failed, cancelled } = await poolWithHistory();
    const slow = executor.submit(sleepFor, LONG);
    const seen = new Set<unknown>();
    const loop = async (): Promise<void> => {
      for await (const future of asCompleted([cancelled, failed, successful, slow], { timeout: 0 }))
        seen.add(future);
    };
    expect(await rejectionOf(loop())).toMatchObject({ name: 'TimeoutError' });
    expect(seen).toEqual(new Set([cancelled, failed, successful]));
    await end(slow);
  });

  test('yields a future once that it was given twice', async () => {
    const executor = newPool({ maxWorkers: 1 });
    const future = executor.submit(sleepFor, 50);
    const seen: unknown[] = [];
    for await (const each of asCompleted([future, future])) seen.push(each);
    expect(seen).toEqual([future]);
  });
});
