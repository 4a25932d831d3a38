/** The defaults of the options, and the words of the checks. */
import { describe, expect, test } from '@jest/globals';
import { executorChecks, resolveExecutorOptions } from '../../lib/options/executor-options.ts';
import { wantsKill } from '../../lib/options/task-options.ts';
import * as check from '../../lib/system/check.ts';
import { cpuCount } from '../../lib/system/cpu-count.ts';

describe('the defaults', () => {
  test('are those of the contract', () => {
    expect(resolveExecutorOptions()).toMatchObject({
      maxWorkers: cpuCount(),
      minWorkers: 0,
      spareWorkers: 0,
      idleTimeout: null,
      context: { startMethod: 'loky' },
      preload: [],
      initializer: undefined,
      initArgs: [],
      env: {},
      onWorkerCrash: 'break',
      crashRetries: 0,
      restartIntensity: undefined,
      maxTasksPerWorker: Number.POSITIVE_INFINITY,
      tasksPerWorker: 1,
      memory: { leakThreshold: 300e6, checkDelay: 1000, limit: undefined },
      taskTimeout: undefined,
      maxPending: Number.POSITIVE_INFINITY,
      stdio: 'inherit',
      startTimeout: 60_000,
    });
  });

  test('fill up a part of memory', () => {
    expect(resolveExecutorOptions({ memory: { limit: 5e6 } }).memory).toEqual({
      leakThreshold: 300e6,
      checkDelay: 1000,
      limit: 5e6,
    });
  });

  test('leave out what of the options of the host makes no sense in a worker', () => {
    const { execArgv } = process;
    process.execArgv = [
      '--enable-source-maps',
      '-e',
      'code',
      '--inspect=0',
      '--test',
      '--expose_gc',
      '--max-old-space-size=99',
    ];
    try {
      expect(resolveExecutorOptions().execArgv).toEqual([
        '--enable-source-maps',
        '--expose_gc',
        '--max-old-space-size=99',
      ]);
    } finally {
      process.execArgv = execArgv;
    }
  });

  test('every option of the contract has a check', () => {
    expect(Object.keys(executorChecks).sort()).toEqual(
      [
        'maxWorkers',
        'minWorkers',
        'spareWorkers',
        'idleTimeout',
        'context',
        'initializer',
        'initArgs',
        'teardown',
        'teardownTimeout',
        'killGrace',
        'env',
        'execArgv',
        'execPath',
        'argv',
        'cwd',
        'preload',
        'jobReducers',
        'resultReducers',
        'serializer',
        'onWorkerCrash',
        'crashRetries',
        'restartIntensity',
        'maxTasksPerWorker',
        'tasksPerWorker',
        'memory',
        'taskTimeout',
        'unknownClasses',
        'maxPending',
        'stdio',
        'startTimeout',
      ].sort(),
    );
  });

  test('resultReducers default to jobReducers', () => {
    const reducers = {};
    expect(resolveExecutorOptions({ jobReducers: reducers }).resultReducers).toBe(reducers);
  });
});

describe('a check', () => {
  const saysOf = (value: unknown) => check.describe(value);

  test.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'undefined'],
    ['a', '"a"'],
    [5, '5 (number)'],
    [5n, '5 (bigint)'],
    [Symbol('s'), 'Symbol(s) (symbol)'],
    [() => 1, 'a function'],
    [[], 'an array'],
    [Object.create(null), 'an object'],
    [true, 'true (boolean)'],
  ])('describes %p as %s', (value, words) => {
    expect(saysOf(value)).toBe(words);
  });

  test('does not take inherited names for options', () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty']) {
      const options = JSON.parse(`{"${name}": 1}`) as object;
      expect(() => check.checkOptions(options, { a: check.anything }, 'f')).toThrow(
        `unknown option ${name} of f`,
      );
    }
  });

  test('names options of options by their whole name', () => {
    const nested = check.nested({ limit: check.bytes });
    expect(() => nested({ limit: -1 }, 'memory')).toThrow(
      /^memory\.limit must be a number of bytes, 1 or more, got -1$/,
    );
  });
});

describe('killWorkers', () => {
  test.each<[object | undefined, boolean]>([
    [undefined, false],
    [{}, false],
    [{ killWorkers: true }, true],
    [{ kill_workers: true }, true],
    [{ killWorkers: false, kill_workers: true }, false],
  ])('of %p is %p', (options, wanted) => {
    expect(wantsKill(options)).toBe(wanted);
  });
});
