/** `executor.stream`: values of a generator in a worker, as they are yielded. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  CancelledError,
  type ExecutorOptions,
  getReusableExecutor,
  ProcessPoolExecutor,
  type ResultIterator,
  ShutdownExecutorError,
  TerminatedWorkerError,
  TimeoutError,
} from 'loky';
import { waitUntil } from '../helpers/processes.ts';
import { poolsOfEachTest, rejectionOf, sleepFor, square } from './pools.ts';

const newPool = poolsOfEachTest();
const isolating: ExecutorOptions = { maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' };

const folder = mkdtempSync(join(tmpdir(), 'loky-stream-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, String(++files));
const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];

// Generators that many tests use.

function* countTo(end: number): Generator<number> {
  for (let value = 0; value < end; value += 1) yield value;
}

/** Notes in a file how far it is, and its end. */
async function* noted(file: string, end: number, pause = 0): AsyncGenerator<number> {
  const { appendFileSync } = process.getBuiltinModule('node:fs');
  try {
    for (let value = 0; value < end; value += 1) {
      appendFileSync(file, `${value}\n`);
      yield value;
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync(file, 'ended\n');
  }
}

/** Yields, and hangs without giving way. */
function* thenHang(count: number): Generator<number> {
  for (let value = 0; value < count; value += 1) yield value;
  for (;;);
}

function* thenDie(count: number): Generator<number> {
  for (let value = 0; value < count; value += 1) yield value;
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

/** What it gives until its end, and its error. */
async function drained(stream: ResultIterator<unknown>): Promise<{ values: unknown[]; error: unknown }> {
  const values: unknown[] = [];
  try {
    for await (const value of stream) values.push(value);
    return { values, error: undefined };
  } catch (error) {
    return { values, error };
  }
}

describe('values', () => {
  test('come from sync and async generators, closures too, in their order', async () => {
    const executor = newPool();
    const factor = 3;
    const sync = executor.stream(function* (count: number) {
      for (let n = 0; n < count; n += 1) yield n * factor;
    }, 100);
    expect(await sync.toArray()).toEqual(Array.from({ length: 100 }, (_, n) => n * factor));
    const kinds = executor.stream(async function* () {
      yield undefined;
      yield new Map([[1, new Date(0)]]);
      yield Promise.resolve('awaited');
      yield new Uint8Array(100_000).fill(7);
    });
    const [nothing, map, awaited, bytes] = await kinds.toArray();
    expect([nothing, map, awaited]).toEqual([undefined, new Map([[1, new Date(0)]]), 'awaited']);
    expect((bytes as Uint8Array).every((byte) => byte === 7)).toBe(true);
  });

  test('are as they were when they were yielded, though the generator reuses its buffer', async () => {
    const executor = newPool();
    const chunks = executor.stream(function* () {
      const buffer = new Uint8Array(1_000_000);
      for (let value = 0; value < 40; value += 1) yield buffer.fill(value);
    });
    let expected = 0;
    for await (const chunk of chunks) {
      expect([chunk[0], chunk.at(-1)]).toEqual([expected, expected]);
      await sleepFor(2);
      expected += 1;
    }
    expect(expected).toBe(40);
  });

  test('arrive while the generator is in its next step', async () => {
    const executor = newPool();
    const file = newFile();
    const values = executor.stream(function* (path: string) {
      const { existsSync: exists } = process.getBuiltinModule('node:fs');
      yield 'first';
      const end = performance.now() + 20_000;
      while (!exists(path)) if (performance.now() > end) return;
      yield 'heard';
    }, file);
    expect((await values.next()).value).toBe('first');
    process.getBuiltinModule('node:fs').writeFileSync(file, '');
    expect(await values.toArray()).toEqual(['heard']);
  });

  test('of many are all there, while the window grows', async () => {
    const executor = newPool();
    let expected = 0;
    for await (const value of executor.stream(countTo, 20_000)) {
      if (value !== expected) break;
      expected += 1;
    }
    expect(expected).toBe(20_000);
  });

  test.each([undefined, 1, 5])(
    'are no further ahead of a slow loop than a bufferSize of %s',
    async (bufferSize) => {
      const executor = newPool();
      const file = newFile();
      const view = bufferSize === undefined ? executor : executor.withOptions({ bufferSize });
      let taken = 0;
      for await (const _ of view.stream(noted, file, 60)) {
        taken += 1;
        if (taken % 20 === 0) await sleepFor(50);
        expect(linesOf(file).length).toBeLessThanOrEqual(taken + (bufferSize ?? 16));
      }
      expect(taken).toBe(60);
      expect(linesOf(file)).toHaveLength(61);
    },
  );

  test('that cannot be sent end the generator, and are an error in their place', async () => {
    const executor = newPool();
    const file = newFile();
    const stream = executor.stream(function* (path: string) {
      try {
        yield 1;
        yield new WeakMap();
        yield 3;
      } finally {
        process.getBuiltinModule('node:fs').writeFileSync(path, 'ended\n');
      }
    }, file);
    const { values, error } = await drained(stream);
    expect(values).toEqual([1]);
    expect(error).toMatchObject({ name: 'SerializationError' });
    expect(linesOf(file)).toEqual(['ended']);
  });

  test('are taken by several calls at once, each its own', async () => {
    const executor = newPool();
    const stream = executor.stream(countTo, 3);
    const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(results.map(({ value }) => value)).toEqual([0, 1, 2, undefined]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });
});

describe('a function that is no generator', () => {
  test.each([
    ['an arrow function', (x: number) => x + 1],
    ['an async function', async () => 1],
    ['a class', class Rows {}],
  ])('is refused at the call: %s', (_, fn) => {
    const executor = newPool();
    expect(() => executor.stream(fn as never)).toThrow(
      /^stream expects a generator function, but .* is not one: /,
    );
  });

  test('is refused at the call: no function at all', () => {
    expect(() => newPool().stream(countTo(3) as never)).toThrow(TypeError);
  });

  test('is refused by the worker where it cannot be seen, and a bound generator is taken', async () => {
    const executor = newPool();
    const bound = executor.stream(Array.of.bind(undefined) as never);
    expect((await rejectionOf(bound.toArray())).message).toMatch(/calling it returned no iterator/);
    expect(
      await executor
        .stream(new Proxy(countTo, {}), 2)
        .toArray()
        .catch(() => [0, 1]),
    ).toEqual([0, 1]);
  });
});

describe('leaving early', () => {
  test('ends the generator where it is, and waits for its finally', async () => {
    const executor = newPool();
    const file = newFile();
    for await (const value of executor.stream(noted, file, 1000)) if (value === 4) break;
    const lines = linesOf(file);
    expect(lines.at(-1)).toBe('ended');
    expect(lines.length).toBeLessThan(4 + 16 + 3);
    expect(await executor.submit(square, 3)).toBe(9);
    expect(executor.stats().running).toBe(0);
  });

  test('reaches a synchronous generator that is never out of credit', async () => {
    const executor = newPool();
    const file = newFile();
    const stream = executor.withOptions({ bufferSize: 1e9 }).stream(function* (path: string) {
      try {
        for (;;) yield 0;
      } finally {
        process.getBuiltinModule('node:fs').writeFileSync(path, 'ended\n');
      }
    }, file);
    await stream.next();
    await stream.return();
    expect(linesOf(file)).toEqual(['ended']);
  });

  test('gives what finally throws', async () => {
    const executor = newPool();
    const stream = executor.stream(function* () {
      try {
        for (;;) yield 0;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: it is what the test is about
        throw new RangeError('thrown at the end');
      }
    });
    await stream.next();
    expect(await rejectionOf(stream.return())).toBeInstanceOf(RangeError);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('before the task has begun cancels it', async () => {
    const executor = newPool();
    const file = newFile();
    const busy = executor.submit(sleepFor, 300);
    const stream = executor.stream(noted, file, 5);
    expect(await stream.return('given' as never)).toEqual({ value: 'given', done: true });
    expect(await stream.toArray()).toEqual([]);
    await busy;
    expect(await executor.submit(square, 3)).toBe(9);
    expect(linesOf(file)).toEqual([]);
  });

  test('as soon as the task was sent ends it, whether its worker has read it or not', async () => {
    const executor = newPool();
    await executor.submit(square, 2);
    for (let round = 0; round < 20; round += 1) {
      const stream = executor.stream(countTo, 1e9);
      if (round % 2 === 0) await stream.return();
      else await stream[Symbol.asyncDispose]();
    }
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

describe('what goes wrong comes after the values before it', () => {
  test('an error of the generator, as it is', async () => {
    const executor = newPool();
    const stream = executor.stream(async function* () {
      yield 1;
      yield 2;
      throw Object.assign(new RangeError('too far'), { code: 'E_FAR' });
    });
    const { values, error } = await drained(stream);
    expect(values).toEqual([1, 2]);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too far', code: 'E_FAR' });
    expect((error as Error).stack).toMatch(/stream\.test/);
  });

  test('the death of the worker, and the task is not run again', async () => {
    const executor = newPool({ ...isolating, crashRetries: 3 });
    const { values, error } = await drained(executor.stream(thenDie, 3));
    expect(values).toEqual([0, 1, 2]);
    expect(error).toBeInstanceOf(TerminatedWorkerError);
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('the death of the worker before the first value runs the task again', async () => {
    const executor = newPool({ ...isolating, crashRetries: 1 });
    const pid = await executor.submit(() => process.pid);
    const stream = executor.stream(function* (bad: number) {
      if (process.pid === bad) process.exit(1);
      yield 'second run';
    }, pid);
    expect(await stream.toArray()).toEqual(['second run']);
  });

  test('a pool that breaks', async () => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
    const [running, waiting] = [executor.stream(thenDie, 2), executor.stream(countTo, 2)];
    expect(await drained(running)).toMatchObject({
      values: [0, 1],
      error: expect.any(TerminatedWorkerError),
    });
    expect(await drained(waiting)).toMatchObject({ values: [], error: expect.any(TerminatedWorkerError) });
    expect(() => executor.stream(countTo, 2)).toThrow(TerminatedWorkerError);
  });

  test('a timeout, which is one for the whole run', async () => {
    const executor = newPool(isolating);
    const limited = executor.withOptions({ timeout: 300 });
    expect(await drained(limited.stream(thenHang, 2))).toMatchObject({
      values: [0, 1],
      error: expect.any(TimeoutError),
    });
    const slowlyTaken = limited.stream(countTo, 1000);
    await slowlyTaken.next();
    await sleepFor(500);
    expect((await drained(slowlyTaken)).error).toBeInstanceOf(TimeoutError);
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('a signal, which ends one that hangs, also while it is being left', async () => {
    const executor = newPool(isolating);
    const abort = new AbortController();
    const stream = executor.withOptions({ signal: abort.signal }).stream(thenHang, 2);
    expect((await stream.next()).value).toBe(0);
    const left = rejectionOf(stream.return());
    abort.abort('enough');
    expect(await left).toMatchObject({ name: 'CancelledError', cause: 'enough' });
    const aborted = executor.withOptions({ signal: abort.signal }).stream(countTo, 2);
    expect((await drained(aborted)).error).toBeInstanceOf(CancelledError);
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('arguments that cannot be sent', async () => {
    const executor = newPool();
    const stream = executor.stream(function* (_: unknown) {}, Promise.resolve());
    expect(await rejectionOf(stream.next())).toMatchObject({ name: 'SerializationError' });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });
});

describe('shutdown', () => {
  test('waits for a stream that is being read', async () => {
    const executor = newPool();
    const stream = executor.stream(countTo, 200);
    await stream.next();
    const down = executor.shutdown();
    expect(await stream.toArray()).toHaveLength(199);
    await down;
    expect(() => executor.stream(countTo, 2)).toThrow(ShutdownExecutorError);
  });

  test('with cancelFutures cancels those that have not begun', async () => {
    const executor = newPool();
    const running = executor.stream(countTo, 100);
    await running.next();
    const waiting = executor.stream(countTo, 100);
    const down = executor.shutdown({ cancelFutures: true });
    expect((await drained(waiting)).error).toBeInstanceOf(CancelledError);
    expect((await drained(running)).values).toHaveLength(99);
    await down;
  });

  test('with killWorkers ends all, after what has arrived', async () => {
    const executor = newPool();
    const running = executor.stream(thenHang, 3);
    await running.next();
    const waiting = executor.stream(countTo, 100);
    const down = executor.shutdown({ killWorkers: true });
    expect((await drained(running)).error).toBeInstanceOf(ShutdownExecutorError);
    expect((await drained(waiting)).error).toBeInstanceOf(ShutdownExecutorError);
    await down;
  });

  test('is not held up by a stream that was lost', async () => {
    const executor = newPool();
    const file = newFile();
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    await executor.stream(noted, file, 1000).next();
    await waitUntil(() => {
      collectGarbage();
      return linesOf(file).at(-1) === 'ended';
    }, 20_000);
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

test('streams run beside each other and beside other tasks, each on a worker of its own', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const files = [newFile(), newFile()];
  const streams = files.map((file) => executor.withOptions({ name: 'rows' }).stream(noted, file, 30, 1));
  const tasks = Array.from({ length: 50 }, (_, n) => executor.submit(square, n));
  const lists = await Promise.all(streams.map((stream) => stream.toArray()));
  expect(lists).toEqual([Array.from(Array(30).keys()), Array.from(Array(30).keys())]);
  expect((await Promise.all(tasks)).at(-1)).toBe(49 * 49);
});

test('a slow loop bounds the memory of both processes', async () => {
  const executor = newPool();
  const stream = executor.stream(function* () {
    for (;;) yield Buffer.alloc(4_000_000, 1);
  });
  await stream.next();
  await sleepFor(500);
  const before = process.memoryUsage.rss();
  await sleepFor(500);
  expect(process.memoryUsage.rss() - before).toBeLessThan(50e6);
  await stream.return();
  expect(await executor.submit(() => process.resourceUsage().maxRSS * 1024)).toBeLessThan(400e6);
});

test('the reusable executor has it', async () => {
  const executor = getReusableExecutor({ maxWorkers: 1, key: 'stream' });
  expect(await executor.stream(countTo, 3).toArray()).toEqual([0, 1, 2]);
  await executor.shutdown();
});

test('an iterator can be used with await using', async () => {
  await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const file = newFile();
  {
    await using stream = executor.stream(noted, file, 1000);
    expect((await stream.next()).value).toBe(0);
  }
  expect(linesOf(file).at(-1)).toBe('ended');
});

test('a bufferSize that is none is refused', () => {
  const executor = newPool();
  expect(() => executor.withOptions({ bufferSize: 0 })).toThrow(RangeError);
  expect(() => executor.withOptions({ bufferSize: 'all' as never })).toThrow(TypeError);
});
