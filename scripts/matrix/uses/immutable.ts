import {
  Set as Bag,
  Map as Dictionary,
  fromJS,
  is,
  isKeyed,
  List,
  OrderedMap,
  Range,
  Record,
  Seq,
  Stack,
} from 'immutable';
import { use } from './use.ts';

const Point = Record({ x: 0, y: 0 }, 'Point');
class Account extends Record({ owner: '', cents: 0 }) {
  get euros(): number {
    return this.cents / 100;
  }
}
const stock = Dictionary({ apples: 3, pears: 4 });
const nested = fromJS({ a: { b: [1, 2] } }) as Dictionary<string, unknown>;

export const without = (map: Dictionary<string, number>, key: string): Dictionary<string, number> =>
  map.delete(key);

use('immutable', 'an exported function: Map.delete', without, Dictionary({ a: 1, b: 2 }), 'a');
use(
  'immutable',
  'Map.delete of the only key',
  (map: Dictionary<string, unknown>) => map.delete('a'),
  Dictionary({ a: {} }),
);
use('immutable', 'a captured Map', (n: number) => stock.set('plums', n).toJS(), 5);
use(
  'immutable',
  'List',
  (list: List<number>) =>
    list
      .push(4)
      .map((n) => n * 2)
      .filter((n) => n > 2),
  List([1, 2, 3]),
);
use('immutable', 'a captured nested Map', () =>
  nested.updateIn(['a', 'b'], (list) => (list as List<number>).push(3)),
);
use(
  'immutable',
  'OrderedMap',
  (map: OrderedMap<string, number>) =>
    map
      .sortBy((n) => -n)
      .keySeq()
      .toArray(),
  OrderedMap({ a: 1, b: 2 }),
);
use('immutable', 'Set', (some: Bag<string>) => some.union(['b', 'c']).toArray(), Bag(['a', 'b']));
use('immutable', 'Stack', (stack: Stack<number>) => stack.push(0).peek(), Stack([1]));
use(
  'immutable',
  'Range and Seq',
  (n: number) =>
    Seq(Range(0, n))
      .map((x) => x * x)
      .toList(),
  5,
);
use('immutable', 'a Record', (x: number) => Point({ x }).set('y', -0).toJS(), 3);
use(
  'immutable',
  'an instance of a Record',
  (point: ReturnType<typeof Point>) => [point.x, point.get('y')],
  Point({ x: 1, y: 2 }),
);
use('immutable', 'a Record comes back', (x: number) => Point({ x }), 4);
use('immutable', 'a class that extends Record', (cents: number) => new Account({ cents }).euros, 250);
use(
  'immutable',
  'is',
  (a: unknown, b: unknown) => [is(a, b), is(a, Dictionary({ k: List([2]) }))],
  Dictionary({ k: List([1]) }),
  Dictionary({ k: List([1]) }),
);
use('immutable', 'isCollection', (value: unknown) => [isKeyed(value), List.isList(value)], List([1]));
