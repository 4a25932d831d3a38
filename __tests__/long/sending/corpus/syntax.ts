/** Syntax that is easy to get wrong: names that hide others, scopes of parameters, computed and private names. */
// biome-ignore-all lint/complexity/noStaticOnlyClass: classes of every shape are sent
// biome-ignore-all lint/complexity/noThisInStatic: super in static methods is sent too
// biome-ignore-all lint/suspicious/noConfusingLabels: labels are sent too
// biome-ignore-all lint/complexity/noCommaOperator: indirect eval is written so
import { type Case, gives } from './case.ts';

const K = 10;
const key = 'k';
const outside = 'outside';

class WithStaticBlock {
  static table: Record<string, string> = {};
  static {
    for (const name of ['a', 'b']) WithStaticBlock.table[name] = name.toUpperCase();
  }
}
class Guarded {
  #value = 1;
  static owns(o: object): boolean {
    return #value in o;
  }
  get value(): number {
    return this.#value;
  }
  set value(value: number) {
    this.#value = value * 2;
  }
}
class Caller {
  hi(): string {
    return 'p';
  }
  static where(): string {
    return 'static p';
  }
}
class Called extends Caller {
  greeting = super.hi();
  override hi(): string {
    return (() => `${super.hi()}c`)();
  }
  static override where(): string {
    return `${super.where()}c`;
  }
}
const mixin = <T extends new (...args: never[]) => object>(Base: T, ...names: string[]) =>
  class extends (Base as unknown as new () => { list?(): string[] }) {
    override list(): string[] {
      return [...names, ...(super.list?.() ?? [])];
    }
  };
const Mixed = mixin(mixin(Object, 'x'), 'y', 'z');
class Made {
  readonly isNew: boolean;
  constructor() {
    this.isNew = new.target === Made;
  }
}
class Unrooted extends (null as unknown as typeof Object) {
  static hi(): string {
    return 'hi';
  }
}
class Keyed {
  [`${key}1`]() {
    return 1;
  }
  static [Symbol.hasInstance](value: unknown): boolean {
    return value === 7;
  }
  *[Symbol.iterator]() {
    yield 1;
    yield K;
  }
  get [Symbol.toStringTag]() {
    return 'Keyed';
  }
}
/** As compilers write an enum. */
const Colour = ((members: Record<string | number, string | number>) => {
  members['Red'] = 0;
  members[0] = 'Red';
  members['Blue'] = 'blue';
  return members;
})({});
const original = (x: number): number => x;
const logged = Object.assign((x: number) => original(x) + 1, { original });
type Step = (n: number) => number;
type Knot = (knot: Knot) => Step;
const combinator = (f: (self: Step) => Step): Step =>
  ((knot: Knot) => knot(knot))((knot) => f((n) => knot(knot)(n)));
const bounce =
  (f: (...args: number[]) => unknown) =>
  (...args: number[]) => {
    let result = f(...args);
    while (typeof result === 'function') result = (result as () => unknown)();
    return result;
  };
const sloppy = (source: string, ...values: unknown[]): ((...args: never[]) => unknown) =>
  new Function(...values.map((_, i) => `v${i}`), source)(...values) as () => unknown;

export const syntax: readonly Case[] = [
  gives('a default value does not see a variable of the body', ['outside', 'inside'], () => {
    const inner = (read = () => outside) => {
      var outside = 'inside';
      return [read(), outside];
    };
    return inner();
  }),
  gives('a default value of the task itself', ['outside', 'inside'], ((
    read: () => string = () => outside,
  ) => {
    var outside = 'inside';
    return [read(), outside];
  }) as () => string[]),
  gives(
    'default values that refer to other parameters',
    [1, 2, 2, 2],
    ((a: number, b = a + 1, { c = b, d: [e = c] = [] }: { c?: number; d?: number[] } = {}) => [
      a,
      b,
      c,
      e,
    ]) as (a: number) => number[],
    1,
  ),
  gives('a computed key in a pattern', 3, ({ [key]: v = 0 }: Record<string, number>) => v, { k: 3 }),
  gives('an assignment to a member in a pattern', 9, () => {
    const o: { x?: number } = {};
    ({ [key]: o.x = 0 } = { k: 9 } as Record<string, number>);
    return o.x;
  }),
  gives('labels, also of the name of a variable', [0, 1, 3, 10], () => {
    const out: number[] = [];
    outer: for (let i = 0; i < 5; i++) {
      for (;;) {
        if (i === 2) continue outer;
        if (i === 4) break outer;
        out.push(i);
        break;
      }
    }
    // biome-ignore lint/suspicious/noLabelVar: it is the point
    K: {
      out.push(K);
      break K;
    }
    return out;
  }),
  gives('a variable of a switch hides another', 2, () => {
    switch (1 as number) {
      case 1: {
        const K = 2;
        return K;
      }
      default:
        return K;
    }
  }),
  gives('static blocks', { a: 'A', b: 'B' }, () => WithStaticBlock.table),
  gives('private fields, accessors and brand checks', [1, 10, true, false], () => {
    const guarded = new Guarded();
    const before = guarded.value;
    guarded.value = 5;
    return [before, guarded.value, Guarded.owns(guarded), Guarded.owns({})];
  }),
  gives('super in arrows, in static methods and in fields', ['pc', 'static pc', 'p'], () => [
    new Called().hi(),
    Called.where(),
    new Called().greeting,
  ]),
  gives('mixins with parameters', ['y', 'z', 'x'], () => new Mixed().list()),
  gives('a mixin that is applied in the task', ['q'], () => new (mixin(Object, 'q'))().list()),
  gives('new.target', true, () => new Made().isNew),
  gives('a class that extends null', ['hi', null], () => [
    Unrooted.hi(),
    Object.getPrototypeOf(Unrooted.prototype) as unknown,
  ]),
  gives('methods under computed names and symbols', [1, true, [1, 10], '[object Keyed]'], () => [
    (new Keyed() as unknown as Record<string, () => number>)['k1']?.(),
    (7 as unknown) instanceof Keyed,
    [...new Keyed()],
    String(new Keyed()),
  ]),
  gives('an enum', [0, 'Red', 'blue'], () => [Colour['Red'], Colour[0], Colour['Blue']]),
  gives('a function around a function', [3, 2], () => [logged(2), logged.original(2)]),
  gives(
    'recursion without a name',
    24,
    combinator((self) => (n) => (n < 2 ? 1 : n * self(n - 1))),
    4,
  ),
  gives(
    'a trampoline',
    5050,
    bounce(function sum(n = 0, acc = 0): unknown {
      return n > 0 ? () => sum(n - 1, acc + n) : acc;
    }) as (n: number) => number,
    100,
  ),
  gives('two closures that came from eval', [2, 30], () => evaluated.map((f) => f(1))),
  gives(
    'sloppy code with arguments that are variables',
    9,
    sloppy('return function (a) { arguments[0] = 9; return a; }') as (a: number) => number,
    1,
  ),
  gives('sloppy code with `with`', 6, sloppy('return function () { with (v0) { return a; } }', { a: 6 })),
  gives(
    'variables of the names that this library uses',
    [1, 2, 3],
    sloppy(
      'return function () { var __loky_slots = 2, __loky_value = 3; return [v0, __loky_slots, __loky_value]; }',
      1,
    ),
  ),
  gives(
    'captured variables of such names',
    [4, 5],
    new Function('__loky_slots', '__loky_at', 'return () => [__loky_slots, __loky_at]')(
      4,
      5,
    ) as () => number[],
  ),
  gives('a template object is the same each time', true, () => {
    const tag = (strings: TemplateStringsArray): TemplateStringsArray => strings;
    const again = (): TemplateStringsArray => tag`a`;
    const [first, second] = [again(), again()];
    return first === second;
  }),
];

/** Of the same length, and without a file: they are told apart by their text. */
const evaluated = [
  '(x) => { const a = 2; return (() => a * x)(); }',
  '(x) => { const b = 3; return 10 * b * x + 0; }',
]
  // biome-ignore lint/security/noGlobalEval: it is the point
  .map((text) => (0, eval)(text.padEnd(60)) as (x: number) => number);
