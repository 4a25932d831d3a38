/** What `explain` shows beyond its parts. */
import { expect, test } from '@jest/globals';
import { explain } from '../../lib/sending/for-programs.ts';

test('an explanation prints as a table that ends with the whole', () => {
  const rate = 0.5;
  const lines = String(explain((x: number) => x * rate, 5)).split('\n');
  expect(lines[0]).toMatch(/^the function {2,}by value {2,}\d+ bytes {2}/);
  expect(lines).toContainEqual(expect.stringMatching(/^argument 0 {2,}data {2,}\d+ bytes {2}Number$/));
  expect(lines.at(-1)).toMatch(/^\d+ bytes in all$/);
});

test('what a hook throws is thrown as it is', () => {
  const failure = new RangeError('no');
  class Hooked {
    [Symbol.for('loky.reduce')](): never {
      throw failure;
    }
  }
  expect(() => explain(() => 1, new Hooked())).toThrow(failure);
});
