/** share: a value goes once to each worker, and is there for every task that is given its handle. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  explain,
  getReusableExecutor,
  type ProcessPoolExecutor,
  SerializationError,
  type Shared,
  ShutdownExecutorError,
  TerminatedWorkerError,
  TimeoutError,
} from 'loky';
import { scriptFolder } from './host-script.ts';
import {
  beginSleeping,
  killSelf,
  poolOfAllTests,
  poolsOfEachTest,
  rejectionOf,
  runForEver,
  sleepFor,
} from './pools.ts';

const folder = mkdtempSync(join(tmpdir(), 'loky-shared-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** How often it was taken apart here and rebuilt there. */
class Counted {
  static reduced = 0;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    const seen = globalThis as { rebuilt?: number };
    seen.rebuilt = (seen.rebuilt ?? 0) + 1;
  }

  [Symbol.for('loky.reduce')]() {
    Counted.reduced += 1;
    return [Counted, this.name];
  }
}

const rebuiltHere = (): number | undefined => (globalThis as { rebuilt?: number }).rebuilt;

describe('a shared value', () => {
  const pool = poolOfAllTests();
  const newPool = poolsOfEachTest();

  describe('arrives', () => {
    const table = new Map([['key', { count: 1 }]]);
    const shared = pool.share(table);

    test('as an argument, inside of one, and captured', async () => {
      const count = (each: Shared<typeof table>) => each.value.get('key')?.count;
      expect(await pool.submit(count, shared)).toBe(1);
      expect(
        await pool.submit((list: { of: (typeof shared)[] }) => list.of[0]?.value.size, { of: [shared] }),
      ).toBe(1);
      expect(await pool.submit(() => shared.value.get('key')?.count)).toBe(1);
      expect(await pool.map((key: string) => shared.value.has(key), ['key', 'other']).toArray()).toEqual([
        true,
        false,
      ]);
    });

    test('as the same object in all tasks of a worker; what they change stays there', async () => {
      const executor = newPool();
      const counter = executor.share({ count: 0 });
      const next = () => {
        counter.value.count += 1;
        return counter.value.count;
      };
      for (const count of [1, 2, 3]) expect(await executor.submit(next)).toBe(count);
      expect(await executor.submit((a: unknown, b: unknown) => a === b, counter, counter)).toBe(true);
      expect(counter.value.count).toBe(0);
    });

    test('as it was when it was shared, and is itself in the program', async () => {
      const bytes = Buffer.alloc(100_000, 1);
      const original = { bytes, list: [1] };
      const handle = pool.share(original);
      bytes.fill(2);
      original.list.push(2);
      expect(await pool.submit(({ value }) => [value.bytes[99_999], value.list], handle)).toEqual([1, [1]]);
      expect(handle.value).toBe(original);
    });

    test('whatever it is: primitives, binary data, functions with what they capture, instances, other shared values', async () => {
      const words = new Map([['one', 1]]);
      const look = (word: string) => words.get(word);
      class Point {
        readonly x = 3;
        twice() {
          return this.x * 2;
        }
      }
      const inner = pool.share('inner');
      const handles = {
        text: pool.share('text'),
        nothing: pool.share(undefined),
        floats: pool.share(new Float64Array([1.5])),
        look: pool.share(look),
        point: pool.share(new Point()),
        outer: pool.share({ inner }),
      };
      inner[Symbol.dispose](); // the other one has it
      const read = ({ text, nothing, floats, look, point, outer }: typeof handles) =>
        [
          text.value,
          nothing.value,
          floats.value[0],
          look.value('one'),
          point.value.twice(),
          outer.value.inner.value,
        ] as const;
      expect(await pool.submit(read, handles)).toEqual(['text', undefined, 1.5, 1, 6, 'inner']);
    });
  });

  test('is encoded once, and rebuilt once in each worker, those included that come later', async () => {
    const executor = newPool({ maxWorkers: 2, maxTasksPerWorker: 20 });
    const before = Counted.reduced;
    const shared = executor.share(new Counted('c'));
    const read = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return `${process.pid} ${shared.value.name} ${(globalThis as { rebuilt?: number }).rebuilt}`;
    };
    const lines = await Promise.all(Array.from({ length: 100 }, () => executor.submit(read)));
    const seen = new Set(lines);
    expect(seen.size).toBeGreaterThanOrEqual(5);
    for (const line of seen) expect(line).toMatch(/^\d+ c 1$/);
    expect(Counted.reduced).toBe(before + 1);
  });

  test('is the same for every executor of the process', async () => {
    const first = newPool();
    const shared = first.share({ name: 'of the first' });
    await first.shutdown();
    expect(await pool.submit(() => shared.value.name)).toBe('of the first');
    expect(() => first.share(1)).toThrow(ShutdownExecutorError);
  });

  test('goes on working when a reusable executor is replaced', async () => {
    const executor = getReusableExecutor({ maxWorkers: 1, key: 'shared' });
    const shared = executor.share([1, 2]);
    expect(await executor.submit(() => shared.value.length)).toBe(2);
    const other = getReusableExecutor({ maxWorkers: 1, key: 'shared', env: { OTHER: '1' } });
    expect(await executor.submit(() => [shared.value.length, process.env.OTHER])).toEqual([2, '1']);
    expect(executor.share(3).value).toBe(3);
    await other.shutdown();
  });

  test('tells initializers of different values apart, and is there for them as long as the executor is', async () => {
    const initializer = (shared: Shared<string>) => {
      (globalThis as { given?: string }).given = shared.value;
    };
    const options = (shared: Shared<string>) => ({
      maxWorkers: 1,
      key: 'initialized',
      initializer,
      initArgs: [shared],
    });
    const given = () => (globalThis as { given?: string }).given;
    const [one, two] = [pool.share('one'), pool.share('two')];
    const first = getReusableExecutor(options(one));
    expect(getReusableExecutor(options(one))).toBe(first);
    const second = getReusableExecutor(options(two));
    two[Symbol.dispose]();
    expect(await second.submit(given)).toBe('two');
    await second.shutdown();
  });

  test('travels on to the workers of a worker', async () => {
    const shared = pool.share(new Map([['deep', 42]]));
    const nested = async (map: Shared<Map<string, number>>) => {
      const { ProcessPoolExecutor } = await import('loky');
      await using inner = new ProcessPoolExecutor({ maxWorkers: 1 });
      map[Symbol.dispose](); // is for the host to do
      return inner.submit((each: typeof map) => each.value.get('deep'), map);
    };
    expect(await pool.submit(nested, shared)).toBe(42);
    expect(shared.value.size).toBe(1);
  });

  describe('is refused in words', () => {
    test('by submit and map, once it was disposed', async () => {
      const shared = pool.share([1]);
      shared[Symbol.dispose]();
      shared[Symbol.dispose]();
      const error = await rejectionOf(pool.submit((list: { of: typeof shared }) => list.of, { of: shared }));
      expect(error).toBeInstanceOf(SerializationError);
      expect(error).toMatchObject({
        path: 'argument 0.of',
        message: expect.stringContaining(
          'is a shared value that was disposed\n  hint: dispose it after the last submit',
        ),
      });
      const mapped = await rejectionOf(pool.map((n: number) => shared.value[n], [1]).toArray());
      expect(mapped).toMatchObject({ path: 'closure variable `shared`' });
      expect(() => shared.value).toThrow('the shared value was disposed');
    });

    test('in a result', async () => {
      const shared = pool.share([1]);
      const error = await rejectionOf(pool.submit(() => ({ list: [shared] })));
      expect(error).toBeInstanceOf(SerializationError);
      expect((error as Error).message).toMatch(
        /result\.list\[0\] is a shared value\n {2}hint: return its `value`/,
      );
      const own = await rejectionOf(
        pool.submit(() => {
          throw Object.assign(new Error('with it'), { shared });
        }),
      );
      expect(own).toMatchObject({ message: 'with it' });
      expect((own as { shared?: unknown }).shared).toBeUndefined();
    });

    test('where the value cannot be sent, or the serializer does not carry it', () => {
      const socket = { promise: Promise.resolve() };
      expect(() => pool.share({ deep: socket })).toThrow(/the shared value\.deep\.promise is a Promise/);
      const executor = newPool({ serializer: 'v8' });
      expect(() => executor.share(() => 1)).toThrow(/the serializer is "v8"/);
      expect(executor.share([1]).value).toEqual([1]);
    });
  });

  test('is told apart in what explain says, and does not count as large', () => {
    const shared = pool.share(Buffer.alloc(2_000_000));
    const { bytes, parts } = explain(() => shared.value);
    expect(bytes).toBeLessThan(10_000);
    expect(parts).toContainEqual(
      expect.objectContaining({ path: 'closure variable `shared`', what: 'Shared' }),
    );
  });

  test.each(['auto', 'devalue'] as const)(
    'goes through reducers with the serializer %s',
    async (serializer) => {
      const executor = newPool({
        serializer,
        jobReducers: {
          big: {
            test: (value) => typeof value === 'object' && value !== null && 'big' in value,
            reduce: ({ big }: { big: number }) => big + 1,
            rebuild: (big: number) => ({ rebuilt: big }),
          },
        },
      });
      const shared = executor.share<unknown>([{ big: 1 }]);
      expect(await executor.submit(() => shared.value)).toEqual([{ rebuilt: 2 }]);
    },
  );
});

describe('when something goes wrong, a shared value', () => {
  const newPool = poolsOfEachTest();
  const read = ({ value }: Shared<Buffer>): number => value.length;
  const large = () => Buffer.alloc(3_000_000, 1);

  /** Dies at the first try. */
  function dieOnce(shared: Shared<Buffer>, file: string): number {
    const { existsSync: exists, writeFileSync } = process.getBuiltinModule('node:fs');
    if (!exists(file)) {
      writeFileSync(file, '');
      process.kill(process.pid, 'SIGKILL');
    }
    return shared.value.length;
  }

  async function works(executor: ProcessPoolExecutor, shared: Shared<Buffer>): Promise<void> {
    expect(await executor.submit(read, shared)).toBe(3_000_000);
  }

  test('is there for the retry of a task whose worker died, also if it was disposed meanwhile', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', crashRetries: 1 });
    const shared = executor.share(large());
    const file = join(folder, 'died');
    const future = executor.submit(dieOnce, shared, file);
    shared[Symbol.dispose]();
    expect(await future).toBe(3_000_000);
    expect(existsSync(file)).toBe(true);
  });

  test.each([0, 1])('is there after a crash, with %d spare workers', async (spareWorkers) => {
    const executor = newPool({ onWorkerCrash: 'isolate', spareWorkers });
    const shared = executor.share(large());
    await works(executor, shared);
    for (let crash = 0; crash < 2; crash += 1) {
      expect(await rejectionOf(executor.submit(killSelf))).toBeInstanceOf(TerminatedWorkerError);
      await works(executor, shared);
    }
  });

  test('fails with its task when the pool breaks, and works in the next executor', async () => {
    const executor = newPool();
    const shared = executor.share(large());
    const file = join(folder, 'broke');
    expect(await rejectionOf(executor.submit(dieOnce, shared, file))).toBeInstanceOf(TerminatedWorkerError);
    await works(newPool(), shared);
  });

  test('is there after a task was killed: cancelled, out of time, its signal aborted', async () => {
    const executor = newPool();
    const shared = executor.share(large());
    const hang = async ({ value }: Shared<Buffer>) => {
      if (value.length > 0) await new Promise(() => setInterval(() => {}, 1000));
    };
    const future = executor.submit(hang, shared);
    await sleepFor(50);
    future.cancel({ kill: true });
    await works(executor, shared);
    expect(await rejectionOf(executor.withOptions({ timeout: 50 }).submit(hang, shared))).toBeInstanceOf(
      TimeoutError,
    );
    await works(executor, shared);
    const signal = AbortSignal.timeout(50);
    await rejectionOf(executor.withOptions({ signal }).submit(hang, shared));
    await works(executor, shared);
  });

  test('ends with a shutdown that kills, and with one that cancels', async () => {
    const executor = newPool();
    const shared = executor.share(large());
    const running = executor.submit(runForEver);
    const waiting = Array.from({ length: 3 }, () => executor.submit(read, shared));
    await executor.shutdown({ killWorkers: true, cancelFutures: true });
    for (const future of [running, ...waiting]) await rejectionOf(future);
    await works(newPool(), shared);
  });

  test('is there for all tasks that were submitted with it, however many, and disposed after that', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const shared = executor.share(large());
    const futures = Array.from({ length: 300 }, () => executor.submit(read, shared));
    shared[Symbol.dispose]();
    expect(new Set(await Promise.all(futures))).toEqual(new Set([3_000_000]));
    expect(await executor.submit(() => 1)).toBe(1);
  });

  test('has not begun to be loaded where its task was cancelled in the queue', async () => {
    const executor = newPool();
    const { future: sleeping } = await beginSleeping(executor, 300);
    const shared = executor.share(new Counted('cancelled'));
    const future = executor.submit(() => shared.value.name);
    expect(future.cancel()).toBe(true);
    await sleeping;
    expect(await executor.submit(rebuiltHere)).toBeUndefined();
  });
});

describe('when no one needs it any more, a shared value', () => {
  const newPool = poolsOfEachTest();

  const watch = ({ value }: Shared<object>) => {
    (globalThis as { watched?: WeakRef<object> }).watched = new WeakRef(value);
  };
  const isThere = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    (globalThis as { gc?: () => void }).gc?.();
    return (globalThis as { watched?: WeakRef<object> }).watched?.deref() !== undefined;
  };

  test('is taken from the workers when it is disposed, and not before', async () => {
    const executor = newPool({ execArgv: ['--expose-gc'] });
    const shared = executor.share({ large: new Array(1000).fill(0) });
    await executor.submit(watch, shared);
    expect(await executor.submit(isThere)).toBe(true);
    shared[Symbol.dispose]();
    expect(await executor.submit(isThere)).toBe(false);
  });

  test('stays until the last task has it that was submitted with it', async () => {
    const executor = newPool({ execArgv: ['--expose-gc'] });
    const shared = executor.share({ large: new Array(1000).fill(0) });
    await executor.submit(watch, shared);
    const { future: sleeping } = await beginSleeping(executor, 200);
    const before = executor.submit(isThere);
    const last = executor.submit(({ value }: Shared<{ large: number[] }>) => value.large.length, shared);
    const after = executor.submit(isThere);
    shared[Symbol.dispose]();
    await sleeping;
    expect([await before, await last]).toEqual([true, 1000]);
    await after;
    expect(await executor.submit(isThere)).toBe(false);
  });
});

describe('a program', () => {
  const run = scriptFolder();

  test('that holds a shared value no more loses it, whatever it keeps of the tasks', async () => {
    const { code, said, stderr } = await run(
      `
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, execArgv: ['--expose-gc'] });
      const futures = [];
      await (async () => {
        const shared = executor.share({ large: new Array(1000).fill(0) });
        futures.push(executor.submit(({ value }) => { globalThis.watched = new WeakRef(value); }, shared));
        futures.push(executor.submit(() => shared.value.large.length));
        await Promise.all(futures);
      })();
      const isThere = async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        gc();
        return globalThis.watched.deref() !== undefined;
      };
      say(await executor.submit(isThere));
      for (let tries = 0; tries < 100 && await executor.submit(isThere); tries += 1) {
        gc();
        await sleep(10);
      }
      say(await executor.submit(isThere));
      say(await futures[1]);
      await executor.shutdown();
      `,
      { execArgv: ['--expose-gc'] },
    ).ended;
    expect({ code, said, stderr }).toEqual({ code: 0, said: [true, false, 1000], stderr: '' });
  });

  test('shares what takes modules that workers have to import, and hears which one cannot be', async () => {
    const points = join(folder, 'points.mjs');
    writeFileSync(points, 'export class Point { x = 3; twice() { return this.x * 2; } }');
    const passing = join(folder, 'passing.mjs');
    writeFileSync(passing, 'export class Passing {}');
    const { code, said, stderr } = await run(`
      import { rmSync } from 'node:fs';
      import { Point } from ${JSON.stringify(points)};
      import { Passing } from ${JSON.stringify(passing)};
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const shared = executor.share([new Point()]);
      say(await executor.submit(() => shared.value[0].twice()));
      rmSync(${JSON.stringify(passing)});
      const other = executor.share(new Passing());
      for (let times = 0; times < 2; times += 1)
        say(await executor.submit((passing) => passing.value, other).catch(({ name, message }) => [name, message]));
      say(await executor.submit(() => shared.value[0].twice()));
      await executor.shutdown();
    `).ended;
    const refusal = ['SerializationError', expect.stringContaining('the worker cannot load')];
    expect({ code, said, stderr }).toEqual({ code: 0, said: [6, refusal, refusal, 6], stderr: '' });
  });
});
