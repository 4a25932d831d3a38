/** What travels of values and of errors, and what is told of those that cannot. */
import { expect, test } from '@jest/globals';
import { valueCodec } from '../../lib/bullmq/wire-values.ts';
import { devalue } from '../../lib/system/devalue/devalue.ts';
import { Money, reducers } from '../long/bullmq/programs/money.js';

const LIMIT = 10_000;
const codec = valueCodec(devalue, undefined, LIMIT);

const arrived = (thrown: unknown): unknown => codec.read(codec.writeThrown(thrown), 'the error');

test('of an error all comes that can be sent, and the rest is left out', () => {
  const error = Object.assign(new RangeError('too far', { cause: new TypeError('the cause') }), {
    ...{ code: 7, deep: { list: [1n] } },
    ...{ method: () => 1, deepMethod: { method: () => 1 }, symbol: Symbol('s') },
  });
  Object.assign(error, { self: error });
  Object.defineProperty(error, 'secret', {
    get() {
      throw new Error('not to be read');
    },
  });
  const copy = arrived(error) as typeof error & { self?: unknown; secret?: unknown };
  expect(copy).toBeInstanceOf(RangeError);
  expect(copy).toMatchObject({ message: 'too far', stack: error.stack, code: 7, deep: { list: [1n] } });
  expect(copy.cause).toBeInstanceOf(TypeError);
  expect([copy.method, copy.deepMethod, copy.symbol, copy.self, copy.secret]).toEqual(
    Array(5).fill(undefined),
  );
});

test('an error whose class has the name of anything of this package that is no error comes', () => {
  class noSharedValues extends Error {}
  expect(arrived(new noSharedValues('mine'))).toMatchObject({ name: 'noSharedValues', message: 'mine' });
});

test('errors that hold each other come, but for what closes the circle', () => {
  const [one, two] = [new RangeError('one'), new TypeError('two')];
  const copy = arrived(Object.assign(one, { two: Object.assign(two, { one, code: 2 }) })) as typeof one;
  expect(copy).toMatchObject({ message: 'one', two: { message: 'two', code: 2 } });
  expect(copy).not.toHaveProperty('two.one');
});

test('an error that is there twice comes twice, and is one', () => {
  const shared = new RangeError('shared');
  const [one, two] = arrived([shared, new Error('two', { cause: shared })]) as Error[];
  expect(one).toMatchObject({ message: 'shared' });
  expect(two?.cause).toBe(one);
});

test('a chain of many causes comes whole', () => {
  let error = new Error('the first');
  for (let n = 0; n < 30; n += 1) error = new Error(`${n}`, { cause: error });
  const text = valueCodec(devalue, undefined, Number.POSITIVE_INFINITY).writeThrown(error);
  let last = codec.read(text, 'the error') as Error;
  while (last.cause !== undefined) last = last.cause as Error;
  expect(last.message).toBe('the first');
});

test('of an error that is too large its class and the beginning of its text come', () => {
  const error = Object.assign(new RangeError('x'.repeat(2 * LIMIT)), { code: 7 });
  const text = codec.writeThrown(error);
  expect(Buffer.byteLength(text)).toBeLessThan(LIMIT);
  const copy = codec.read(text, 'the error') as Error;
  expect(copy).toBeInstanceOf(RangeError);
  expect(copy.message).toMatch(/^x{100,}$/);
  expect(copy).not.toHaveProperty('code');
});

test.each([
  ['too large', 'x'.repeat(2 * LIMIT), 'cannot send the error through Redis: it has 20004 bytes'],
  ['a function', () => 1, 'cannot send the error through Redis: Cannot stringify a function'],
])('what is thrown, and is no error but %s, comes as an error that says so', (_, thrown, reason) => {
  const copy = arrived(thrown) as Error;
  expect(copy).toBeInstanceOf(Error);
  expect(copy.message).toContain(`the task threw a value that cannot be sent: ${reason}`);
});

test.each([
  ['message', { message: Object.create(null) }],
  ['class', { constructor: { name: Object.create(null) } }],
])('an error whose %s has no text comes without it', (_, strange) => {
  const error = new RangeError('too far');
  const { stack } = error;
  const copy = arrived(Object.assign(error, { code: 7 }, strange));
  expect(copy).toBeInstanceOf(Error);
  expect(copy).toMatchObject({ code: 7, stack });
});

test('a text that nobody here has written is refused', () => {
  for (const text of ['', 'no JSON', '{}'])
    expect(() => codec.read(text, 'the result')).toThrow(/^cannot rebuild the result: /);
});

test('a value whose reducer is missing is refused, and the way out is told', () => {
  const text = valueCodec(devalue, reducers, LIMIT).write(new Money(3, 'EUR'), 'the result');
  expect(() => codec.read(text, 'the result')).toThrow(
    /^cannot rebuild the result: Unknown type :money\n {2}hint: give both sides the same reducers$/,
  );
});
