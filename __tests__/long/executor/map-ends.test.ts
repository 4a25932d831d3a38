/** A map that ends early runs nothing more, and one that goes on outlives what becomes of its executor's handle. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from '@jest/globals';
import { getReusableExecutor, ProcessPoolExecutor } from 'loky';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-map-'));
afterAll(() => rmSync(folder, { recursive: true }));

const untilFileExists = async (file: string): Promise<void> => {
  const { existsSync } = process.getBuiltinModule('node:fs');
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
};
const writeTo = (file: string): void => {
  process.getBuiltinModule('node:fs').writeFileSync(file, 'has run');
};

describe('the item that is waited for never runs if it had not begun', () => {
  test.each([true, false])('when the map ended at its deadline (ordered: %p)', async (ordered) => {
    const executor = newPool();
    const [gate, mark] = [join(folder, `gate-${ordered}`), join(folder, `mark-${ordered}`)];
    await executor.prewarm();
    const busy = executor.submit(untilFileExists, gate);
    const results = executor.map(writeTo, [mark, mark], { timeout: 100, ordered });
    expect(await rejectionOf(results.toArray())).toMatchObject({ name: 'TimeoutError' });
    expect(executor.stats().pending).toBe(0);
    writeFileSync(gate, '');
    await busy;
    await executor.shutdown();
    expect(existsSync(mark)).toBe(false);
  });

  test('when it was left, which does not wait for the tasks of others', async () => {
    const executor = newPool();
    const [gate, mark] = [join(folder, 'gate'), join(folder, 'mark')];
    await executor.prewarm();
    const busy = executor.submit(untilFileExists, gate);
    const results = executor.map(writeTo, [mark]);
    const next = results.next();
    expect(await results.return()).toEqual({ value: undefined, done: true });
    expect(await next).toEqual({ value: undefined, done: true });
    expect(executor.stats().pending).toBe(0);
    writeFileSync(gate, '');
    await busy;
    await executor.shutdown();
    expect(existsSync(mark)).toBe(false);
  });
});

test('no more than bufferSize are in flight while one of them is waited for', async () => {
  const executor = newPool();
  const gate = join(folder, 'gate-of-buffer');
  let asked = 0;
  async function* endless() {
    for (;;) {
      asked += 1;
      yield gate;
    }
  }
  const results = executor.map(untilFileExists, endless(), { bufferSize: 2 });
  const first = results.next();
  await executor.prewarm();
  await new Promise((resolve) => setImmediate(resolve));
  const { pending, running } = executor.stats();
  expect([pending + running, asked]).toEqual([2, 2]);
  writeFileSync(gate, '');
  await first;
  await results.return();
});

describe('a map goes on', () => {
  const inputs = Array.from({ length: 20 }, (_, index) => index);
  const squares = inputs.map((n) => n ** 2);

  test.each([
    ['executor', (executor: ProcessPoolExecutor) => executor],
    ['view', (executor: ProcessPoolExecutor) => executor.withOptions({ name: 'square' })],
  ])('though nobody holds its %s any more', async (_, of) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const executors: WeakRef<ProcessPoolExecutor>[] = [];
    const start = () => {
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      executors.push(new WeakRef(executor));
      return of(executor).map(square, inputs, { bufferSize: 2 });
    };
    const seen: number[] = [];
    for await (const result of start()) {
      seen.push(result);
      collect();
      await new Promise((resolve) => setImmediate(resolve)); // what was collected is told then
    }
    expect(seen).toEqual(squares);
    await executors[0]?.deref()?.shutdown();
  });

  test('though its executor was replaced, as submit does', async () => {
    const key = 'replaced in a map';
    const seen: number[] = [];
    for await (const result of getReusableExecutor({ key, maxWorkers: 1 }).map(square, inputs, {
      bufferSize: 2,
    })) {
      seen.push(result);
      if (seen.length === 3) getReusableExecutor({ key, maxWorkers: 1, env: { A: '1' } });
    }
    expect(seen).toEqual(squares);
    await getReusableExecutor({ key, reuse: true }).shutdown();
  });
});

test('an input that came to its end is not closed, a longer one is', async () => {
  const closed: string[] = [];
  const counting = (name: string, length: number): Iterable<number> => ({
    [Symbol.iterator]() {
      let n = 0;
      return {
        next: () => (n < length ? { done: false, value: n++ } : { done: true, value: undefined }),
        return() {
          closed.push(name);
          return { done: true, value: undefined };
        },
      };
    },
  });
  const add = (a: number, b: number): number => a + b;
  expect(await newPool().map(add, counting('short', 2), counting('long', 9)).toArray()).toEqual([0, 2]);
  expect(closed).toEqual(['long']);
});

test('the total of a text is that of its characters', async () => {
  const totals: unknown[] = [];
  const executor = newPool();
  const onProgress = (_: number, total: number | undefined) => totals.push(total);
  await executor.map((character: string) => character.length, '😀a', { onProgress }).toArray();
  expect(totals).toEqual([2, 2]);
});
