/** Options of a task in the place of an argument: a hint where that is sure, and nothing anywhere else. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { hintAtOptions } from '../../lib/executor/options-as-argument.ts';

const warn = jest.spyOn(process, 'emitWarning');
beforeEach(() => {
  warn.mockReset().mockImplementation(() => {});
});
afterEach(() => {
  warn.mockReset();
});

const square = (n: number) => n * n;
type AnyFunction = (...args: never[]) => unknown;
const hint = (fn: AnyFunction, ...args: unknown[]) => hintAtOptions({}, fn, args);

test.each([
  [square, { timeout: 5 }],
  [square, { signal: new AbortController().signal, retries: 1 }],
  [square, { name: 'mine' }],
  [(n: { a: 1 }) => n, { priority: 2 }],
  [async (_a: number) => '=', { timeout: 5 }],
  [square, Object.assign(Object.create(null), { timeout: 5 })],
])('%p with %p is answered', (fn, options) => {
  hint(fn as AnyFunction, 1, options);
  const names = Object.keys(options as object).join(', ');
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining(`withOptions({ ${names} }).submit(`), {
    type: 'LokyWarning',
    code: 'LOKY_OPTIONS_AS_ARGUMENT',
  });
});

test('it is given once for each executor', () => {
  const owner = {};
  for (let round = 0; round < 3; round += 1) hintAtOptions(owner, square, [1, { timeout: 5 }]);
  hintAtOptions({}, square, [1, { timeout: 5 }]);
  expect(warn).toHaveBeenCalledTimes(2);
});

describe('nothing is said of', () => {
  test.each<[string, AnyFunction, unknown]>([
    ['a parameter', (_n: number, _options: object) => 0, { timeout: 5 }],
    ['a parameter with a default', (_n: number, _options: object = {}) => 0, { timeout: 5 }],
    [
      'a destructured one with a default',
      (_n: number, { timeout = 1 }: { timeout?: number } = {}) => timeout,
      { timeout: 5 },
    ],
    ['rest parameters', (...all: number[]) => all, { timeout: 5 }],
    [
      'a function that reads its arguments',
      function mine() {
        // biome-ignore lint/complexity/noArguments: that is the case
        return arguments.length;
      },
      { timeout: 5 },
    ],
    ['a function of Node', Math.max, { timeout: 5 }],
    ['a bound function', square.bind(null), { timeout: 5 }],
    ['other data', square, { timeout: 5, url: 'x' }],
    ['a name that is no text', square, { name: { first: 'a' } }],
    ['a timeout that is no number', square, { timeout: '5' }],
    ['an empty object', square, {}],
    ['an instance', square, Object.assign(new (class Mine {})(), { timeout: 5 })],
    ['a proxy', square, new Proxy({ timeout: 5 }, {})],
    [
      'a getter',
      square,
      {
        get timeout() {
          throw new Error('asked');
        },
      },
    ],
    ['an array', square, [5]],
    ['a primitive', square, 5],
  ])('%s', (_, fn, last) => {
    hint(fn, 1, last);
    expect(warn).not.toHaveBeenCalled();
  });
});
