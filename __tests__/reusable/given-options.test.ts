/** What callers of `getReusableExecutor` give it stays theirs: they may change it, and it is compared as it is then. */
import { afterEach, expect, test } from '@jest/globals';
import { getReusableExecutor } from 'loky';

const key = 'given options';
afterEach(() => getReusableExecutor({ key, reuse: true, maxWorkers: 1 }).shutdown());

test('an environment, options of Node or a limit that were changed in place are others', async () => {
  const env: Record<string, string> = { GIVEN: '1' };
  const execArgv = ['--no-warnings'];
  const restartIntensity = { max: 1, window: 1000 };
  const get = () => getReusableExecutor({ key, maxWorkers: 1, env, execArgv, restartIntensity });
  const given = () => [process.env['GIVEN'], process.execArgv.length];

  const first = get();
  expect(await first.submit(given)).toEqual(['1', 1]);
  env['GIVEN'] = '2';
  const second = get();
  expect(second).not.toBe(first);
  expect(await second.submit(given)).toEqual(['2', 1]);
  execArgv.push('--throw-deprecation');
  const third = get();
  expect(third).not.toBe(second);
  expect(await third.submit(given)).toEqual(['2', 2]);
  restartIntensity.max = 2;
  expect(get()).not.toBe(third);
  expect(get()).toBe(get());
});

test('an invalid LOKY_MAX_CPU_COUNT says nothing where maxWorkers is given', () => {
  const before = process.env['LOKY_MAX_CPU_COUNT'];
  process.env['LOKY_MAX_CPU_COUNT'] = 'auto';
  try {
    expect(getReusableExecutor({ key, maxWorkers: 1 }).stats().workers).toEqual([]);
    expect(() => getReusableExecutor({ key })).toThrow('LOKY_MAX_CPU_COUNT');
  } finally {
    if (before === undefined) delete process.env['LOKY_MAX_CPU_COUNT'];
    else process.env['LOKY_MAX_CPU_COUNT'] = before;
  }
});
