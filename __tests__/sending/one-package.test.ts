/** A package is one thing: what workers load of it is never sent beside it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const START = `
  const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
  const say = (value) => console.log(JSON.stringify(value));
  const fails = (pending) => pending.then((value) => ['sent', value], ({ message }) => message);
`;
const program = (imports: string, body: string): string =>
  `${imports}\nimport { startPool } from 'library';\n${START}\n${body}\nawait stop();`;

/** Sentinels, an internal class, a private symbol and a WeakMap, none of which is exported. */
const shelf = `
  const NOTHING = {};
  const MARK = Symbol('mark');
  const states = new WeakMap();
  class Leaf { constructor(v) { this.v = v; } isEmpty() { return this.v === NOTHING; } }
  const label = (leaf) => leaf instanceof Leaf ? 'leaf' : 'stranger';
  class Shelf {
    constructor(v) { this.leaf = new Leaf(v ?? NOTHING); this[MARK] = 'marked'; }
    clear() { this.leaf.v = NOTHING; return this; }
    get state() { return [this[MARK], label(this.leaf), this.leaf.isEmpty(), this.leaf.v === NOTHING]; }
  }
  let made = 0;
  const curry = (fn) => { const next = (x) => { const known = states.get(next); return known ?? fn(x, label(new Leaf(x)), NOTHING === nothing()); }; return next; };
  const counting = () => () => { made += 1; return made; };
  const nothing = () => NOTHING;
`;
const body = `
  say(await submit((shelf) => shelf.state, new Shelf()));
  say(await submit((shelf) => shelf.clear().state, new Shelf(1)));
  say(await submit((shelf) => [shelf.state, new Shelf().leaf.constructor === shelf.leaf.constructor], new Shelf(2)));
  say(await submit(curry((x, kind, same) => [x, kind, same]), 3));
  say((await submit((shelf) => shelf, new Shelf(4))).state);
  console.log(await fails(submit(counting())));
`;
const expected = [
  '["marked","leaf",true,true]',
  '["marked","leaf",true,true]',
  '[["marked","leaf",false,false],true]',
  '[3,"leaf",true]',
];

test.each([
  [
    'CommonJS',
    'index.cjs',
    `${shelf}\nexports.Shelf = Shelf; exports.curry = curry; exports.counting = counting;`,
  ],
  [
    'CommonJS in a function',
    'index.cjs',
    `(function () {${shelf}\nmodule.exports = { Shelf, curry, counting }; }).call(this);`,
  ],
  ['an ES module', 'index.mjs', `${shelf}\nexport { Shelf, curry, counting };`],
])('internals of a package: %s', async (_, file, text) => {
  const files = {
    'main.mjs': program("import { Shelf, curry, counting } from 'shelf';", body),
    [`node_modules/shelf/${file}`]: text,
    'node_modules/shelf/package.json': JSON.stringify({ name: 'shelf', exports: `./${file}` }),
  };
  const said = (await library.run(files)).split('\n');
  expect(said.slice(0, 4)).toEqual(expected);
  expect(said[4]).toBe('["marked","leaf",false,false]');
  expect(said[5]).toMatch(
    /closure variable `made` is a variable of file:.*shelf.* that the function assigns: the worker has/,
  );
});

test('a class that is the default export alone leads to what its module keeps', async () => {
  const main = `
    class Tray extends Shelf {}
    say([await submit((shelf) => shelf.state, new Shelf()), await submit((shelf) => shelf.clear().state, new Shelf(1))]);
    say([await submit((tray) => tray.value(), new Tray(5)), await submit((tray) => tray.value(), new Shelf(6))]);`;
  const text = `
    const MARK = Symbol('mark'); const NOTHING = {}; const values = new WeakMap();
    class Shelf {
      constructor(v) { this.v = v ?? NOTHING; this[MARK] = 'marked'; values.set(this, v); }
      clear() { this.v = NOTHING; return this; }
      value() { return values.get(this); }
      get state() { return [this[MARK], this.v === NOTHING]; }
    }
    export default Shelf;`;
  const said = await library.run({
    'main.mjs': program("import Shelf from 'shelf';", main),
    'node_modules/shelf/index.mjs': text,
    'node_modules/shelf/package.json': JSON.stringify({ name: 'shelf', exports: './index.mjs' }),
  });
  expect(said.split('\n')).toEqual(['[["marked",true],["marked",true]]', '[5,6]']);
});

test('classes that one function of a file makes are not taken for each other', async () => {
  const main = `
    const kind = (fn) => submit(fn).then((made) => made, (error) => error).then((made) => [made instanceof kinds[404], made instanceof kinds[409], made.message ?? made.code()]);
    say([await kind(() => kinds.raise(404)), await kind(() => kinds.raise(409)), await kind(() => kinds.make(409))]);
    console.log(await fails(submit(() => kinds.hidden(0))));
    console.log(await fails(submit(() => kinds.hidden(1))));`;
  const kinds = `
    const failure = (code) => { class Failure extends Error { constructor() { super('no ' + code); } } return Failure; };
    const kept = (code) => { const codes = new WeakMap(); class Kept { constructor() { codes.set(this, code); } code() { return codes.get(this); } } return Kept; };
    for (const code of [404, 409]) exports[code] = failure(code);
    exports.make = (code) => new exports[code]();
    exports.raise = (code) => { throw exports.make(code); };
    const plain = (n) => { class Plain { n() { return n; } } return Plain; };
    exports.Plain = plain(1);
    const others = [kept(1), plain(2)];
    exports.Kept = kept(3);
    exports.hidden = (index) => new others[index]();`;
  const said = await library.run({
    'main.mjs': program("import kinds from './kinds.cjs';", main),
    'kinds.cjs': kinds,
  });
  const [first, ...others] = said.split('\n').filter((line) => !/^ +hint/.test(line));
  expect(first).toBe('[[true,false,"no 404"],[false,true,"no 409"],[false,true,"no 409"]]');
  expect(others[0]).toMatch(
    /a class that the host does not know \(Kept\)|state that its class keeps in a WeakMap/,
  );
  expect(others[1]).toMatch(/a class that the host does not know \(Plain\)/);
});

/** As compilers write it: the variables are declared before the class, and get their stores after it. */
const money = `
  var _cents, _methods;
  class Money {
    constructor(cents) { _methods.add(this); _cents.set(this, cents); }
    value() { if (!_methods.has(this)) throw new TypeError('no Money'); return _cents.get(this); }
    half() { return new Money(this.value() / 2); }
  }
  _cents = new WeakMap(), _methods = new WeakSet();
  const inCall = () => { const own = new WeakMap(); return class Coin { constructor(v) { own.set(this, v); } value() { return own.get(this); } }; };
  const Coin = inCall();
  const internals = { marks: new WeakMap() };
  class Mark { constructor(m) { internals.marks.set(this, m); } get mark() { return internals.marks.get(this); } }`;

test.each([
  ['CommonJS', 'money.cjs', `${money}\nmodule.exports = { Money, Coin, Mark };`],
  ['an ES module', 'money.mjs', `${money}\nexport { Money, Coin, Mark };`],
])(
  'what a class keeps for its instances in a WeakMap of its module is sent with them: %s',
  async (_, file, text) => {
    const main = `
    const price = new Money(30);
    say(await submit((m) => [m.value(), m.half().value()], price));
    say([(await submit((m) => m.half(), price)).value(), (await submit(() => new Money(7))).value(), (await submit(half, price)).value()]);
    say([await submit((c) => c.value(), new Coin(3)), await submit((m) => m.mark, new Mark('x'))]);
    for (const make of [() => new Coin(4), () => new Mark('y')]) console.log(await fails(submit(make).then((made) => made.mark ?? made.value())));`;
    const said = await library.run({
      'main.mjs': program(
        `import { Money, Coin, Mark } from './${file}';\nimport { half } from './half.mjs';`,
        main,
      ),
      'half.mjs': 'export const half = (money) => money.half();',
      [file]: text,
    });
    const lines = said.split('\n').filter((line) => !/^ +hint/.test(line));
    expect(lines.slice(0, 3)).toEqual(['[30,15]', '[15,7,15]', '[3,"x"]']);
    expect(lines[4]).toMatch(/^cannot send the result: result has state that its class keeps in a WeakMap/);
    expect(lines[3]).toMatch(
      /^(?:\[ 'sent', 4 \]|cannot send the result: result has state that its class keeps in a WeakMap)/,
    );
  },
);

test('what a task makes of classes that the host has loaded comes back as theirs, whatever ran before', async () => {
  const main = `
    const is = async (fn, cls) => { const made = await submit(fn).catch((error) => error); return made instanceof cls && made.constructor === cls; };
    say([await is(makeOrder, Order), await is(refuse, AppError), await is(deep, Deep.Inner), await is(() => makeOrder(), Order), await is(() => bare(), Order)]);
    say([await is(cjs.make, cjs.Thing), await is(() => hidden(), hidden().constructor)]);
    say((await submit(cjs.localized)).locale.ordinal === cjs.localized().locale.ordinal);
    say([await fails(submit(() => globalThis.eval('(class Stranger {})')).then(() => 1)), globalThis.evaluated]);
  `;
  const imports = `
    import { makeOrder, refuse, deep, hidden, Order, AppError } from './orders.mjs';
    import * as Deep from './deep.mjs';
    import { makeOrder as bare } from 'same/orders.mjs';
    import cjs from './things.cjs';`;
  const files = {
    'main.mjs': program(imports, main),
    'orders.mjs': `
      import { makeInner } from './between.mjs';
      export { AppError } from './errors.mjs';
      import { AppError as Own } from './errors.mjs';
      export class Order { total() { return 2; } }
      class Hidden {}
      export const makeOrder = () => new Order();
      export const refuse = () => { throw new Own('no'); };
      export const deep = () => makeInner();
      export const hidden = () => new Hidden();`,
    'between.mjs':
      "import * as deep from './deep.mjs'; export const makeInner = () => new deep.Inner(); globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;",
    'deep.mjs': 'export class Inner {}',
    'errors.mjs': 'export class AppError extends Error {}',
    'things.cjs':
      'class Thing {}\nexports.make = () => new Thing();\nexports.Thing = Thing;\nlet locale = { ordinal: (n) => n + "." };\nexports.localized = () => ({ locale });',
    'node_modules/same/orders.mjs': "export * from '../../orders.mjs';",
  };
  const said = (await library.run(files)).split('\n');
  expect(said[0]).toBe('[true,true,true,true,true]');
  expect(said[1]).toBe('[true,true]');
  expect(said[2]).toBe('true');
  expect(said[3]).toMatch(/is a class that the host does not know \(Stranger\).*,1\]$/);
});

test('methods that another module has added to a class are missed in words', async () => {
  const files = {
    'main.mjs': program(
      "import { Money } from './money.mjs';\nimport './plugin.mjs';\nimport { own } from './own.mjs';",
      'console.log(await fails(submit((m) => m.half(), new Money(2)))); say(await submit((m) => m.twice(), own()));',
    ),
    'money.mjs': 'export class Money { constructor(n) { this.n = n; } twice() { return 2 * this.n; } }',
    'plugin.mjs':
      "import { Money } from './money.mjs';\nMoney.prototype.half = function () { return this.n / 2; };",
    'own.mjs': 'class Own { twice() { return 4; } }\nexport const own = () => new Own();',
  };
  expect(await library.run(files)).toMatch(
    /`Money` of file:.*money\.mjs has more methods in the program than in the worker.*\n {2}hint: name that module in `preload`.*\n4$/,
  );
});

test('what cannot be sent of a minified file is said to be bundled', async () => {
  const text = `class Q{#h=1;get h(){return this.#h}}const q=new Q,f=x=>x+q.h;${'void 0;'.repeat(3_000)}`;
  const main = program('', `${text}console.log(await fails(submit(f,1)));`).replaceAll('\n', ' ');
  expect(await library.run({ 'main.mjs': main })).toMatch(
    /`q` is a Q with private state \(#h\)\n {2}hint: the program is bundled, .*: mark the package external, or make `q` inside the task/,
  );
});

test('what cannot be sent of a package is told by its name, with what its users can do', async () => {
  const files = {
    'main.mjs': program(
      "import { limiter } from 'limits';",
      'const limit = limiter(); console.log(await fails(submit(() => limit(1))));',
    ),
    'node_modules/limits/index.mjs':
      'class Queue { #head = 1; get head() { return this.#head; } }\nexport const limiter = () => { const queue = new Queue(); return (x) => x + queue.head; };',
    'node_modules/limits/package.json': '{ "name": "limits", "exports": "./index.mjs" }',
  };
  expect(await library.run(files)).toMatch(
    /^cannot send the task: closure variable `limit` holds something of limits that cannot be sent: … → closure variable `queue` is a Queue with private state \(#head\)\n {2}hint: it belongs to limits: make it inside the task or in an initializer, move `limit` into a module that the task imports it from, or say by register\(\) how it travels/,
  );
});

test('a thenable of a package, such as a future or a query, is refused with the hint to await it', async () => {
  const files = {
    'main.mjs': program(
      "import { select } from 'queries';",
      'console.log(await fails(submit((rows) => rows, select())));',
    ),
    'node_modules/queries/index.mjs':
      'class Query { #text = "select"; then(done) { done(this.#text); } }\nexport const select = () => new Query();',
    'node_modules/queries/package.json': '{ "name": "queries", "exports": "./index.mjs" }',
  };
  expect(await library.run(files)).toMatch(
    /argument 0 is a Query with private state \(#text\)\n {2}hint: await it, and send its result$/,
  );
});

test('a module of the program goes by value whole, or by reference whole', async () => {
  const text = `
    class Order { constructor(n) { this.n = n; } }
    const isOrder = (x) => x instanceof Order;
    export const make = (n) => new Order(n);
    export const check = (x) => isOrder(x);
    export const hidden = () => isOrder;
    export const load = () => { globalThis.loaded = true; };
    globalThis.loads = (globalThis.loads ?? 0) + 1;
  `;
  const main = `
    const order = make(1);
    const isOne = hidden();
    say(await submit((f, o) => [f(o), typeof globalThis.loads], isOne, order));
    say(await submit((o) => [check(o), isOne(o), globalThis.loads], order));
    say(await submit((f, g, o) => [f(o), g(o), globalThis.loads], isOne, check, order));
  `;
  const files = {
    'main.mjs': program("import { make, check, hidden } from './orders.mjs';", main),
    'orders.mjs': text,
  };
  expect(await library.run(files)).toBe('[true,"undefined"]\n[true,true,1]\n[true,true,1]');
});

test('a method that only the program has is missed by the name that it has there, and the stack says what to do', async () => {
  const files = {
    'main.mjs': program(
      "import made from './made.mjs';",
      `made.plugin = () => 1;
       const error = await submit(() => made.plugin()).catch((e) => e);
       console.log(error.message); console.log(error.stack);`,
    ),
    'made.mjs': 'export default { own() {} };',
  };
  const said = await library.run(files);
  expect(said).toMatch(/^made\.plugin is not a function\nTypeError: made\.plugin is not a function\n/);
  expect(said).toMatch(/\n {4}hint: if a plugin or a polyfill adds it .*`preload`/);
});

test('what CommonJS requires of an ES module is required in the worker', async () => {
  const main = `
    const helpers_1 = require('./helpers.mjs');
    const { startPool } = require('library');
    (async () => {
      const { submit, stop } = startPool(require.resolve('library/worker'));
      console.log(await submit((n) => (0, helpers_1.twice)(n) + helpers_1.default, 4));
      await stop();
    })();`;
  const files = {
    'main.cjs': main,
    'main.mjs': "import './main.cjs';",
    'helpers.mjs': "export { twice } from './twice.mjs'; export default 1;",
    'twice.mjs': 'export const twice = (n) => 2 * n;',
  };
  expect(await library.run(files)).toBe('9');
});
