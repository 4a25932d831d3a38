/** What the program of the builds takes for a difference. */
import { describe, expect, test } from '@jest/globals';
import { differenceOf } from '../../../scripts/matrix/program/compare.ts';

class A {
  n = 1;
}
const OtherA = { A: class A {} }.A;
const cycle: { self?: unknown } = {};
cycle.self = cycle;
const empty = {};
const withGetter = <T extends object>(owner: T, given: string): T =>
  Object.defineProperty(owner, 'message', { get: () => given, enumerable: true, configurable: true });
const withData = <T extends object>(owner: T, value: string): T =>
  Object.defineProperty(owner, 'message', { value, enumerable: true, configurable: true, writable: true });
const omitted = (error: Error): Error =>
  Object.assign(error, { [Symbol.for('loky.omitted')]: ['retry'] }) as Error;

describe('two results are the same', () => {
  test.each<[string, unknown, unknown]>([
    ['equal data', { a: [1, { b: -0 }], d: new Date(1) }, { a: [1, { b: -0 }], d: new Date(1) }],
    ['maps and sets', new Map([['a', new Set([1])]]), new Map([['a', new Set([1])]])],
    ['cycles', cycle, structuredClone(cycle)],
    [
      'an error without what it says that it lacks',
      Object.assign(new Error('x'), { retry() {} }),
      omitted(new Error('x')),
    ],
    [
      'an error with an accessor, and with what it gives',
      withGetter(new Error(), 'x'),
      withData(new Error(), 'x'),
    ],
  ])('%s', (_, host, worker) => {
    expect(differenceOf(host, worker)).toBeUndefined();
  });
});

describe('two results differ', () => {
  test.each<[string, unknown, unknown]>([
    ['by the sign of zero', [-0], [0]],
    ['by type', 1, '1'],
    ['by a missing property', { a: undefined }, {}],
    ['by the class', new A(), { n: 1 }],
    [
      'by what a class inherits',
      new A(),
      Object.assign(Object.create(Object.create(OtherA.prototype)), { n: 1 }),
    ],
    ['by time', new Date(1), new Date(2)],
    [
      'by the order of a map',
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ['by what is frozen', Object.freeze({}), {}],
    ['by what is shared', [empty, empty], [{}, {}]],
    ['by the flags of a property', Object.defineProperty({}, 'a', { value: 1 }), { a: 1 }],
    ['by the message of an error', new Error('a'), new Error('b')],
    [
      'by a part of an error that is not listed',
      Object.assign(new Error('x'), { code: 1 }),
      omitted(new Error('x')),
    ],
    ['by what an accessor of an error gives', withGetter(new Error(), 'x'), withData(new Error(), 'y')],
    ['by an accessor of what is no error', withGetter({}, 'x'), withData({}, 'x')],
    ['by bytes', Buffer.from('a'), Buffer.from('b')],
  ])('%s', (_, host, worker) => {
    expect(differenceOf(host, worker)).toMatch(/ in the host, |in one of both/);
  });
});
