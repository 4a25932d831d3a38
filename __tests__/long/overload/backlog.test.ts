/** More work than can be done: a bounded backlog, a long queue, consumers that are slower than the workers. */
import { describe, expect, test } from '@jest/globals';
import { type Future, QueueFullError } from 'loky';
import { scriptFolder, WELL } from '../../executor/host-script.ts';
import { poolsOfEachTest, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const isLong = process.env['LOKY_LONG_TESTS'] === '1';

describe('maxPending', () => {
  test('holds while a producer submits as fast as it can, and what was accepted is done', async () => {
    const executor = newPool({ maxWorkers: 2, maxPending: 50 });
    const accepted: Future<number>[] = [];
    let refused = 0;
    let mostPending = 0;
    let oldest = 0;
    for (let n = 0; n < 20_000; ) {
      try {
        accepted.push(executor.submit(square, n));
        n += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(QueueFullError);
        refused += 1;
        mostPending = Math.max(mostPending, executor.stats().pending);
        // Not just any of the last ones: they may be done although older ones wait, and then nothing would be waited for.
        while (accepted[oldest]?.done()) oldest += 1;
        await accepted[oldest];
      }
    }
    const values = await Promise.all(accepted);
    expect(values.every((value, n) => value === n * n)).toBe(true);
    expect(refused).toBeGreaterThan(0);
    expect(mostPending).toBeLessThanOrEqual(52); // those that workers who start will take at once come on top
  }, 60_000);

  test('a place becomes free with a cancelled task', async () => {
    const executor = newPool({ maxPending: 1 });
    const running = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 50, 'done')));
    const pending = executor.submit(square, 2);
    expect(() => executor.submit(square, 3)).toThrow(QueueFullError);
    pending.cancel();
    expect([await executor.submit(square, 4), await running]).toEqual([16, 'done']);
  });
});

const LENGTH = isLong ? 1_000_000 : 100_000;

describe(`a queue of ${LENGTH} tasks`, () => {
  test('is worked off, each task once and in its own place', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const futures = Array.from({ length: LENGTH }, (_, n) => executor.submit((n: number) => n + 1, n));
    expect(executor.stats().pending).toBeGreaterThan(LENGTH - 100);
    let wrong = 0;
    for (const [n, future] of futures.entries()) if ((await future) !== n + 1) wrong += 1;
    expect([wrong, executor.stats().pending, executor.stats().finished]).toEqual([0, 0, LENGTH]);
  }, 300_000);

  test('is cancelled at once by a shutdown with cancelFutures', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const futures = Array.from({ length: LENGTH }, (_, n) => executor.submit((n: number) => n + 1, n));
    await executor.shutdown({ cancelFutures: true });
    const cancelled = futures.filter((future) => future.cancelled()).length;
    expect(futures.every((future) => future.done())).toBe(true);
    expect(cancelled).toBeGreaterThan(LENGTH - 1000);
  }, 120_000);

  test('fails as a whole when the pool breaks', async () => {
    const executor = newPool({ maxWorkers: 1 });
    const crash = executor.submit(() => process.exit(1));
    const futures = Array.from({ length: LENGTH }, (_, n) => executor.submit((n: number) => n + 1, n));
    const error = await crash.exception();
    const errors = new Set(await Promise.all(futures.map((future) => future.exception())));
    expect([...errors]).toEqual([error]);
  }, 120_000);
});

/** A heap of its own: what is held is measured without garbage, and collecting that of all these tests takes long. */
const script = scriptFolder();

describe('a consumer of map that is slower than the workers', () => {
  test('bounds what is in flight, and so what is held', async () => {
    const end = await script(
      `
      const held = () => { gc(); gc(); return process.memoryUsage().arrayBuffers; }; // buffers are freed beside the main thread
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      let pulled = 0;
      function* endless() { for (;;) yield pulled++; }
      const megabyte = (n) => new Uint8Array(1_000_000).fill(n % 256);
      const results = executor.map(megabyte, endless(), { bufferSize: 4 });
      const before = held();
      let [taken, wrong, mostAhead, mostHeld] = [0, 0, 0, 0];
      for await (const result of results) {
        taken += 1;
        if (result[0] !== (taken - 1) % 256) wrong += 1;
        mostAhead = Math.max(mostAhead, pulled - taken);
        if (taken % 20 === 0) mostHeld = Math.max(mostHeld, held() - before);
        if (taken === 300) break;
        if (taken % 3 === 0) await executor.submit((n) => n, 1); // the consumer has other things to do
      }
      say({ taken, wrong, mostAhead, mostHeld, pending: executor.stats().pending });
      await executor.shutdown();
    `,
      { execArgv: ['--expose-gc'] },
    ).ended;
    expect(end).toMatchObject({ ...WELL, said: [{ taken: 300, wrong: 0, pending: 0 }] });
    const [{ mostAhead, mostHeld }] = end.said as [{ mostAhead: number; mostHeld: number }];
    expect(mostAhead).toBeLessThanOrEqual(4);
    expect(mostHeld).toBeGreaterThan(0);
    expect(mostHeld).toBeLessThan(50_000_000); // of 300 MB
  }, 60_000);

  test('pulls from an async input only what the workers can take', async () => {
    const executor = newPool({ maxWorkers: 2 });
    let pulled = 0;
    async function* endless() {
      for (;;) yield pulled++;
    }
    let taken = 0;
    for await (const result of executor.map(square, endless())) {
      expect(result).toBe(taken * taken);
      taken += 1;
      expect(pulled - taken).toBeLessThanOrEqual(5); // 2 * maxWorkers, and the one that is just being pulled
      if (taken === 500) break;
    }
  });
});
