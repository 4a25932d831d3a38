import * as R from 'ramda';
import { use } from './use.ts';

interface Person {
  readonly name: string;
  readonly age: number;
  readonly home: { readonly city: string };
}

const people: Person[] = [
  { name: 'Ann', age: 41, home: { city: 'Rome' } },
  { name: 'Bob', age: 17, home: { city: 'Oslo' } },
];
const adults = R.filter<Person>(R.propSatisfies(R.lte(18), 'age'));
const namesOf = R.pipe(adults, R.map(R.prop('name')), R.join(', '));
const add = R.curry((a: number, b: number, c: number) => a + b + c);
const cityOf = R.lensPath<Person>(['home', 'city']);
const older = R.evolve({ age: R.inc, home: { city: R.toUpper } });
const lessTen = R.subtract(R.__ as never, 10) as unknown as (n: number) => number;
const evenSquares = R.compose(
  R.filter((n: number) => n % 2 === 0),
  R.map((n: number) => n * n),
);
const heavy = R.memoizeWith(String, (n: number) => n ** 3);

export const byDecade = R.groupBy((person: Person) => `${Math.floor(person.age / 10)}0s`);

use(
  'ramda',
  'a function of it: zipObj',
  R.zipObj as (a: string[], b: number[]) => object,
  ['a', 'b'],
  [1, 2],
);
use('ramda', 'a pipe', (all: Person[]) => namesOf(all), people);
use('ramda', 'a pipe itself', namesOf as (all: Person[]) => string, people);
use('ramda', 'curry', () => [add(1)(2)(3), add(1, 2)(3)]);
use(
  'ramda',
  'a curried function of the user itself',
  add as (a: number, b: number, c: number) => number,
  1,
  2,
  3,
);
use('ramda', 'a lens', (person: Person) => R.over(cityOf, R.reverse, person), people[0] as Person);
use('ramda', 'evolve', (person: Person) => older(person), people[1] as Person);
use('ramda', 'a placeholder', (n: number) => lessTen(n), 32);
use(
  'ramda',
  'transduce',
  (all: number[]) => R.transduce(evenSquares as never, R.flip(R.append) as never, [], all),
  [1, 2, 3, 4],
);
use('ramda', 'an exported groupBy', byDecade as (all: Person[]) => object, people);
use('ramda', 'memoizeWith', (n: number) => [heavy(n), heavy(n)], 3);
use('ramda', 'equals and -0', () => [R.equals(0, -0), R.identical(-0, -0), R.negate(0)]);
