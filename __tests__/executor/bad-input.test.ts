/** Every wrong option, function or argument: what was expected and what came, and the pool as it was before. */
import { describe, expect, test } from '@jest/globals';
import { type ExecutorOptions, ProcessPoolExecutor } from 'loky';
import { poolOfAllTests, square } from './pools.ts';

type Row = [what: string, value: unknown, type: typeof TypeError, says: RegExp];

/** Wrong values of an option, by what it should be. */
const notCount = (name: string, min: number): Row[] => [
  [name, '2', TypeError, /whole number, got "2"/],
  [name, null, TypeError, /whole number, got null/],
  [name, 2n, TypeError, /whole number, got 2 \(bigint\)/],
  [name, 1.5, RangeError, new RegExp(`whole number, ${min} or more, got 1\\.5`)],
  [name, Number.NaN, RangeError, new RegExp(`${min} or more, got NaN`)],
  [name, min - 1, RangeError, new RegExp(`${min} or more, got ${min - 1}`)],
];
const notMilliseconds = (name: string): Row[] => [
  [name, '1s', TypeError, /milliseconds, got "1s"/],
  [name, -1, RangeError, /milliseconds, 0 or more, got -1/],
  [name, Number.NaN, RangeError, /0 or more, got NaN/],
];

const notTimeLimit = (name: string): Row[] => [
  [name, '1s', TypeError, /milliseconds above 0, got "1s"/],
  [name, -1, RangeError, /milliseconds above 0, got -1: for no limit leave it undefined/],
  [name, Number.NaN, RangeError, /above 0, got NaN/],
];

const options: Row[] = [
  ...notCount('maxWorkers', 1),
  ['maxWorkers', Number.POSITIVE_INFINITY, RangeError, /whole number.*got Infinity/],
  ...notCount('minWorkers', 0),
  ...notCount('spareWorkers', 0),
  ['spareWorkers', Number.POSITIVE_INFINITY, RangeError, /whole number.*got Infinity/],
  ...notMilliseconds('idleTimeout'),
  ['context', 'fork', RangeError, /fork.*'loky'/],
  ['context', 'threads', RangeError, /threads.*'loky'/],
  ['context', 5, TypeError, /context.*getContext.*got 5/],
  ['context', {}, TypeError, /context.*getContext.*got an object/],
  ['initializer', 'setup', TypeError, /function, got "setup"/],
  ['initArgs', 'abc', TypeError, /array, got "abc"/],
  ['env', 'PATH=1', TypeError, /object or a function of the rank, got "PATH=1"/],
  ['env', null, TypeError, /got null/],
  ['env', ['A=1'], TypeError, /got an array/],
  ['env', { DEBUG: 1 }, TypeError, /DEBUG.*string.*got 1 \(number\)/],
  ['execArgv', '--expose-gc', TypeError, /array, got "--expose-gc"/],
  ['execArgv', [1], TypeError, /execArgv\[0\].*string, got 1/],
  ['jobReducers', 5, TypeError, /object, got 5/],
  ['resultReducers', 'x', TypeError, /object, got "x"/],
  ['serializer', 5, TypeError, /got 5/],
  ['onWorkerCrash', 'ignore', TypeError, /"break", "isolate", got "ignore"/],
  ...notCount('crashRetries', 0),
  ['restartIntensity', 5, TypeError, /object, got 5/],
  ['restartIntensity', { max: '1' }, TypeError, /max.*got "1"/],
  ['restartIntensity', { max: 1, windows: 2 }, TypeError, /windows.*max, window/],
  ['restartIntensity', { max: 1, window: 1, share: 1.5 }, RangeError, /share must be a number from 0 to 1/],
  ['restartIntensity', { max: 1 }, TypeError, /restartIntensity.*window/],
  ...notCount('maxTasksPerWorker', 1),
  ['memory', 5, TypeError, /object, got 5/],
  ['memory', { limit: '1GB' }, TypeError, /limit.*bytes, got "1GB"/],
  ['memory', { limit: 0 }, RangeError, /limit.*1 or more, got 0/],
  ['memory', { max: 1 }, TypeError, /max.*leakThreshold, checkDelay, limit/],
  ...notTimeLimit('taskTimeout'),
  ...notCount('maxPending', 0),
  ['stdio', 'pipe', TypeError, /"inherit", "ignore", "events", got "pipe"/],
  ...notTimeLimit('startTimeout'),
];

const names: [string, RegExp][] = [
  ['max_workers', /it is called maxWorkers here/],
  ['timeout', /it is called idleTimeout here/],
  ['initargs', /it is called initArgs here/],
  ['job_reducers', /it is called jobReducers here/],
  ['max_tasks_per_child', /it is called maxTasksPerWorker here/],
  ['on_worker_crash', /it is called onWorkerCrash here/],
  ['maxworkers', /expected one of maxWorkers, /],
  ['toString', /unknown option toString/],
];

describe('an executor', () => {
  test.each(options)('refuses %s: %p', (name, value, type, says) => {
    const make = () => new ProcessPoolExecutor({ [name]: value } as ExecutorOptions);
    expect(make).toThrow(type);
    expect(make).toThrow(says);
    expect(make).toThrow(new RegExp(name));
  });

  test.each(names)('answers the unknown option %s with the name to use here', (name, says) => {
    const make = () => new ProcessPoolExecutor({ [name]: 1 } as ExecutorOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(says);
  });

  test.each([[4], ['loky'], [null], [[]]])('refuses options that are %p', (value) => {
    expect(() => new ProcessPoolExecutor(value as never)).toThrow(
      /options of ProcessPoolExecutor must be an object, got/,
    );
  });

  test('refuses options that do not go together', () => {
    expect(() => new ProcessPoolExecutor({ minWorkers: 3, maxWorkers: 2 })).toThrow(
      /minWorkers \(3\).*maxWorkers \(2\)/,
    );
    expect(() => new ProcessPoolExecutor({ crashRetries: 1 })).toThrow(
      /crashRetries needs onWorkerCrash: 'isolate'/,
    );
    expect(() => new ProcessPoolExecutor({ initArgs: [1] })).toThrow(/initArgs needs an initializer/);
  });

  test('takes undefined for every option as not given', () => {
    const undefinedOptions = Object.fromEntries(options.map(([name]) => [name, undefined]));
    expect(() => new ProcessPoolExecutor(undefinedOptions as ExecutorOptions)).not.toThrow();
  });
});

describe('a pool that is used wrongly', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });
  // biome-ignore lint/suspicious/noExplicitAny: wrong calls are the point
  const wrong = pool as any;

  const calls: [string, () => unknown, typeof TypeError, RegExp][] = [
    ['submit()', () => wrong.submit(), TypeError, /submit expects a function to run, got undefined/],
    ['submit("f")', () => wrong.submit('f'), TypeError, /submit expects a function to run, got "f"/],
    ['submit({})', () => wrong.submit({}), TypeError, /submit expects a function to run, got an object/],
    ['map()', () => wrong.map(), TypeError, /map expects a function to run, got undefined/],
    ['map(f)', () => wrong.map(square), TypeError, /at least one input/],
    [
      'map(f, 5)',
      () => wrong.map(square, 5),
      TypeError,
      /input 0 of map must be iterable or async iterable, got 5/,
    ],
    ['map(f, null)', () => wrong.map(square, null), TypeError, /input 0.*got null/],
    ['map(f, {})', () => wrong.map(square, {}), TypeError, /input 0.*got an object/],
    ['map(f, [], 5)', () => wrong.map(square, [], 5), TypeError, /options of map must be an object, got 5/],
    ['map(f, 5, [])', () => wrong.map(square, 5, []), TypeError, /input 0.*got 5/],
    [
      'chunkSize 0',
      () => wrong.map(square, [1], { chunkSize: 0 }),
      RangeError,
      /chunkSize.*1 or more, got 0/,
    ],
    ['chunkSize -1', () => wrong.map(square, [1], { chunkSize: -1 }), RangeError, /chunkSize.*got -1/],
    ['chunksize', () => wrong.map(square, [1], { chunksize: 2 }), TypeError, /it is called chunkSize here/],
    [
      'buffersize',
      () => wrong.map(square, [1], { buffersize: 2 }),
      TypeError,
      /it is called bufferSize here/,
    ],
    [
      'bufferSize 0',
      () => wrong.map(square, [1], { bufferSize: 0 }),
      RangeError,
      /bufferSize.*1 or more, got 0/,
    ],
    [
      'timeout "1"',
      () => wrong.map(square, [1], { timeout: '1' }),
      TypeError,
      /timeout.*milliseconds above 0, got "1"/,
    ],
    [
      'ordered 1',
      () => wrong.map(square, [1], { ordered: 1 }),
      TypeError,
      /ordered must be true or false, got 1/,
    ],
    [
      'onProgress',
      () => wrong.map(square, [1], { onProgress: 1 }),
      TypeError,
      /onProgress must be a function, got 1/,
    ],
    [
      'withOptions(5)',
      () => wrong.withOptions(5),
      TypeError,
      /options of withOptions must be an object, got 5/,
    ],
    [
      'an unknown option',
      () => wrong.withOptions({ time: 1 }),
      TypeError,
      /unknown option time.*timeout, signal/,
    ],
    ['a bad timeout', () => wrong.withOptions({ timeout: -1 }), RangeError, /timeout.*above 0, got -1/],
    [
      'a bad signal',
      () => wrong.withOptions({ signal: {} }),
      TypeError,
      /signal must be an AbortSignal, got an object/,
    ],
    [
      'a bad priority',
      () => wrong.withOptions({ priority: 'high' }),
      TypeError,
      /priority.*number, got "high"/,
    ],
    ['priority NaN', () => wrong.withOptions({ priority: Number.NaN }), RangeError, /priority.*NaN/],
    ['a bad name', () => wrong.withOptions({ name: 5 }), TypeError, /name must be a string, got 5/],
    ['bad retries', () => wrong.withOptions({ retries: -1 }), RangeError, /retries.*0 or more, got -1/],
    ["retries with 'break'", () => wrong.withOptions({ retries: 1 }), TypeError, /retries needs.*'isolate'/],
    [
      "retries with 'break' in a view of a view",
      () => wrong.withOptions({ name: 'x' }).withOptions({ retries: 1 }),
      TypeError,
      /retries needs.*'isolate'/,
    ],
    ['prewarm("2")', () => wrong.prewarm('2'), TypeError, /prewarm.*whole number, got "2"/],
    ['prewarm(0)', () => wrong.prewarm(0), RangeError, /prewarm.*1 or more, got 0/],
    [
      'shutdown(true)',
      () => wrong.shutdown(true),
      TypeError,
      /options of shutdown must be an object, got true/,
    ],
    [
      'shutdown({ wait: 1 })',
      () => wrong.shutdown({ wait: 1 }),
      TypeError,
      /wait must be true or false, got 1/,
    ],
    [
      'cancel_futures',
      () => wrong.shutdown({ cancel_futures: true }),
      TypeError,
      /it is called cancelFutures here/,
    ],
    ['an unknown mode', () => wrong.shutdown({ kill: true }), TypeError, /unknown option kill of shutdown/],
  ];

  test.each(calls)('says what was expected of %s, and works on', async (_, call, type, says) => {
    const error = await (async () => call())().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(says);
    expect(pool.stats()).toMatchObject({ pending: 0, running: 0 });
    expect(await pool.submit(square, 3)).toBe(9);
  });
});
