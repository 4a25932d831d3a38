/** Errors of tasks that call what only the program has: named as the program names it, with what can be done. */
import { expect, test } from '@jest/globals';
import { hintFor, sourceNames } from '../../lib/sending/worker/missing-methods.ts';

test.each([
  ['__loky_import_dayjs.default.utc is not a function', 'dayjs.utc is not a function'],
  ['__loky_import_dayjs.default(...).utc is not a function', 'dayjs(...).utc is not a function'],
  ['(0 , __loky_import_sum.sum) is not a function', 'sum is not a function'],
  ['__loky_import_path.join.deep is not a function', 'path.join.deep is not a function'],
  ['a text about __loky_ that stays', 'a text about __loky_ that stays'],
])('%s', (message, named) => {
  expect(sourceNames(message)).toBe(named);
});

test.each([
  ['__loky_import_dayjs.default.utc is not a function', true],
  ['Reflect.getMetadata is not a function', true],
  ['dayjs_1.default.utc is not a function', true],
  ['(0 , lodash_1.nothing) is not a function', true],
  ['order.total is not a function', false],
  ['Reflect.getMetadata is gone', false],
])('a hint for %s: %s', (message, isGiven) => {
  expect(hintFor(new TypeError(message), message) !== '').toBe(isGiven);
  expect(hintFor(new Error(message), message)).toBe('');
});
