/** Functions and the variables that they capture. */
import { createHash } from 'node:crypto';
import fs, { existsSync } from 'node:fs';
import * as path from 'node:path';
import { type Case, gives } from './case.ts';
import * as shapes from './modules/shapes.ts';
import greet, { hit, hits, lastPart, makeAdder, readHidden, twice } from './modules/shapes.ts';

const K = 10;
const config = { factor: 3, list: [1, 2, 3] };
const floats = new Float64Array(1000).fill(2);
const localSymbol = Symbol('local');
let reassigned = 1;
reassigned = 5;
var oldStyle = 'old';
function addK(x: number): number {
  return x + K;
}
function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
const isEven = (n: number): boolean => (n === 0 ? true : isOdd(n - 1));
const isOdd = (n: number): boolean => (n === 0 ? false : isEven(n - 1));
const curry = (a: number) => (b: number) => (c: number) => a + b + c;
const cyclic: { self?: unknown; list: unknown[] } = { list: [] };
cyclic.self = cyclic;
cyclic.list.push(cyclic);
const withProps = Object.assign(() => 1, { version: '2', nested: { deep: true } });
const counter = { count: 0, increment: () => ++counter.count };
const account = {
  base: 5,
  add(x: number) {
    return this.base + x;
  },
  get doubled() {
    return this.base * 2;
  },
  set doubled(v: number) {
    this.base = v / 2;
  },
  async *[Symbol.asyncIterator]() {
    yield this.base;
  },
};
const callbacks: Record<string, () => unknown> = {};
callbacks['keys'] = () => Object.keys(callbacks);
const table = new Map<string, (x: number) => number>([['double', (x) => x * 2]]);
const inLoop: (() => number)[] = [];
for (let i = 0; i < 3; i++) inLoop.push(() => i);
const { factor, ...others } = config;
const [first = 9, , third] = config.list;
const frozen = Object.freeze({ a: 1 });
const nothing = undefined;
const missing = null;
const big = 2n ** 70n;
const notANumber = Number.NaN;
const pattern = /a(b+)/gi;
const when = new Date(86_400_000);
const tagged = (strings: TemplateStringsArray, ...values: unknown[]) =>
  strings.raw.join('|') + values.join(',');
const memo = (() => {
  const seen = new Map<number, number>();
  return (n: number): number => {
    if (!seen.has(n)) seen.set(n, n * n);
    return seen.get(n) as number;
  };
})();
const pipeline = [(x: number) => x + 1, (x: number) => x * 2, addK];
const compose =
  (...fns: ((x: number) => number)[]) =>
  (x: number) =>
    fns.reduce((value, fn) => fn(value), x);
const composed = compose(...pipeline);
const debounce = (fn: (x: number) => number, extra: number) =>
  Object.assign((x: number) => fn(x) + extra, { extra });
function outer(a: number) {
  const b = a * 2;
  return function middle(c: number) {
    const d = b + c;
    return (e: number) => a + b + c + d + e + K;
  };
}

const shadowing = new Function('undefined', 'NaN', 'return () => [undefined, NaN]') as (
  ...values: number[]
) => () => number[];

export const closures: readonly Case[] = [
  gives('variables called undefined and NaN', [7, 8], shadowing(7, 8)),
  gives('captures nothing', 3, (a: number, b: number) => a + b, 1, 2),
  gives('a constant', 11, (x: number) => x + K, 1),
  gives('an object', 6, () => config.list.reduce((a, b) => a + b)),
  gives('a helper function', 12, (x: number) => addK(x), 2),
  gives('the helper itself', 12, addK, 2),
  gives('a recursive function', 120, factorial, 5),
  gives('two functions that call each other', true, isEven, 10),
  gives('a variable that was reassigned', 5, () => reassigned),
  gives('a var', 'old', () => oldStyle),
  gives('a typed array', 2000, () => floats.reduce((a, b) => a + b)),
  gives('a symbol', 'local', () => localSymbol.description),
  gives('undefined', [undefined, true], () => [nothing, nothing === undefined]),
  gives('null', true, () => missing === null),
  gives('a bigint', 2n ** 70n + 1n, () => big + 1n),
  gives('NaN', true, () => Number.isNaN(notANumber)),
  gives('a regular expression', ['abb', 'bb'], () => [...(pattern.exec('xabb') ?? [])]),
  gives('a date', 86_400_000, () => when.getTime()),
  gives('a frozen object', 1, () => frozen.a),
  gives('destructured variables', [3, { list: [1, 2, 3] }, 1, 3], () => [factor, others, first, third]),
  gives('a curried function', 6, curry(1)(2), 3),
  gives('three levels of scopes', 1 + 2 + 3 + 5 + 4 + 10, outer(1)(3), 4),
  gives('variables of a loop', [0, 1, 2], () => inLoop.map((f) => f())),
  gives('cyclic data', [true, true], () => [cyclic.self === cyclic, cyclic.list[0] === cyclic]),
  gives('functions with properties', [1, '2', true], () => [
    withProps(),
    withProps.version,
    withProps.nested.deep,
  ]),
  gives(
    'a function with a property, sent itself',
    8,
    debounce((x) => x + 1, 5),
    2,
  ),
  gives('an object and its own function', [1, 2], () => [counter.increment(), counter.increment()]),
  gives('values are copied: here nothing changed', 0, async () => counter.count),
  gives('methods of an object', 6, () => account.add(1)),
  gives('getters and setters', [10, 9], () => {
    const before = account.doubled;
    account.doubled = 18;
    return [before, account.base];
  }),
  gives('an async iterator', [5], async () => {
    const seen: unknown[] = [];
    for await (const x of account) seen.push(x);
    return seen;
  }),
  gives('a function that its own object leads to', ['keys'], () => callbacks['keys']?.()),
  gives('a map of functions', 4, () => table.get('double')?.(2)),
  gives('an array of functions', [2, 2, 11], () => pipeline.map((f) => f(1))),
  gives('composed functions', 14, composed, 1),
  gives('a memo behind a closure', 49, memo, 7),
  gives('a tag function', 'a\\n|b1', () => tagged`a\n${1}b`),
  gives(
    'a bound function',
    'hello bob',
    function (this: { word: string }, who: string) {
      return `${this.word} ${who}`;
    }.bind({ word: 'hello' }),
    'bob',
  ),
  gives(
    'bound arguments that are functions',
    13,
    ((f: (x: number) => number, x: number) => f(x)).bind(null, addK),
    3,
  ),
  gives(
    'a method without its object',
    7,
    {
      m(x: number) {
        return x + 2;
      },
    }.m,
    5,
  ),
  gives(
    'a getter as a function',
    'G',
    Object.getOwnPropertyDescriptor(
      {
        get q() {
          return 'G';
        },
      },
      'q',
    )?.get as () => string,
  ),
  gives(
    'a function expression with a name',
    6,
    function sum(n: number): number {
      return n === 0 ? 0 : n + sum(n - 1);
    },
    3,
  ),
  gives(
    'an async function',
    11,
    async (x: number) => {
      await null;
      return x + K;
    },
    1,
  ),
  gives(
    'a generator as an argument',
    [0, 1, 2],
    (g: (n: number) => Iterable<number>) => [...g(3)],
    function* (n: number) {
      for (let i = 0; i < n; i++) yield i;
    },
  ),
  gives('an async generator', [1, 2], async () => {
    const out: number[] = [];
    for await (const x of (async function* () {
      yield 1;
      yield 2;
    })())
      out.push(x);
    return out;
  }),
  gives('new Function', 3, new Function('a', 'b', 'return a + b') as (a: number, b: number) => number, 1, 2),
  gives('default parameters', 13, (a: number, b: number = addK(a)): number => b, 3),
  gives('parameters that hide variables', 4, (K: number) => ((config) => config)(K), 4),
  gives('a block that hides a variable', [1, 10], () => {
    const out: number[] = [];
    {
      const K = 1;
      out.push(K);
    }
    out.push(K);
    return out;
  }),
  gives('a catch parameter that hides a variable', ['inner', 10], () => {
    try {
      throw 'inner';
    } catch (K) {
      return [K, 10];
    }
  }),
  gives('a label and a property of the same name as a variable', [10, 1], () => {
    for (;;) break;
    return [K, { K: 1 }.K];
  }),
  gives('shorthand properties', { K: 10, config: { factor: 3, list: [1, 2, 3] } }, () => ({ K, config })),
  gives('assigned captured variables', [6, 7], () => {
    const out: number[] = [];
    out.push(++reassigned);
    reassigned += 1;
    out.push(reassigned);
    return out;
  }),
  gives('a local copy is not written back', 5, async () => reassigned),
  gives('destructuring assignment to a captured variable', 4, () => {
    ({ a: reassigned } = { a: 4 });
    return reassigned;
  }),
  gives(
    'typeof something that does not exist',
    'undefined',
    () => typeof (globalThis as Record<string, unknown>)['nowhere'],
  ),
  gives('functions inside functions', 120, () => [1].map((x) => (() => x * K * K + K + K)())[0]),
  gives(
    'a function as an argument',
    20,
    (f: (x: number) => number, x: number) => f(x),
    (x) => x * K,
    2,
  ),
  gives('the same function twice is one function', true, (a: unknown, b: unknown) => a === b, addK, addK),
  gives(
    'an argument that is also captured is one object',
    true,
    (a: unknown, f: () => unknown) => f() === a,
    config,
    () => config,
  ),
  gives('the name of a function', ['addK', 'isEven'], () => [addK.name, isEven.name]),
  gives('the length of a function', 2, () => ((a: number, b: number) => a + b).length),
  gives('an import', 8, (x: number) => twice(x), 4),
  gives('an imported function itself', 8, twice, 4),
  gives('a default import', 'hello you', () => greet('you')),
  gives('a namespace import', 6, () => shapes.twice(3)),
  gives('an import in a shorthand', 4, () => {
    const o = { twice };
    return o.twice(2);
  }),
  gives('an imported closure', 15, makeAdder(10), 3),
  gives('hidden state of an imported module', 7, () => readHidden()),
  gives('an import that uses an import', 'b', () => lastPart('/a/b')),
  gives('state of a module is per process', 'number', () => {
    hit();
    return typeof hits;
  }),
  gives('a named import of Node', true, (p: string) => existsSync(p), '/'),
  gives('a default import of Node', true, () => fs.existsSync('/')),
  gives('a namespace import of Node', 'b', () => path.basename('/a/b')),
  gives('a function of Node itself', true, existsSync, '/'),
  gives('a class of Node behind a function', 40, () => createHash('sha1').update('a').digest('hex').length),
  gives('a global function', 3, Math.max, 1, 3),
  gives(
    'a captured global under another name',
    3,
    (
      (max) => (a: number, b: number) =>
        max(a, b)
    )(Math.max),
    1,
    3,
  ),
  gives(
    'a captured accessor of the language that has a symbol as its name',
    'Uint8Array',
    (
      (tag) => (bytes: Uint8Array) =>
        tag?.call(bytes)
    )(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get),
    new Uint8Array(1),
  ),
  gives(
    'a captured global object',
    2,
    (
      (m) => () =>
        m.sqrt(4)
    )(Math),
  ),
  gives(
    'console, Buffer and process are there',
    'objectfunctionobject',
    () => typeof console + typeof Buffer + typeof process,
  ),
  gives(
    'await on what a captured function returns',
    3,
    (
      (later: () => Promise<number>) => async () =>
        (await later()) + 1
    )(async () => 2),
  ),
];
