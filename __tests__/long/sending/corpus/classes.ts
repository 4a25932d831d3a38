/** Classes that travel by value and by reference, and their instances. */
import { EventEmitter } from 'node:events';
import { arrives, type Case, gives, survives } from './case.ts';
import { Animal, Dog } from './modules/shapes.ts';

const K = 10;
const key = 'computed';
class Point {
  x: number;
  y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  norm(): number {
    return Math.hypot(this.x, this.y);
  }
  static origin(): Point {
    return new Point(0, 0);
  }
}
class Point3 extends Point {
  z: number;
  constructor(x: number, y: number, z: number) {
    super(x, y);
    this.z = z;
  }
  override norm(): number {
    return super.norm() + this.z;
  }
  shifted = (by: number): number => this.z + by;
}
class Shape {
  static count = 3;
  static #secret = 9;
  static readonly boot = K * 2;
  name = 'shape';
  #width: number;
  constructor(width: number) {
    this.#width = width;
  }
  area(): number {
    return this.#width * 2;
  }
  get half(): number {
    return this.area() / 2;
  }
  static total(): number {
    return Shape.count + Shape.#secret;
  }
  [key](): string {
    return 'by a computed name';
  }
  static {
    Shape.count += 0;
  }
}
class Square extends Shape {
  override area(): number {
    return super.area() + 1;
  }
  async later(): Promise<number> {
    await null;
    return this.area();
  }
  *items(): Generator<number> {
    yield* [1, 2];
  }
}
class TreeNode {
  value: number;
  parent: TreeNode | null = null;
  children: TreeNode[] = [];
  constructor(value: number) {
    this.value = value;
  }
  add(child: TreeNode): this {
    child.parent = this;
    this.children.push(child);
    return this;
  }
  depth(): number {
    return this.parent ? this.parent.depth() + 1 : 0;
  }
}
const leaf = new TreeNode(2);
new TreeNode(1).add(leaf);
class First {
  make(): Second {
    return new Second();
  }
}
class Second extends First {
  tag = 'second';
}
const Serializable = <T extends new (...args: never[]) => object>(Base: T) =>
  class extends (Base as unknown as new (...args: unknown[]) => object) {
    toText(): string {
      return JSON.stringify(this);
    }
  };
const TextPoint = Serializable(Point) as unknown as new (
  x: number,
  y: number,
) => Point & { toText(): string };
class Dictionary extends Map<string, number> {
  total(): number {
    return [...this.values()].reduce((a, b) => a + b, 0);
  }
}
class Bag extends Set<number> {
  label = 'bag';
}
class List extends Array<number> {
  sum(): number {
    return this.reduce((a, b) => a + b, 0);
  }
}
class Day extends Date {
  label(): string {
    return this.toISOString().slice(0, 10);
  }
}
class Pattern extends RegExp {
  hits(text: string): number {
    return [...text.matchAll(this)].length;
  }
}
class Bytes extends Uint8Array {
  sum(): number {
    return this.reduce((a, b) => a + b, 0);
  }
}
class Bus extends EventEmitter {
  ready = true;
}
class Temperature {
  celsius: number;
  constructor(celsius: number) {
    this.celsius = celsius;
  }
  [Symbol.toPrimitive](): number {
    return this.celsius;
  }
  get [Symbol.toStringTag](): string {
    return 'Temperature';
  }
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && 'celsius' in value;
  }
}
class Money {
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
  [Symbol.for('loky.reduce')](): unknown[] {
    return [Money, this.#cents];
  }
}
class Handlers {
  greeting = 'hi';
  onGreet: () => string;
  constructor() {
    this.onGreet = this.greet.bind(this);
  }
  greet(): string {
    return this.greeting;
  }
}
function OldStyle(this: { x: number }, x: number) {
  this.x = x;
}
OldStyle.prototype.get = function (this: { x: number }) {
  return this.x;
};
const Old = OldStyle as unknown as new (x: number) => { x: number; get(): number };
function OldChild(this: { x: number }, x: number) {
  OldStyle.call(this, x);
}
OldChild.prototype = Object.create(OldStyle.prototype, { constructor: { value: OldChild } });
const OldChildClass = OldChild as unknown as new (x: number) => { x: number; get(): number };
function Literal(this: { n: number }, n: number) {
  this.n = n;
}
Literal.prototype = {
  constructor: Literal,
  twice: function (this: { n: number }) {
    return this.n * 2;
  },
};
const LiteralClass = Literal as unknown as new (n: number) => { n: number; twice(): number };
const initializers: ((value: number) => number)[] = [];
const registered: string[] = [];
/** As compilers write decorators: what a block puts into lists, constructors read. */
class Initialized {
  static {
    initializers.push((value) => value * 2);
  }
  static order = registered.push('Initialized');
  value = initializers.reduce((value, initialize) => initialize(value), 5);
}
/** As immutable makes its records. */
const Keeper = (() => {
  function Kept(this: { n: number }, n: number) {
    this.n = kept.offset + n;
  }
  const kept = Object.create({ offset: 1 }) as { offset: number; constructor: unknown };
  kept.constructor = Kept;
  Kept.prototype = kept;
  return Kept as unknown as new (
    n: number,
  ) => { n: number; offset: number };
})();
class Patched {
  original(): string {
    return 'original';
  }
}
(Patched.prototype as unknown as { added: () => string }).added = () => `added ${K}`;
Patched.prototype.original = () => 'patched';
class Counted {
  static instances = 0;
  constructor() {
    Counted.instances++;
  }
}
new Counted();
const Anonymous = class {
  answer = 42;
};
class Fluent {
  steps: string[] = [];
  step(name: string): this {
    this.steps.push(name);
    return this;
  }
}
// biome-ignore lint/complexity/noStaticOnlyClass: it is what is tested
class Lazy {
  static cache = new Map([['a', 1]]);
  static get(name: string): number | undefined {
    return Lazy.cache.get(name);
  }
}
abstract class Model {
  abstract kind(): string;
  describe(): string {
    return `model ${this.kind()}`;
  }
}
class User extends Model {
  readonly id: number;
  constructor(id: number) {
    super();
    this.id = id;
  }
  kind(): string {
    return `user ${this.id}`;
  }
}
// biome-ignore lint/complexity/noStaticOnlyClass: it is what is tested
class Null {
  static make(): object {
    return Object.create(null) as object;
  }
}
const singleton = new (class {
  value = 7;
  read() {
    return this.value;
  }
})();

class General {
  count = 1;
  general(): General {
    return new Specific();
  }
  other(): General {
    return specific();
  }
}
const specific = (): General => new Specific();
class Specific extends General {
  static readonly all: readonly string[] = ['a'];
}
class Inheriting {}
Object.setPrototypeOf(Inheriting, { inherited: () => 3 });

export const classes: readonly Case[] = [
  gives('what a class inherits by a prototype that was set', 3, () =>
    (Inheriting as unknown as { inherited(): number }).inherited(),
  ),
  gives('new of a class', 5, () => new Point(3, 4).norm()),
  gives('new of a subclass with fields and super', [9, 4.5], () => [
    new Square(4).area(),
    new Square(4).half,
  ]),
  gives('async methods and generators', [9, [1, 2]], async () => [
    await new Square(4).later(),
    [...new Square(1).items()],
  ]),
  gives('static fields, private static fields, static blocks', [12, 20], () => [Shape.total(), Shape.boot]),
  gives('computed method names', 'by a computed name', () => new Shape(1).computed()),
  gives('a static method', 0, () => Point.origin().norm()),
  gives('a static method without its class', 0, () => ((make: () => Point) => make().norm())(Point.origin)),
  gives('a class as an argument', 5, (C: typeof Point) => new C(3, 4).norm(), Point),
  gives('the name of a class', [Point.name, Point3.name], () => [Point.name, Point3.name]),
  gives('a subclass of a class that makes instances of it', [1, 1], () => [
    new Specific().general().count,
    new Specific().other().count,
  ]),
  gives('classes that refer to each other', ['second', true], () => [
    new First().make().tag,
    new Second() instanceof First,
  ]),
  gives('a mixin', '{"x":1,"y":2}', () => new TextPoint(1, 2).toText()),
  gives('a class expression', 42, () => new Anonymous().answer),
  gives('a static counter has its value', 2, () => {
    new Counted();
    return Counted.instances;
  }),
  gives('static data', [1, undefined], () => [Lazy.get('a'), Lazy.get('b')]),
  gives('chained methods', ['a', 'b'], () => new Fluent().step('a').step('b').steps),
  gives('an abstract class', 'model user 3', () => new User(3).describe()),
  gives('a static method that makes null prototypes', null, () => Object.getPrototypeOf(Null.make())),
  gives('a method of a prototype that needs nothing', 5, Point.prototype.norm.bind(new Point(3, 4))),
  survives(
    'an instance whose prototype is a literal that names its class',
    new LiteralClass(3),
    (it) => it instanceof LiteralClass && it.twice() === 6,
  ),
  gives('what static blocks and fields have put into a list is there once', [10, 1, ['Initialized']], () => [
    new Initialized().value,
    Initialized.order,
    registered,
  ]),
  survives(
    'an instance of a class that uses its own prototype',
    new Keeper(3),
    (it) => it instanceof Keeper && it.n === 4 && new Keeper(it.offset).n === 2,
  ),
  gives('patched prototypes', ['patched', 'added 10'], () => {
    const patched = new Patched() as Patched & { added(): string };
    return [patched.original(), patched.added()];
  }),
  gives(
    'instanceof in the task',
    [true, true, false],
    (p: Point) => [p instanceof Point3, p instanceof Point, p instanceof Shape],
    new Point3(3, 4, 5),
  ),
  gives('an arrow in a field keeps its this', 15, (p: Point3) => p.shifted(10), new Point3(3, 4, 5)),
  gives('a captured instance', 7, () => singleton.read()),
  gives('cycles of instances', [1, true], (l: TreeNode) => [l.depth(), l.parent?.children[0] === l], leaf),
  gives('a handler that is bound to its instance', 'hi', (h: Handlers) => h.onGreet(), new Handlers()),
  gives('old classes', [4, true], (o: InstanceType<typeof Old>) => [o.get(), o instanceof Old], new Old(4)),
  gives('old inheritance', [4, true, true], () => {
    const o = new OldChildClass(4);
    return [o.get(), o instanceof Old, o instanceof OldChildClass];
  }),
  gives(
    'an EventEmitter of the user',
    [true, 1],
    (bus: Bus) => {
      let n = 0;
      bus.on('x', () => n++);
      bus.emit('x');
      return [bus.ready, n];
    },
    new Bus(),
  ),
  gives('an imported class', 'rex makes a sound', () => new Animal('rex').speak()),
  gives('an imported class with private fields', 'd makes a sound (woof t)', () => new Dog('d').speak()),
  gives('a static method of an imported class', 'x', () => Animal.create('x').name),
  gives(
    'an instance of an imported class',
    ['rex makes a sound', true],
    (a: Animal) => [a.speak(), a instanceof Animal],
    new Animal('rex'),
  ),
  survives('an instance comes back as one', new Point(3, 4), (p) => p instanceof Point && p.norm() === 5),
  survives(
    'an instance of a subclass comes back as one',
    new Point3(3, 4, 5),
    (p) => p instanceof Point3 && p instanceof Point && p.norm() === 10,
  ),
  survives(
    'a graph of instances',
    leaf,
    (l) => l.depth() === 1 && l.parent?.children[0] === l && l.parent instanceof TreeNode,
  ),
  survives(
    'a subclass of Map',
    new Dictionary([
      ['a', 1],
      ['b', 2],
    ]),
    (d) => d instanceof Dictionary && d.total() === 3 && d.get('a') === 1,
  ),
  survives(
    'a subclass of Set',
    new Bag([1, 2]),
    (b) => b instanceof Bag && b.size === 2 && b.label === 'bag',
  ),
  survives(
    'a subclass of Array',
    List.from([1, 2, 3]) as List,
    (l) => l instanceof List && l.sum() === 6 && l.length === 3 && Array.isArray(l),
  ),
  survives('a subclass of Date', new Day(0), (d) => d instanceof Day && d.label() === '1970-01-01'),
  survives('a subclass of RegExp', new Pattern('a', 'g'), (p) => p instanceof Pattern && p.hits('aba') === 2),
  survives(
    'a subclass of Uint8Array',
    Bytes.from([1, 2, 3]) as Bytes,
    (b) => b instanceof Bytes && b.sum() === 6,
  ),
  survives('an old instance', new Old(3), (o) => o instanceof Old && o.get() === 3),
  survives(
    'an instance of an imported class comes back as one',
    new Animal('tom'),
    (a) => a instanceof Animal && a.speak() === 'tom makes a sound',
  ),
  survives(
    'symbol methods',
    new Temperature(20),
    (t) => Number(t) === 20 && Object.prototype.toString.call(t) === '[object Temperature]',
  ),
  survives('private state with a hook', new Money(150), (m) => m instanceof Money && m.cents === 150),
  survives(
    'an instance without fields',
    new First(),
    (f) => f instanceof First && Object.keys(f).length === 0,
  ),
  survives(
    'two of the same instance',
    (() => {
      const p = new Point(1, 2);
      return [p, p];
    })(),
    ([a, b]) => a === b && a instanceof Point,
  ),
  arrives(
    'a class as a value in data',
    { C: Point, list: [Point3] },
    ({ C, list }) => new C(3, 4).norm() === 5 && new (list[0] as typeof Point3)(3, 4, 5).norm() === 10,
  ),
  arrives(
    'an object that inherits from another',
    Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }) as {
      inherited: number;
      own: number;
    },
    (o) => o.inherited === 1 && o.own === 2 && !Object.hasOwn(o, 'inherited'),
  ),
  gives(
    'a class made in the task comes back to where it is known',
    true,
    () => new Point(1, 2) instanceof Point,
  ),
];
