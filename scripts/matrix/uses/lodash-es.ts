import lodash, { chunk, curry, flow, groupBy, isEqual, memoize, partial, sortBy, throttle } from 'lodash-es';
import { use } from './use.ts';

const volume = curry((a: number, b: number, c: number) => a * b * c);
const double = partial((a: number, b: number) => a * b, 2);
const shout = flow(lodash.trim, lodash.toUpper, (text: string) => `${text}!`);
const lengthOf = memoize((text: string) => text.length);

export const byLength = (words: string[]): Record<string, string[]> => groupBy(words, 'length');

use('lodash-es', 'a function of it: chunk', chunk, [1, 2, 3], 2);
use('lodash-es', 'an exported function: groupBy', byLength, ['a', 'bb', 'c']);
use('lodash-es', 'sortBy with a closure', (all: { n: number }[]) => sortBy(all, ({ n }) => -n), [
  { n: 1 },
  { n: 2 },
]);
use('lodash-es', 'curry', () => volume(2)(3)(4));
use('lodash-es', 'partial', (n: number) => double(n), 21);
use('lodash-es', 'flow', (text: string) => shout(text), ' hi ');
use('lodash-es', 'memoize', (text: string) => [lengthOf(text), lengthOf.cache.has(text)], 'seven');
use(
  'lodash-es',
  'isEqual',
  (a: unknown, b: unknown) => isEqual(a, b),
  { a: [Number.NaN] },
  { a: [Number.NaN] },
);
use(
  'lodash-es',
  'the default export: a chain',
  (n: number) =>
    lodash(lodash.range(n))
      .map((x) => x * 2)
      .reverse()
      .value(),
  4,
);
use(
  'lodash-es',
  'throttle',
  (n: number) => {
    const seen: number[] = [];
    const note = throttle((x: number) => seen.push(x), 1000, { trailing: false });
    note(n);
    note(n + 1);
    return seen;
  },
  1,
);
