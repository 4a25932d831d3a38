/** `map(…, { settle: true })`, chunks that size themselves in short, and inputs that are read as they are needed. */
import { describe, expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, square } from './pools.ts';

const newPool = poolsOfEachTest();

test('chunks that size themselves give the results of all inputs in order, by far fewer tasks', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const numbers = Array.from({ length: 5000 }, (_, n) => n);
  const results = executor.map(square, numbers, { chunkSize: 'auto' });
  expect(await results.toArray()).toEqual(numbers.map((n) => n * n));
  expect(executor.stats().finished).toBeLessThan(1000);
  expect(() => executor.map(square, [1], { chunkSize: 'Auto' as 'auto' })).toThrow(
    'chunkSize must be "auto" or a number, got "Auto"',
  );
});

describe('map with settle', () => {
  const failOdd = (n: number) => {
    if (n % 2 === 1) throw new RangeError(`odd ${n}`);
    return n;
  };

  test.each([1, 2, 5, 'auto'] as const)(
    'gives the outcomes of all inputs (chunkSize %p)',
    async (chunkSize) => {
      const executor = newPool();
      const results = await executor.map(failOdd, [0, 1, 2, 3, 4], { chunkSize, settle: true }).toArray();
      expect(results).toEqual([
        { status: 'fulfilled', value: 0 },
        { status: 'rejected', reason: expect.any(RangeError) },
        { status: 'fulfilled', value: 2 },
        { status: 'rejected', reason: expect.objectContaining({ message: 'odd 3' }) },
        { status: 'fulfilled', value: 4 },
      ]);
    },
  );

  test.each([1, 3])('goes on after an input that cannot be sent (chunkSize %p)', async (chunkSize) => {
    const executor = newPool();
    const inputs = ['a', process.stdout, 'c'];
    const results = await executor
      .map((value: unknown) => value, inputs, { chunkSize, settle: true })
      .toArray();
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('goes on after a timeout and a crash', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const work = (what: string) => {
      if (what === 'crash') process.exit(1);
      while (what === 'hang');
      return what;
    };
    const view = executor.withOptions({ timeout: 300 });
    const results = await view.map(work, ['a', 'hang', 'crash', 'b'], { settle: true }).toArray();
    expect(results.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.name))).toEqual([
      'a',
      'TimeoutError',
      'TerminatedWorkerError',
      'b',
    ]);
  });

  test('gives what was cancelled with its signal as rejected', async () => {
    const executor = newPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const results = executor
      .withOptions({ signal: controller.signal })
      .map(() => new Promise<never>(() => {}), [1, 2], { settle: true });
    controller.abort();
    expect((await results.toArray()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('ends with the error of its input', async () => {
    const executor = newPool();
    function* bad() {
      yield 2;
      throw new Error('bad input');
    }
    const results = executor.map(failOdd, bad(), { settle: true });
    expect((await results.next()).value).toEqual({ status: 'fulfilled', value: 2 });
    expect(await rejectionOf(results.next())).toMatchObject({ message: 'bad input' });
  });
});

test('an input without a length is not read at the call, nor held in memory', async () => {
  const executor = newPool();
  let read = 0;
  function* many() {
    for (; read < 500_000; read += 1) yield read;
  }
  const results = executor.map(square, many());
  expect(read).toBeLessThanOrEqual(2);
  for (let n = 0; n < 2000; n += 1) expect((await results.next()).value).toBe(n * n);
  expect(read).toBeLessThanOrEqual(2000 + 128);
  await results.return();
});
