/** Texts that are easy to break or to misread, in programs of their own: no formatter and no compiler touches them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const base = `
  export class Base { hi() { return 'base'; } }
  export const foo = (x) => x * 2;
  export const tag = (strings) => strings[0];
  export function self() { return this; }
  export const mixin = (B) => class extends B { mixed() { return 1; } };
`;
const START = `
  const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
  const say = (value) => console.log(JSON.stringify(value));
  const fails = (pending) => pending.then(() => 'sent', ({ message }) => message.split('\\n')[0]);
`;

/** What an ES module says that may use `submit`, `say`, `fails` and what `base.mjs` exports. */
function says(body: string): Promise<string> {
  const imports = `
    import { startPool } from 'library';
    import { Base, foo, mixin, self, tag } from './base.mjs';
  `;
  return library.run({ 'main.mjs': `${imports}${START}${body}\nawait stop();`, 'base.mjs': base });
}

/** The same of a CommonJS file that begins with `head`. */
function saysInCommonJs(body: string, head = ''): Promise<string> {
  const main = `${head}
    (async () => {
      const { startPool, workerFile } = await import('./pool.mjs');
      ${START.replace("new URL(import.meta.resolve('library/worker')).pathname", 'workerFile')}
      ${body}
      await stop();
    })();`;
  const pool = `
    export { startPool } from 'library';
    export const workerFile = new URL(import.meta.resolve('library/worker')).pathname;
  `;
  return library.run({ 'main.cjs': main, 'pool.mjs': pool });
}

test('static blocks and what static fields begin with have run at home, and do not run again', async () => {
  const body = `
    const log = [];
    // As TypeScript compiles decorators: the static block fills the list that instances go through.
    const A = (() => {
      const initializers = [];
      return class A {
        static { initializers.push((x) => x * 2); log.push('block'); this.table = new Map([[1, 'a']]); }
        static count = log.push('field');
        static length = 7;
        static name = 'Named';
        static make = () => new this();
        x = initializers.reduce((value, each) => each(value), 3);
        fails() { throw new Error('here'); }
      };
    })();
    const use = () => [A.make().x, log.length, A.count, A.table.get(1), A.length, A.name];
    say(await submit(use));
    A.count = 50;
    say(await submit(use));
    const line = ({ stack }) => /main\\.mjs:(\\d+)/.exec(stack)[1];
    const here = (() => { try { new A().fails(); } catch (error) { return line(error); } })();
    say(here === line(await submit(() => new A().fails()).catch((error) => error)));
    class Private { static runs = log.push('private'); static #own = log.length; static own() { return [this.#own, log.length]; } }
    say(await submit(() => Private.own()));
  `;
  expect((await says(body)).split('\n')).toEqual([
    '[6,2,2,"a",7,"Named"]',
    '[6,2,50,"a",7,"Named"]',
    'true',
    '[4,4]',
  ]);
});

describe('imported names', () => {
  test('that begin a line where no semicolon was written begin a statement', async () => {
    const body = `
      say(await submit(() => {
        const a = 2
        foo(1)
        const log = []
        const f = (x) => { log.push(x) }
        const g = f
        foo(1)
        tag\`x\`
        const h = g
        tag\`y\`
        let n = 1
        n
        ++n
        foo(n).x
        switch (n) {
          case 2:
            n = n
            foo(1)
        }
        class K { static { n = n
          foo(2) } }
        return [a, log.length, typeof h, n]
      }))
    `;
    expect(await says(body)).toBe('[2,0,"function",2]');
  });

  test('stay what they are as the body of a statement and in expressions', async () => {
    const body = `
      say(await submit((x) => {
        const out = []
        if (x) foo(1)
        else foo(2)
        if (!x)
          foo(1)
        else
          foo(3)
        for (const i of [1, 2]) foo(i)
        for (;;) { foo(1); break }
        while (x-- > 0) foo(x)
        do foo(1); while (x > 0)
        label: foo(1)
        const half = (n) => foo(n) / 2
        out.push(half(4), new Base().hi(), new Base instanceof Base, 'name' in foo, typeof foo, foo?.(1))
        out.push(self() === undefined, self?.() === undefined, tag\`t\`, { foo }.foo(4), [foo][0](5))
        return out
      }, 1))
    `;
    expect(await says(body)).toBe('[4,"base",true,true,"function",2,true,true,"t",8,10]');
  });

  test('are not assignable, as at home', async () => {
    const body =
      'say(await submit(() => { try { foo = 1; } catch (error) { return error instanceof TypeError; } }));';
    expect(await says(body)).toBe('true');
  });
});

describe('classes', () => {
  test('of a minifier, which leaves no space after extends', async () => {
    const body =
      'class Near extends(0,mixin)(Base){}\nsay(await submit(() => [new Near().hi(), new Near().mixed()]));';
    expect(await says(body)).toBe('["base",1]');
  });

  test('may use in their body what they extend', async () => {
    const body = `
      class A extends Base { static make() { return new Base().hi(); } }
      class B extends mixin(Base) { static make() { return new Base().hi() + typeof mixin; } }
      const key = (C) => C.name;
      class C { [key(Base)]() { return new Base().hi(); } }
      say(await submit(() => [A.make(), B.make(), new B().mixed(), new C().Base()]));
    `;
    expect(await says(body)).toBe('["base","basefunction",1,"base"]');
  });

  test('of a factory have each its own computed names', async () => {
    const body = `
      const make = (name) => class { [name]() { return 1; } };
      const captured = (name) => class { [name]() { return name; } static [name + 's']() { return name; } };
      for (const C of [make('a'), make('b'), captured('c'), captured('d')])
        say(await submit((K) => [Object.getOwnPropertyNames(K.prototype)[1], Object.getOwnPropertyNames(K)[3]], C));
    `;
    expect(await says(body)).toBe('["a",null]\n["b",null]\n["c","cs"]\n["d","ds"]');
  });

  test('keep computed names as they turned out to be, in whatever order', async () => {
    const body = `
      let i = 0;
      const Counted = class { [\`m\${i}\`]() { return i; } };
      i = 5;
      const make = () => { const a = 'b', b = '1'; return class { [a]() { return 'A'; } [b]() { return 'B'; } }; };
      const Mixed = make();
      function ofThis() { return class { [this.k]() { return 1; } }; }
      const OfThis = ofThis.call({ k: 'z' });
      function field() { return class { [this.k] = 1; }; }
      const Field = field.call({ k: 'z' });
      say(await submit(() => [new Counted().m0(), new Mixed().b(), new Mixed()[1](), new OfThis().z()]));
      say(/computed name that uses .this./.test(await fails(submit(() => Field))));
    `;
    expect(await says(body)).toBe('[5,"A","B",1]\ntrue');
  });

  test('keep static methods and accessors that are called `name`', async () => {
    const body = `
      class Method { static name() { return 'method'; } }
      class Accessor { static get name() { return 'accessor'; } }
      say(await submit(() => [Method.name(), Accessor.name]));
    `;
    expect(await says(body)).toBe('["method","accessor"]');
  });

  test('keep methods under which another of their own was put', async () => {
    const body = `
      class C { a() { return 'a'; } b() { return 'b'; } get x() { return 'x'; } get y() { return 'y'; } }
      C.prototype.b = C.prototype.a;
      Object.defineProperty(C.prototype, 'y', Object.getOwnPropertyDescriptor(C.prototype, 'x'));
      class Bag { *values() { yield 1; } }
      Object.defineProperty(Bag.prototype, Symbol.iterator, { value: Bag.prototype.values });
      class S { static a() { return 'a'; } static b() { return 'b'; } }
      S.b = S.a;
      say(await submit(() => [new C().b(), new C().y, [...new Bag()], S.b()]));
    `;
    expect(await says(body)).toBe('["a","x",[1],"a"]');
  });

  test('keep a prototype object that got another parent', async () => {
    const body = `
      class Other { hey() { return 'other'; } }
      class Plain {}
      Object.setPrototypeOf(Plain.prototype, Other.prototype);
      class First { hey() { return 'first'; } static own() { return 'own'; } }
      class Derived extends First {}
      Object.setPrototypeOf(Derived.prototype, Other.prototype);
      class Bare {}
      Object.setPrototypeOf(Bare.prototype, null);
      say(await submit(() => [new Plain().hey(), new Derived().hey(), Derived.own(), 'toString' in new Bare()]));
    `;
    expect(await says(body)).toBe('["other","other","own",false]');
  });
});

describe('what a function sees', () => {
  test('includes globals of the program, also those that it assigns to and those that come later', async () => {
    const body = `
      globalThis.count = 0;
      say(await submit(() => ++count));
      const late = () => (typeof later === 'undefined' ? 'none' : later);
      say(await submit(late));
      say(await submit(late));
      globalThis.later = 5;
      say(await submit(late));
    `;
    expect(await says(body)).toBe('1\n"none"\n"none"\n5');
  });

  test('is what its own name means now, if that is assigned to', async () => {
    const body = `
      function f(n) { return n > 0 ? f(n - 1) : 'old'; }
      const first = f;
      say([await submit(first, 1), await submit(first, 1)]);
      f = function () { return 'new'; };
      say(await submit(first, 1));
      function lazy() { lazy = () => 'later'; return lazy(); }
      say(await submit(lazy));
    `;
    expect(await saysInCommonJs(body)).toBe('["old","old"]\n"new"\n"later"');
  });

  test('may be undefined on purpose', async () => {
    const body = `
      function F() { const target = new.target; return () => String(target); }
      const on = (f, name) => {};
      const unsubscribe = on(() => {}, 'event');
      say([await submit(F()), await submit(() => String(unsubscribe))]);
    `;
    expect(await says(body)).toBe('["undefined","undefined"]');
  });

  test('is a parameter as it was assigned by way of `arguments`', async () => {
    const body = `
      function make(a) { return [() => a, (v) => { arguments[0] = v; }]; }
      const [read, write] = make(1);
      say([await submit(read), await submit(read)]);
      write(9);
      say(await submit(read));
    `;
    expect(await saysInCommonJs(body)).toBe('[1,1]\n9');
  });
});

describe('CommonJS', () => {
  test('refuses an arrow with the `this` of the file, which is its exports', async () => {
    const head = 'exports.x = 5; const read = () => this.x;';
    const body = 'say(/captures .this./.test(await fails(submit(read))));';
    expect(await saysInCommonJs(body, head)).toBe('true');
  });

  test('is strict by any of its directives, and so is a function in a strict arrow', async () => {
    const head = "'use client'; 'use strict';";
    const body = 'say(await submit(function () { return this === undefined; }));';
    expect(await saysInCommonJs(body, head)).toBe('true');
    const inner = `
      const arrow = () => { 'use strict'; return function () { return this === undefined; }; };
      function outer() { 'use other'; 'use strict'; return function () { return this === undefined; }; }
      const sloppy = () => { 'use other'; return function () { return this === undefined; }; };
      say([await submit(arrow()), await submit(outer()), await submit(sloppy())]);
    `;
    expect(await saysInCommonJs(inner)).toBe('[true,true,false]');
  });
});
