/** What only a compiler understands: decorators, enums, parameter properties, namespaces. */
import { Decimal } from 'decimal.js';
import _ from 'lodash';
import { use } from './use.ts';

type Method = (this: unknown, ...args: never[]) => unknown;
const log: string[] = [];

function logged<T extends Method>(method: T, context: ClassMethodDecoratorContext): T {
  return function (this: unknown, ...args: never[]) {
    log.push(String(context.name));
    return method.apply(this, args);
  } as T;
}
const doubled =
  (_value: undefined, _context: ClassFieldDecoratorContext) =>
  (initial: number): number =>
    initial * 2;
function clamped(
  target: ClassAccessorDecoratorTarget<unknown, number>,
  _context: ClassAccessorDecoratorContext,
): ClassAccessorDecoratorResult<unknown, number> {
  return {
    get() {
      return target.get.call(this);
    },
    set(value) {
      target.set.call(this, Math.min(value, 10));
    },
  };
}
function named<T extends new (...args: never[]) => object>(target: T, context: ClassDecoratorContext): void {
  Object.defineProperty(target, 'tag', { value: `<${String(context.name)}>`, enumerable: true });
}

class Counter {
  @doubled start = 4;
  count = 0;
  @logged add(n: number): number {
    this.count += n;
    return this.start + this.count;
  }
}

@named
class Gauge {
  @clamped accessor level = 1;
  declare static tag: string;
  raise(to: number): number {
    this.level = to;
    return this.level;
  }
}

class Money {
  #cents: Decimal;
  static #made = 0;
  constructor(cents: Decimal.Value) {
    this.#cents = new Decimal(cents);
    Money.#made += 1;
  }
  half(): Money {
    return new Money(this.#cents.div(2));
  }
  toString(): string {
    return `${this.#cents.div(100).toFixed(2)} €`;
  }
  static get any(): boolean {
    return Money.#made > 0;
  }
}

enum Level {
  Low,
  High = 5,
  Text = 'text',
}

class Point {
  constructor(
    readonly x: number,
    protected y = -0,
  ) {}
  get sum(): number {
    return _.sum([this.x, this.y]);
  }
}

class Failure extends Error {
  override readonly name = 'Failure';
  constructor(readonly code: number) {
    super(`failed with ${code}`);
  }
}

namespace Units {
  export const factor = 1000;
  export const toGrams = (kilos: number): number => kilos * factor;
}

use('the language', 'a decorated field and method', () => {
  const counter = new Counter();
  return [counter.add(1), counter.add(2), counter.start];
});
use(
  'the language',
  'an instance of a decorated class',
  (counter: Counter) => [counter.start, Object.keys(counter)],
  new Counter(),
);
use('the language', 'a decorated class and accessor', (to: number) => [new Gauge().raise(to), Gauge.tag], 12);
use(
  'the language',
  'a class with #private',
  (cents: number) => [String(new Money(cents).half()), Money.any],
  250,
);
use('the language', 'an enum', (level: Level) => [Level[level], Level.Text, Level], Level.High);
use('the language', 'parameter properties', (x: number) => new Point(x).sum, 3);
use(
  'the language',
  'an instance with parameter properties',
  (point: Point) => [point, point.sum],
  new Point(1),
);
use('the language', 'a namespace', (kilos: number) => Units.toGrams(kilos), 2);
use(
  'the language',
  'a generator, spread and destructuring',
  ({ from, ...rest }: { from: number; to: number }) => {
    function* range(): Generator<number> {
      for (let i = from; i < rest.to; i++) yield i;
    }
    return [...range(), ...new Set([1, 1]), ...'añ😀'];
  },
  { from: 1, to: 4 },
);
use(
  'the language',
  'async iteration',
  async (all: number[]) => {
    async function* each(): AsyncGenerator<number> {
      for (const n of all) yield n;
    }
    const got: number[] = [];
    for await (const n of each()) got.push(n);
    return got;
  },
  [1, 2],
);
use(
  'the language',
  'loops whose closures keep their variable',
  (n: number) => {
    const fns: (() => number)[] = [];
    for (let i = 0; i < n; i++) fns.push(() => i);
    return fns.map((fn) => fn());
  },
  3,
);
use(
  'the language',
  'a subclass of Error',
  (code: number) => {
    throw new Failure(code);
  },
  7,
);
use(
  'the language',
  'optional chaining, ?? and **',
  (value: { a?: { b?: number } } | undefined) => [value?.a?.b ?? 2 ** 5, value?.a],
  {},
);
use(
  'the language',
  'a tagged template',
  (name: string) => {
    const tag = (parts: TemplateStringsArray, ...values: string[]): unknown => [parts.raw.join('|'), values];
    return tag`hi\n ${name}!`;
  },
  'ann',
);
