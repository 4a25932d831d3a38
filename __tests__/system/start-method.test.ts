import { afterEach, describe, expect, test } from '@jest/globals';
import { cpuCount } from '../../lib/system/cpu-count.ts';
import { getContext, getStartMethod, setStartMethod } from '../../lib/system/start-method.ts';

afterEach(() => setStartMethod(null, { force: true }));

describe('start methods', () => {
  test("'loky' is the default", () => {
    expect(getStartMethod()).toBe('loky');
    expect(getContext().startMethod).toBe('loky');
  });

  test('a context is the same object each time, knows its name and counts CPUs', () => {
    expect(getContext('loky_init_main')).toBe(getContext('loky_init_main'));
    expect(getContext('loky_init_main').startMethod).toBe('loky_init_main');
    expect(getContext().cpuCount()).toBe(cpuCount());
  });

  test('what was set is the default from then on', () => {
    setStartMethod('loky_init_main');
    expect(getStartMethod()).toBe('loky_init_main');
    expect(getContext().startMethod).toBe('loky_init_main');
    expect(getContext('loky').startMethod).toBe('loky');
  });

  test('setting it twice needs force', () => {
    setStartMethod('loky');
    expect(() => setStartMethod('loky_init_main')).toThrow(
      "The start method has already been set to 'loky'. Pass { force: true } to change it.",
    );
    setStartMethod('loky_init_main', { force: true });
    expect(getStartMethod()).toBe('loky_init_main');
    setStartMethod(null, { force: true });
    setStartMethod('loky');
    expect(getStartMethod()).toBe('loky');
  });

  test.each([
    [
      'fork',
      "Unknown start method 'fork': Node cannot fork a running process. Expected 'loky' or 'loky_init_main'.",
    ],
    ['forkserver', /'forkserver': Node cannot fork/],
    ['spawn', /'spawn': a worker is always a fresh process/],
    ['thread', "Unknown start method 'thread'. Expected 'loky' or 'loky_init_main'."],
  ])('%s is refused', (name, message) => {
    expect(() => getContext(name as 'loky')).toThrow(message);
    expect(() => getContext(name as 'loky')).toThrow(RangeError);
    expect(() => setStartMethod(name as 'loky')).toThrow(message);
    expect(getStartMethod()).toBe('loky');
  });

  test('what is no string is refused', () => {
    expect(() => getContext(3 as unknown as 'loky')).toThrow(TypeError);
  });
});
