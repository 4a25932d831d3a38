/** Values as arguments, as captured variables and as results. */
import { arrives, type Case, gives, survives } from './case.ts';

const shared = { s: 1 };
const cycle: { self?: unknown; list: unknown[] } = { list: [1] };
cycle.self = cycle;
cycle.list.push(cycle);
const sparse: number[] = [];
sparse[3] = 4;
sparse.length = 6;
const manyHoles: number[] = [];
manyHoles[100_000] = 1;
const endless: number[] = [1];
endless.length = 2 ** 32 - 1;
const withExtras = Object.assign([1, 2], { extra: 'x' });
const symbolKey = Symbol.for('loky.corpus');
const hidden = Object.defineProperty({ shown: 1 }, 'hidden', { value: 2 }) as {
  shown: number;
  hidden: number;
};
const accessor = {
  get now() {
    return 5;
  },
};
const deep = (() => {
  let list: { next?: unknown } = {};
  for (let i = 0; i < 300; i++) list = { next: list };
  return list;
})();
const map = new Map<unknown, unknown>([
  ['a', 1],
  [shared, shared],
  [Number.NaN, 'nan'],
]);
const tree = Array.from({ length: 500 }, (_, id) => ({
  id,
  name: `n${id % 7}`,
  pos: [id, -id],
  flag: id % 2 === 0,
  none: null,
}));
const odd = { a: undefined, b: Number.NaN, c: -0, d: Infinity, e: 10n };
const protoKey = JSON.parse('{"__proto__": 1, "z": 2, "2": 3, "1": 4}') as Record<string, number>;
const isArguments = (value: unknown): boolean =>
  Object.prototype.toString.call(value) === '[object Arguments]';
const tag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const values: readonly Case[] = [
  ...[
    0,
    1,
    -1,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 31,
    2 ** 53 - 1,
    1.5,
    5e-324,
    1.7976931348623157e308,
    Infinity,
    -Infinity,
  ].map((n) => gives(`the number ${n}`, n, (x: number) => x, n)),
  survives('NaN', Number.NaN, (x) => Number.isNaN(x)),
  survives('minus zero', -0, (x) => Object.is(x, -0)),
  survives(
    'minus zero in data',
    [-0, { z: -0 }] as [number, { z: number }],
    ([a, { z }]) => Object.is(a, -0) && Object.is(z, -0),
  ),
  survives('undefined', undefined, (x) => x === undefined),
  survives('null', null, (x) => x === null),
  survives('booleans', [true, false], ([t, f]) => t === true && f === false),
  ...[
    '',
    'ascii',
    'ümlaut',
    '漢字',
    '🎉',
    'a\0b',
    '\u2028',
    '__proto__',
    'x'.repeat(100_000),
    'ü'.repeat(70_000),
  ].map((text) =>
    survives(
      `a string of length ${text.length} (${JSON.stringify(text.slice(0, 8))})`,
      text,
      (
        (expected) => (got: string) =>
          got === expected
      )(text),
    ),
  ),
  survives('a lone surrogate', '\ud800x', (x) => x.length === 2 && x.charCodeAt(0) === 0xd800),
  survives('a lone surrogate in data', { k: ['\udc00'] }, (x) => x.k[0]?.charCodeAt(0) === 0xdc00),
  ...[0n, -1n, 2n ** 64n, -(3n ** 200n)].map((n) =>
    survives(
      `a bigint of ${String(n).length} digits`,
      n,
      (
        (expected) => (x: bigint) =>
          x === expected
      )(n),
    ),
  ),
  survives(
    'registered and well-known symbols',
    [Symbol.for('a'), Symbol.iterator],
    ([a, b]) => a === Symbol.for('a') && b === Symbol.iterator,
  ),
  survives(
    'a symbol in two places is one',
    (() => {
      const s = Symbol('l');
      return { s, [s]: 1, list: [s] };
    })(),
    (o) => o.s === o.list[0] && o[o.s as unknown as 's'] !== undefined && o.s.description === 'l',
  ),
  survives(
    'plain data',
    { a: [1, 'b', { c: null }], d: true },
    (x) => x.a[1] === 'b' && (x.a[2] as { c: null }).c === null,
  ),
  survives(
    'undefined, NaN, -0, Infinity and bigint in data',
    odd,
    (x) =>
      'a' in x &&
      x.a === undefined &&
      Number.isNaN(x.b) &&
      Object.is(x.c, -0) &&
      x.d === Infinity &&
      x.e === 10n,
  ),
  survives('the order of keys', { z: 1, a: 2, 10: 3, 9: 4 }, (x) => Object.keys(x).join() === '9,10,z,a'),
  survives(
    'a key __proto__',
    protoKey,
    (x) => Object.hasOwn(x, '__proto__') && x['z'] === 2 && Object.keys(x).join() === '1,2,__proto__,z',
  ),
  survives(
    'a null prototype',
    Object.assign(Object.create(null) as { q: number }, { q: 1 }),
    (x) => Object.getPrototypeOf(x) === null && x.q === 1,
  ),
  survives(
    'shared objects',
    { a: shared, b: shared, list: [shared] },
    (x) => x.a === x.b && x.list[0] === x.a,
  ),
  survives('a cycle', cycle, (x) => x.self === x && x.list[1] === x),
  survives(
    'a cycle through a map and a set',
    (() => {
      const m = new Map<string, unknown>();
      m.set('set', new Set([m]));
      return m;
    })(),
    (m) => (m.get('set') as Set<unknown>).has(m),
  ),
  survives('holes', sparse, (x) => x.length === 6 && !(0 in x) && x[3] === 4 && !(5 in x)),
  survives('very many holes', manyHoles, (x) => x.length === 100_001 && x[100_000] === 1 && !(5 in x)),
  survives(
    'holes beside functions',
    [sparse, symbolKey] as [number[], symbol],
    ([x]) => x.length === 6 && !(0 in x) && x[3] === 4,
  ),
  survives('an array of four thousand million holes', endless, (x) => x.length === 2 ** 32 - 1 && x[0] === 1),
  survives('extra properties of an array', withExtras, (x) => x.extra === 'x' && x.length === 2),
  survives(
    'the result of a match',
    'xabbx'.match(/a(b+)/) as RegExpMatchArray,
    (m) => m.index === 1 && m[1] === 'bb' && m.input === 'xabbx',
  ),
  survives('symbol keys', { [symbolKey]: 1, [Symbol.for('b')]: { c: 2 } }, (x) => x[symbolKey] === 1),
  survives('hidden properties', hidden, (x) => x.hidden === 2 && Object.keys(x).join() === 'shown'),
  arrives(
    'accessors',
    accessor,
    (x) => x.now === 5 && typeof Object.getOwnPropertyDescriptor(x, 'now')?.get === 'function',
  ),
  survives('a Date', new Date(1234), (x) => x.getTime() === 1234 && tag(x) === 'Date'),
  survives('an invalid Date', new Date(Number.NaN), (x) => Number.isNaN(x.getTime())),
  survives('an invalid Date beside a symbol', { d: new Date(Number.NaN), s: symbolKey }, (x) =>
    Number.isNaN(x.d.getTime()),
  ),
  survives('a RegExp', /a(b)?\/c/giu, (x) => x.source === 'a(b)?\\/c' && x.flags === 'giu'),
  survives(
    'a RegExp that remembers where it was',
    Object.assign(/x/g, { lastIndex: 3 }),
    (x) => x.lastIndex === 3 && x.flags === 'g',
  ),
  survives(
    'a Map',
    map,
    (m) => m.get('a') === 1 && m.get(Number.NaN) === 'nan' && [...m.keys()][1] === [...m.values()][1],
  ),
  survives('a Set', new Set([1, 'a', null, shared]), (s) => s.size === 4 && s.has(1) && s.has(null)),
  survives(
    'the order of a Map',
    new Map([
      [3, 'c'],
      [1, 'a'],
      [2, 'b'],
    ]),
    (m) => [...m.keys()].join() === '3,1,2',
  ),
  survives(
    'a Map of Maps',
    new Map([[new Map([[1, 2]]), new Set([new Map()])]]),
    (m) => [...m.keys()][0]?.get(1) === 2,
  ),
  survives(
    'a URL',
    new URL('https://user@example.org:8080/p?q=1#h'),
    (x) => x.hash === '#h' && x.searchParams.get('q') === '1',
  ),
  survives('search parameters', new URLSearchParams('a=1&a=2'), (x) => x.getAll('a').join() === '1,2'),
  survives(
    'boxed primitives',
    [Object(1), Object('s'), Object(true), Object(1n)] as object[],
    ([a, b, c, d]) => tag(a) === 'Number' && String(b) === 's' && tag(c) === 'Boolean' && tag(d) === 'BigInt',
  ),
  arrives(
    'an arguments object',
    (function (..._: unknown[]) {
      // biome-ignore lint/complexity/noArguments: it is what is tested
      return arguments;
    })(1, 'a') as unknown as { length: number; [i: number]: unknown },
    (
      (is) => (x: { length: number; [i: number]: unknown }) =>
        is(x) && x.length === 2 && x[1] === 'a'
    )(isArguments),
  ),
  survives(
    'a list of a thousand objects',
    tree,
    (x) => x.length === 500 && x[499]?.pos[1] === -499 && x[3]?.flag === false && x[0]?.none === null,
  ),
  survives(
    'shared objects in a long list',
    (() => {
      const s = {};
      return Array.from({ length: 400 }, () => ({ s }));
    })(),
    (x) => x[0]?.s === x[399]?.s,
  ),
  survives('three hundred levels', deep, (x) => {
    let n = 0;
    for (let o: { next?: unknown } | undefined = x; o?.next; o = o.next as { next?: unknown }) n++;
    return n === 300;
  }),
  survives(
    'many fractions',
    Array.from({ length: 300 }, (_, i) => i / 7),
    (x) => x.length === 300 && x[299] === 299 / 7,
  ),
  survives(
    'rows',
    Array.from({ length: 300 }, (_, i) => [i, `r${i}`, i % 2 === 0]),
    (x) => x[299]?.[1] === 'r299' && x.length === 300,
  ),
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  survives('an object with a method then is data', { then: 1 }, (x) => x.then === 1),
  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  arrives('an object with a function called then', { then: () => 5 }, (x) => x.then() === 5),
  arrives(
    'functions in data',
    { f: (x: number) => x + 1, list: [(x: number) => x * 2] },
    (x) => x.f(1) === 2 && x.list[0]?.(2) === 4,
  ),
  survives('global objects', [Math, JSON] as object[], ([m, j]) => tag(m) === 'Math' && tag(j) === 'JSON'),
  gives(
    'several arguments share objects',
    [true, true],
    (a: object, b: object[], c: object) => [a === b[0], a === c],
    shared,
    [shared],
    shared,
  ),
  gives('no arguments', 0, (...args: unknown[]) => args.length),
  gives(
    'many arguments',
    100,
    (...args: unknown[]) => args.length,
    ...Array.from({ length: 100 }, (_, i) => i),
  ),
  gives(
    'trailing undefined arguments count',
    3,
    (...args: unknown[]) => args.length,
    1,
    undefined,
    undefined,
  ),
];
