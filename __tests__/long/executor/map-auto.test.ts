/** `map(…, { chunkSize: 'auto' })` on real workers: its results, its faults, and what it does behind a slow input. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { TerminatedWorkerError } from 'loky';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-auto-'));
afterAll(() => rmSync(folder, { recursive: true }));

const numbers = Array.from({ length: 20_000 }, (_, n) => n);
const squares = numbers.map((n) => n * n);

describe('map with chunkSize auto', () => {
  test('gives the results of all inputs in order, by far fewer tasks', async () => {
    const executor = newPool({ maxWorkers: 2 });
    expect(await executor.map(square, numbers, { chunkSize: 'auto' }).toArray()).toEqual(squares);
    expect(executor.stats().finished).toBeLessThan(2000);
  });

  test.each([true, false])('takes generators and async generators (ordered: %p)', async (ordered) => {
    const executor = newPool({ maxWorkers: 2 });
    async function* later() {
      yield* numbers.slice(0, 2000);
    }
    for (const input of [numbers.slice(0, 2000).values(), later()]) {
      const results = await executor.map(square, input, { chunkSize: 'auto', ordered }).toArray();
      expect(results.sort((a, b) => a - b)).toEqual(squares.slice(0, 2000));
    }
  });

  test('lets no async input wait until a chunk is full', async () => {
    const executor = newPool({ maxWorkers: 1 });
    let give = (_: number) => {};
    const input = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<IteratorResult<number>>((resolve) => {
            give = (value) => resolve({ done: false, value });
          }),
      }),
    };
    const results = executor.map(square, input, { chunkSize: 'auto' });
    for (let n = 1; n <= 50; n += 1) {
      const next = results.next();
      await new Promise((resolve) => setImmediate(resolve));
      give(n);
      expect((await next).value).toBe(n * n);
    }
    await results.return();
  });

  test.each([true, false])('holds nothing behind a slow input (ordered: %p)', async (ordered) => {
    const executor = newPool({ maxWorkers: 2 });
    const gate = join(folder, `gate-${ordered}`);
    // Long enough that each is claimed by itself.
    const work = (n: number) => {
      const { existsSync } = process.getBuiltinModule('node:fs');
      const end = performance.now() + 0.1;
      while (performance.now() < end);
      while (n === 3000 && !existsSync(gate));
      return n;
    };
    const inputs = numbers.slice(0, 6000);
    const results = executor.map(work, inputs, { chunkSize: 'auto', ordered });
    const all: number[] = [];
    let behind: number | undefined;
    // Those before it in its chunk arrive with it: it ends when all that could run elsewhere is done.
    const watch = setInterval(() => {
      const { pending, running } = executor.stats();
      if (pending > 0 || running !== 1 || behind !== undefined) return;
      behind = all.filter((n) => n > 3000).length;
      writeFileSync(gate, '');
    }, 50);
    try {
      for await (const result of results) all.push(result);
    } finally {
      clearInterval(watch);
    }
    expect(all.sort((a, b) => a - b)).toEqual(inputs);
    expect(behind).toBe(ordered ? 0 : 2999);
  });

  test('runs no input twice, whatever is given back', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const work = (n: number) => {
      const shared = globalThis as { runs?: number[] };
      shared.runs ??= [];
      shared.runs.push(n);
      const end = performance.now() + (n % 500 === 499 ? 150 : 0.02);
      while (performance.now() < end);
      return n;
    };
    const inputs = numbers.slice(0, 5000);
    expect(await executor.map(work, inputs, { chunkSize: 'auto' }).toArray()).toEqual(inputs);
    const runsOf = async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return (globalThis as { runs?: number[] }).runs ?? [];
    };
    const runs = await Promise.all([executor.submit(runsOf), executor.submit(runsOf)]);
    expect(runs.flat().sort((a, b) => a - b)).toEqual(inputs);
  });

  test('awaits async functions, one item after the other', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const later = async (n: number) => {
      await null;
      if (n === 700) await new Promise((resolve) => setTimeout(resolve, 300));
      return n;
    };
    const inputs = numbers.slice(0, 3000);
    expect(await executor.map(later, inputs, { chunkSize: 'auto' }).toArray()).toEqual(inputs);
  });

  test('throws the error of an item in its place', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const fail = (n: number) => {
      if (n === 5000) throw new RangeError('five thousand');
      return n;
    };
    const seen: number[] = [];
    const error = await rejectionOf(
      (async () => {
        for await (const n of executor.map(fail, numbers, { chunkSize: 'auto' })) seen.push(n);
      })(),
    );
    expect([error.message, seen]).toEqual(['five thousand', numbers.slice(0, 5000)]);
  });

  test('that is left, or ends at its deadline, cancels what has not begun', async () => {
    const executor = newPool({ maxWorkers: 1 });
    for await (const n of executor.map(square, numbers, { chunkSize: 'auto' })) if (n > 100) break;
    const results = executor.map(() => new Promise<never>(() => {}), numbers, {
      chunkSize: 'auto',
      timeout: 100,
    });
    expect(await rejectionOf(results.toArray())).toMatchObject({ name: 'TimeoutError' });
    expect(executor.stats().pending).toBe(0);
    await executor.shutdown({ killWorkers: true });
  });

  test('with settle goes on when a worker dies in the middle, and another takes its place', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate' });
    const crash = (n: number) => {
      if (n === 4000) process.kill(process.pid, 'SIGKILL');
      return n;
    };
    const results = await executor.map(crash, numbers, { chunkSize: 'auto', settle: true }).toArray();
    expect(results).toHaveLength(numbers.length);
    const lost = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(results[4000]).toBe(
      lost.find(({ reason }) => reason instanceof TerminatedWorkerError) && results[4000],
    );
    expect(results[4000]?.status).toBe('rejected');
    expect(new Set(lost.map(({ reason }) => reason)).size).toBe(1); // that of one chunk
    for (const [n, result] of results.entries())
      if (result.status === 'fulfilled') expect(result.value).toBe(n);
  });

  test('with crashRetries runs a chunk again that has given items back, without these', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', crashRetries: 1 });
    const crashed = join(folder, 'crashed');
    const work = (n: number) => {
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      const end = performance.now() + (n === 900 ? 300 : 0.05);
      while (performance.now() < end);
      if (n === 900 && !existsSync(crashed)) {
        writeFileSync(crashed, '');
        process.kill(process.pid, 'SIGKILL');
      }
      return n;
    };
    const inputs = numbers.slice(0, 3000);
    expect(await executor.map(work, inputs, { chunkSize: 'auto' }).toArray()).toEqual(inputs);
  });

  test('ends with the error of the executor when that breaks or is shut down', async () => {
    const broken = newPool({ maxWorkers: 1 });
    const crash = (n: number) => (n === 10 ? process.exit(3) : n);
    const results = broken.map(crash, numbers, { chunkSize: 'auto', settle: true });
    expect(await rejectionOf(results.toArray())).toBeInstanceOf(TerminatedWorkerError);
    const shut = newPool({ maxWorkers: 1 });
    const rest = shut.map(square, numbers, { chunkSize: 'auto' });
    expect((await rest.next()).value).toBe(0);
    await shut.shutdown();
    expect(await rejectionOf(rest.toArray())).toMatchObject({ name: 'ShutdownExecutorError' });
  });
});
