/** Large values, floods of output, and strangers that take the processors: slower, and not otherwise. */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const isLong = process.env['LOKY_LONG_TESTS'] === '1';
const MEBIBYTE = 2 ** 20;
const SIZE = (isLong ? 1024 : 256) * MEBIBYTE;

describe('large values', () => {
  test(`a result of ${SIZE / MEBIBYTE} MiB arrives, and so does what comes after it`, async () => {
    const executor = newPool();
    const result = await executor.submit((bytes: number) => {
      const all = new Uint8Array(bytes);
      all[bytes - 1] = 7;
      return all;
    }, SIZE);
    expect([result.length, result[0], result.at(-1)]).toEqual([SIZE, 0, 7]);
    expect(await executor.submit(square, 3)).toBe(9);
  }, 60_000);

  class Holder {
    readonly text: string;
    constructor(text: string) {
      this.text = text;
    }
  }
  const LONGEST_TEXT = 2 ** 29 - 24;

  test('a result too large to be sent fails its task alone, and the error says so', async () => {
    const executor = newPool();
    const tooLarge = executor.submit((length: number) => new Holder('x'.repeat(length)), LONGEST_TEXT);
    const after = executor.submit(square, 3);
    expect(await rejectionOf(tooLarge)).toMatchObject({
      name: 'SerializationError',
      message: expect.stringMatching(/cannot send the result: .* too large/),
    });
    expect(await after).toBe(9);
  }, 60_000);

  test('so does an argument', async () => {
    const executor = newPool();
    const argument = new Holder('x'.repeat(LONGEST_TEXT));
    const tooLarge = executor.submit(({ text }: Holder) => text.length, argument);
    expect(await rejectionOf(tooLarge)).toMatchObject({
      name: 'SerializationError',
      message: expect.stringMatching(/cannot send the task: .* too large/),
    });
    expect(await executor.submit(square, 3)).toBe(9);
  }, 60_000);

  test('so does a result of more binary parts than a message can tell of', async () => {
    const executor = newPool();
    const manyParts = executor.submit((parts: number) => {
      const memory = new ArrayBuffer(65_536);
      return Array.from({ length: parts }, () => new Uint8Array(memory));
    }, 65_536);
    expect(await rejectionOf(manyParts)).toMatchObject({
      name: 'SerializationError',
      message: expect.stringMatching(/cannot send more than 65535 large binary parts/),
    });
    expect(await executor.submit(square, 3)).toBe(9);
  }, 60_000);

  test('memory that a task cannot have is an error of that task', async () => {
    const executor = newPool();
    const tooMuch = executor.submit(() => new ArrayBuffer(Number.MAX_SAFE_INTEGER));
    expect(await rejectionOf(tooMuch)).toMatchObject({ name: 'RangeError' });
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

test('a flood of output from all workers loses no result', async () => {
  const executor = newPool({ maxWorkers: 2, stdio: 'events' });
  let lines = 0;
  executor.on('output', () => {
    lines += 1;
  });
  const write = (n: number): number => {
    for (let line = 0; line < 1000; line += 1) console.log('x'.repeat(100));
    return n;
  };
  const values = await Promise.all(Array.from({ length: 100 }, (_, n) => executor.submit(write, n)));
  await executor.shutdown();
  expect([values.length, values.every((value, n) => value === n), lines]).toEqual([100, true, 100_000]);
}, 60_000);

describe('with all processors loaded by strangers', () => {
  const strangers: ChildProcess[] = [];
  afterEach(async () => {
    await Promise.all(
      strangers.splice(0).map((stranger) => {
        const gone = new Promise((resolve) => stranger.once('exit', resolve));
        stranger.kill('SIGKILL');
        return gone;
      }),
    );
  });

  test('tasks are done, clocks do not run out too early, crashes cost one task each', async () => {
    for (let n = 0; n < 2 * availableParallelism(); n += 1) {
      strangers.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    }
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
    const withClock = executor.withOptions({ timeout: 10_000 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 500 }, (_, n) => {
        if (n % 100 === 50) return executor.submit(() => process.exit(1));
        return (n % 2 === 0 ? withClock : executor).submit(square, n);
      }),
    );
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    expect(failed.map((outcome) => (outcome as PromiseRejectedResult).reason.name)).toEqual(
      Array(5).fill('TerminatedWorkerError'),
    );
  }, 120_000);
});
