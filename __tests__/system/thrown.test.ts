import { describe, expect, test } from '@jest/globals';
import { reasonOf } from '../../lib/sending/common/reason.ts';
import { describeThrown, isError, messageOf } from '../../lib/system/thrown.ts';

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const hands = (): never => {
  throw new Error('hands off');
};

describe('what was thrown, in words', () => {
  test.each([
    [new Error('mine'), 'mine'],
    [new Error(), ''],
    [{ message: 'of a plain object' }, 'of a plain object'],
    ['words', 'words'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [Symbol('odd'), 'Symbol(odd)'],
  ])('is the message, or the value as a string: %#', (thrown, message) => {
    expect([messageOf(thrown), reasonOf(thrown)]).toEqual([message, message]);
  });

  test.each([
    [Object.create(null)],
    [revoked({})],
    [revoked(new Error('x'))],
    [Object.assign(new Error('x'), { message: Symbol('odd') })],
    [Object.defineProperty(new RangeError('x'), 'message', { get: hands })],
    [{ toString: hands }],
    [
      {
        get [Symbol.toStringTag]() {
          return hands();
        },
        toString: hands,
      },
    ],
  ])('is never an error of its own: %#', (thrown) => {
    expect([messageOf(thrown), reasonOf(thrown)]).toEqual(Array(2).fill('a value that has no text'));
    expect(describeThrown(thrown)).toEqual(expect.any(String));
    expect(isError(thrown)).toEqual(expect.any(Boolean));
  });

  test('names what was too much for V8', () => {
    expect(reasonOf(new RangeError('Invalid string length'))).toBe('it is nested too deeply or too large');
    expect(reasonOf(new RangeError('of mine'))).toBe('of mine');
  });
});
