import _, { type DebouncedFunc } from 'lodash';
import { use } from './use.ts';

interface Order {
  readonly customer: string;
  readonly total: number;
}

const orders: Order[] = [
  { customer: 'ann', total: 12 },
  { customer: 'bob', total: -0 },
  { customer: 'ann', total: 30.5 },
];
const add3 = _.curry((a: number, b: number, c: number) => a + b + c);
const greet = (greeting: string, name: string): string => `${greeting}, ${name}!`;
const hello = _.partial(greet, 'Hello');
const greetAnn = _.partialRight(greet, 'Ann');
const square = (n: number): number => n * n;
const sumOfSquares = _.flow([(all: number[]) => all.map(square), _.sum]);
const slowSquare = _.memoize(square);
const page = _.template('<b><%- user.name %></b> has <%= user.cards.length %> cards');
const defaults = { retries: 3, backoff: { first: 100, factor: 2 } };

export function totals(all: Order[]): Record<string, number> {
  return _.mapValues(_.groupBy(all, 'customer'), (some) => _.sumBy(some, 'total'));
}

use('lodash', 'a function of it: chunk', _.chunk, ['a', 'b', 'c', 'd', 'e'], 2);
use('lodash', 'an exported function: groupBy, sumBy', totals, orders);
use('lodash', 'chain', (all: Order[]) => _.chain(all).filter('total').map('customer').uniq().value(), orders);
use('lodash', 'curry', (n: number) => [add3(1)(n)(3), add3(1, n, 3)], 2);
use('lodash', 'a curried function itself', add3, 1, 2, 3);
use('lodash', 'partial and partialRight', () => [hello('Bob'), greetAnn('Hi')]);
use('lodash', 'flow', (all: number[]) => sumOfSquares(all), [1, 2, 3]);
use('lodash', 'memoize', (n: number) => [slowSquare(n), slowSquare(n)], 7);
use('lodash', 'template', (user: { name: string; cards: string[] }) => page({ user }), {
  name: 'Ann & Bob',
  cards: ['a', 'b'],
});
use('lodash', 'merge and defaultsDeep', (given: object) => _.defaultsDeep(_.merge({}, given), defaults), {
  backoff: { first: 5 },
});
use(
  'lodash',
  'cloneDeep of maps, sets, dates, -0',
  (value: unknown) => _.cloneDeep(value),
  new Map<unknown, unknown>([
    ['zero', -0],
    ['set', new Set([1, /x/giu])],
    ['date', new Date(5)],
  ]),
);
use('lodash', 'attempt gives an error', () => _.attempt(JSON.parse, '{'));
use(
  'lodash',
  'debounce',
  async (n: number) => {
    let last = 0;
    const set: DebouncedFunc<(to: number) => void> = _.debounce((to: number) => {
      last = to;
    }, 5);
    set(n);
    set.flush();
    return last;
  },
  4,
);
