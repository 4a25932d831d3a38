/** What those are told who write an option's name as somebody else does, or wrongly. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { resolveExecutorOptions } from '../../lib/options/executor-options.ts';
import { checkMapOptions, checkShutdownOptions, checkTaskOptions } from '../../lib/options/task-options.ts';
import { cpuCount } from '../../lib/system/cpu-count.ts';
import { getStartMethod, setStartMethod } from '../../lib/system/start-method.ts';

afterEach(() => setStartMethod(null, { force: true }));

test("cpuCount tells the name of loky's option", () => {
  expect(() => cpuCount({ only_physical_cores: true } as object)).toThrow(
    new TypeError('unknown option only_physical_cores of cpuCount: it is called onlyPhysicalCores here'),
  );
});

test('setStartMethod sets nothing for an option that is misspelled or of the wrong type', () => {
  setStartMethod('loky');
  for (const [options, message] of [
    [{ Force: true }, 'unknown option Force of setStartMethod: did you mean force? expected one of force'],
    [{ force: 'yes' }, 'force must be true or false, got "yes"'],
    [null, 'the options of setStartMethod must be an object, got null'],
  ] as const) {
    expect(() => setStartMethod('loky_init_main', options as object)).toThrow(new TypeError(message));
  }
  expect(getStartMethod()).toBe('loky');
});

test("loky's spelling of an option that is taken beside our own is not offered", () => {
  expect(() => checkShutdownOptions({ kill: true } as object)).toThrow(
    new TypeError('unknown option kill of shutdown: expected one of wait, killWorkers, cancelFutures'),
  );
  expect(checkShutdownOptions({ kill_workers: true } as object)).toEqual({ kill_workers: true });
});

describe('a name of another library is answered with ours', () => {
  test.each([
    ...['maxThreads', 'numWorkers', 'workers', 'concurrency', 'maxConcurrentWorkers', 'max_workers'].map(
      (name) => [name, 'it is called maxWorkers here'],
    ),
    ['minThreads', 'it is called minWorkers here'],
    ['maxQueue', 'it is called maxPending here'],
    ['maxQueueSize', 'it is called maxPending here'],
    ['maxRetries', 'it is called crashRetries here'],
    ['maxCallsPerWorker', 'it is called maxTasksPerWorker here'],
    ['timeout', 'it is called idleTimeout here; the limit of a task is taskTimeout'],
    ['initargs', 'it is called initArgs here'],
    ['concurrentTasksPerWorker', 'it is called tasksPerWorker here'],
    ['filename', 'pass the function itself'],
    ['workerType', 'always processes'],
    ['resourceLimits', '--max-old-space-size'],
    ['isolateWorkers', 'maxTasksPerWorker: 1'],
    ['forkOptions', 'env, execArgv, execPath and stdio'],
    ['idleMemoryLimit', 'leakThreshold'],
  ])('%s', (name, answer) => {
    expect(() => resolveExecutorOptions({ [name]: 1 })).toThrow(TypeError);
    expect(() => resolveExecutorOptions({ [name]: 1 })).toThrow(answer);
  });

  test('where it has a meaning of its own', () => {
    expect(() => checkMapOptions({ concurrency: 1 } as object)).toThrow('it is called bufferSize here');
    expect(() => checkTaskOptions({ maxRetries: 1 } as object)).toThrow('it is called retries here');
    expect(() => checkTaskOptions({ filename: 'x' } as object)).toThrow('expected one of timeout, signal,');
  });
});

describe('0 as a limit of time, which would end everything at once, is refused', () => {
  const message = (name: string) =>
    new RangeError(
      `${name} must be a number of milliseconds above 0, got 0: for no limit leave it undefined`,
    );

  test.each(['taskTimeout', 'startTimeout'])('%s of an executor', (name) => {
    expect(() => resolveExecutorOptions({ [name]: 0 })).toThrow(message(name));
    expect(resolveExecutorOptions({ [name]: 0.5 })).toHaveProperty(name, 0.5);
  });

  test('timeout of withOptions and map', () => {
    expect(() => checkTaskOptions({ timeout: 0 })).toThrow(message('timeout'));
    expect(() => checkMapOptions({ timeout: 0 })).toThrow(message('timeout'));
    expect(checkTaskOptions({ timeout: Number.POSITIVE_INFINITY })).toEqual({
      timeout: Number.POSITIVE_INFINITY,
    });
  });
});
