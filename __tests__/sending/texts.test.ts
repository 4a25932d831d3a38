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

describe('what a function sees', () => {
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
