/** Tasks that replace what the worker itself needs of Node, or that keep it from telling what went wrong. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { register } from 'loky';
import { boundNames, parseProgram } from '../../lib/sending/functions/syntax.ts';
import { freeNames } from '../../lib/sending/functions/walker.ts';
import { poolsOfEachTest, rejectionOf, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

const spoilers: [string, () => unknown][] = [
  ['fs.writeSync', () => Object.assign(process.getBuiltinModule('node:fs'), { writeSync() {} })],
  ['fs.readSync', () => Object.assign(process.getBuiltinModule('node:fs'), { readSync: () => 4 })],
  ['process.memoryUsage', () => void Object.assign(process, { memoryUsage: () => ({ rss: 1 }) })],
  [
    'performance.now',
    () => {
      performance.now = () => {
        throw new Error('no time');
      };
    },
  ],
  ['performance', () => void Object.assign(globalThis, { performance: undefined })],
  ['process.nextTick', () => void Object.assign(process, { nextTick() {} })],
];

describe('a worker goes on when a task has replaced', () => {
  test.each(spoilers)('%s', async (_, spoil) => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
    await executor.submit(square, 2);
    await executor.submit((run: () => unknown) => void run(), spoil);
    expect(await executor.submit(square, 3)).toBe(9);
    expect(await executor.submit(async (n: number) => Promise.resolve(n), 4)).toBe(4);
    expect((await executor.submit(() => new Uint8Array(5e6))).length).toBe(5e6);
    const squares = Array.from({ length: 40 }, (_, n) => executor.submit(square, n));
    expect(await Promise.all(squares)).toHaveLength(40);
    await executor.shutdown();
  });
});

describe('a worker goes on when a task has replaced the globals', () => {
  /** Also those that nobody replaces by accident: the rule is the same. */
  const NAMES = [
    ...[
      'process',
      'Buffer',
      'performance',
      'console',
      'URL',
      'AbortController',
      'structuredClone',
      'DOMException',
    ],
    ...[
      'setTimeout',
      'clearTimeout',
      'setImmediate',
      'queueMicrotask',
      'Promise',
      'Map',
      'Set',
      'WeakMap',
      'JSON',
    ],
    ...[
      'Object',
      'Array',
      'String',
      'Number',
      'Date',
      'RegExp',
      'Function',
      'Symbol',
      'Reflect',
      'Proxy',
      'BigInt',
    ],
    ...['Error', 'TypeError', 'Uint8Array', 'ArrayBuffer', 'Math', 'WeakRef', 'globalThis'],
  ];
  const undefineAll = (names: string[]): void => {
    const all = globalThis as Record<string, unknown>;
    for (const name of names) all[name] = undefined;
  };
  const fakeAll = (names: string[]): void => {
    const all = globalThis as Record<string, unknown>;
    for (const name of names)
      all[name] = function Fake() {
        return {};
      };
  };
  const circle: unknown[] = [1];
  circle.push(circle);

  test.each([
    ['by nothing', undefineAll],
    ['by something else', fakeAll],
  ])('%s', async (_, replace) => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore', onWorkerCrash: 'isolate' });
    const pid = await executor.submit(() => process.pid);
    await executor.submit(replace, NAMES);
    expect(await executor.submit(square, 3)).toBe(9);
    expect(await executor.submit(async (n: number) => n, 4)).toBe(4);
    const failed = await rejectionOf(executor.submit(() => (undefined as unknown as { x: 1 }).x));
    expect(failed).toBeInstanceOf(TypeError);
    expect(failed.message).toContain('Cannot read');
    expect(await executor.submit(() => ({ list: [1, { two: 2 }], pattern: /x/ }))).toEqual({
      list: [1, { two: 2 }],
      pattern: /x/,
    });
    expect(await executor.submit((list: unknown[]) => list[1] === list, circle)).toBe(true);
    expect(await executor.submit((bytes: Uint8Array) => bytes.length, new Uint8Array(3e5))).toBe(3e5);
    expect(executor.stats().workers).toMatchObject([{ pid, tasksDone: 8 }]);
    await executor.shutdown();
  });

  test('the program of a worker has no name for a global of which a task could put another in its place', () => {
    const text = readFileSync(new URL('../../dist/worker.cjs', import.meta.url), 'utf8');
    const own = new Set(boundAtTop(text));
    const free = [...freeNames(parseProgram(text, 'script')).names.keys()].filter((name) => !own.has(name));
    // `Object` is what the bundler's own helpers read, when the program is loaded.
    expect(free.sort()).toEqual(['Object', 'eval', 'globalThis', 'require']);
  });
});

test('a `then` that a task has left in Object.prototype stops no later task', async () => {
  const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
  await executor.submit(
    () => void Object.defineProperty(Object.prototype, 'then', { value() {}, writable: true }),
  );
  expect(await executor.submit(async (n: number) => Promise.resolve(n), 4)).toBe(4);
  expect(await executor.submit(square, 3)).toBe(9);
  await executor.shutdown();
});

describe('a worker whose claims a task has', () => {
  const spoilers: [string, () => unknown][] = [
    ['closed', () => process.getBuiltinModule('node:fs').closeSync(4)],
    [
      'exchanged for another file',
      () => {
        const fs = process.getBuiltinModule('node:fs');
        fs.closeSync(4);
        return fs.openSync('/etc/passwd', 'r');
      },
    ],
  ];
  test('read is ended, too, and what it had run before is answered', async () => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore', onWorkerCrash: 'isolate' });
    const readAt = (n: number, spoilt: number) => {
      if (n === spoilt) process.getBuiltinModule('node:fs').readSync(4, Buffer.alloc(2), 0, 2, null);
      return n;
    };
    for (let n = 0; n < 20; n += 1) await executor.submit(readAt, n, -1);
    // Until there was something to read: that is up to how quick host and worker are.
    while (executor.stats().exits.channel === undefined) {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) => executor.submit(readAt, n, 5)),
      );
      expect(outcomes.slice(0, 6).map(({ status }) => status)).toEqual(Array(6).fill('fulfilled'));
    }
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test.each(spoilers)('%s is ended, every future settles, and the next worker goes on', async (_, spoil) => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore', onWorkerCrash: 'isolate' });
    for (let n = 0; n < 20; n += 1) await executor.submit(square, n);
    const spoiling = executor.submit(spoil);
    const squares = Array.from({ length: 40 }, (_, n) => executor.submit(square, n));
    await Promise.allSettled([spoiling, ...squares]);
    const more = await Promise.allSettled(squares.map((_, n) => executor.submit(square, n)));
    for (const [n, outcome] of [...(await Promise.allSettled(squares)), ...more].entries()) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe((n % 40) ** 2);
      else expect(outcome.reason).toMatchObject({ name: 'TerminatedWorkerError', reason: 'channel' });
    }
    expect(executor.stats().exits).toEqual({ channel: 1 });
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

describe('what a worker cannot build is told by the tasks', () => {
  class Bad {
    // A private static field: workers run what it begins with again.
    static #load(): boolean {
      if (process.env.LOKY_TEST_IN_WORKER) throw new Error('cannot load in a worker');
      return true;
    }
    static readonly #loaded = Bad.#load();
    readonly isBad = Bad.#loaded;
  }
  const isNever = (value: unknown): value is string => value instanceof Bad;
  const env = { ...process.env, LOKY_TEST_IN_WORKER: '1' };

  test.each([
    ['at its start', false],
    ['later', true],
  ])('settings that cannot be loaded, %s', async (_, later) => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore', env });
    if (later) await executor.submit(square, 2);
    register('bad', { test: isNever, reduce: String, rebuild: (text: string) => text });
    try {
      expect((await rejectionOf(executor.submit(square, 2))).name).toBe('SerializationError');
    } finally {
      register('bad', { test: (_): _ is string => false, reduce: String, rebuild: (text: string) => text });
    }
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('a function whose code cannot be read', async () => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
    await executor.submit(() => {
      const { parse } = JSON;
      JSON.parse = () => {
        JSON.parse = parse;
        throw new Error('no JSON');
      };
    });
    const failed = await rejectionOf(executor.submit((n: number) => n + 1, 1));
    expect(failed).toMatchObject({ name: 'SerializationError', message: expect.stringContaining('no JSON') });
    expect(await executor.submit(square, 3)).toBe(9);
  });
});

test.each([
  ['a listener', () => void process.on('unhandledRejection', () => {})],
  ['a capture callback', () => process.setUncaughtExceptionCaptureCallback(() => {})],
])('a worker that is broken ends, though a task has installed %s', async (_, install) => {
  const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
  await executor.submit(install);
  const breaking = executor.submit(() => {
    Math.min = () => {
      throw new Error('broken');
    };
  });
  expect(await rejectionOf(breaking)).toMatchObject({
    name: 'TerminatedWorkerError',
    reason: 'uncaught-exception',
  });
});

function boundAtTop(text: string): string[] {
  const names: string[] = [];
  for (const statement of parseProgram(text, 'script')['body'] as Record<string, unknown>[]) {
    const declared = (statement['declarations'] ?? [statement]) as { readonly id?: unknown }[];
    for (const { id } of declared) if (id) names.push(...boundNames(id));
  }
  return names;
}
