import { describe, expect, test } from '@jest/globals';
import { isPlainJson } from '../../lib/bullmq/plain-json.ts';
import { valueCodec } from '../../lib/bullmq/wire-values.ts';
import { devalue } from '../../lib/system/devalue/devalue.ts';

const never = (): boolean => false;
const shared = { a: 1 };
const cycle: unknown[] = [];
cycle.push(cycle);
const deep = JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown;

describe('what JSON says all of', () => {
  test.each([
    [[]],
    [['a', 1, -1.5, true, null]],
    [[{ a: { b: [1, 2] }, c: 'ü\n😀' }]],
    [[{ ...shared }, shared]],
  ])('%j', (value) => {
    expect(isPlainJson(value, never)).toBe(true);
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });

  test.each<[string, unknown]>([
    ['undefined', [undefined]],
    ['numbers that JSON has none for', [Number.NaN]],
    ['an infinite one', [Number.POSITIVE_INFINITY]],
    ['the other zero', [-0]],
    ['bigint', [1n]],
    ['a date', [new Date(5)]],
    ['a map', [new Map()]],
    ['bytes', [new Uint8Array(2)]],
    ['a NUL, which Postgres does not store', ['a\0b']],
    ['half a surrogate pair, in a key', [{ '\ud800': 1 }]],
    ['a hole', [new Array(3)]],
    ['a list with a name', [Object.assign([1], { name: 'a' })]],
    ['an object of a class', [new (class Point {})()]],
    ['an object without a prototype', [Object.create(null)]],
    ['a symbol as key', [{ [Symbol('a')]: 1 }]],
    [
      'a getter',
      [
        {
          get a() {
            return 1;
          },
        },
      ],
    ],
    ['its own words for JSON', [{ toJSON: () => 1 }]],
    ['__proto__ as key', [JSON.parse('{"__proto__":1}')]],
    ['one object twice', [shared, shared]],
    ['a cycle', cycle],
    ['what is very deep', deep],
  ])('not %s', (_, value) => {
    expect(isPlainJson(value, never)).toBe(false);
  });

  test('values of reducers travel as their reducers say', () => {
    const word = { test: (value: unknown) => value === 'x', reduce: () => 1, rebuild: () => 'x' };
    const codec = valueCodec(devalue, { word }, 1_000);
    expect(codec.writeArguments(['y', { a: 1 }])).toEqual(['y', { a: 1 }]);
    const written = codec.writeArguments(['y', ['x']]);
    expect(typeof written).toBe('string');
    expect(codec.readArguments(written)).toEqual(['y', ['x']]);
  });

  test('is limited as other text', () => {
    expect(() => valueCodec(devalue, undefined, 10).writeArguments(['x'.repeat(20)])).toThrow(
      /the arguments through Redis: it has 24 bytes/,
    );
  });
});
