/** What the number of modules that a program has loaded costs a submit. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

test('modules are listed once for a message at most, and not for data', async () => {
  const main = `
    import { Module } from 'node:module';
    import { createSender } from 'library';
    import first from './first.cjs';
    let lists = 0;
    Module._cache = new Proxy(Module._cache, { ownKeys(target) { lists++; return Reflect.ownKeys(target); } });
    const sender = createSender();
    const count = (fn) => { lists = 0; sender.prepareCall(fn, []); return lists; };
    const table = Array.from({ length: 300 }, (_, id) => ({ id, name: 'n' + id, price: { net: id, tags: ['a'] } }));
    const tools = Array.from({ length: 50 }, (_, id) => ({ id, run: () => id }));
    const say = (value) => console.log(JSON.stringify(value));
    say([count(() => table), count(() => tools), count(() => first)]);`;
  const files = { 'main.mjs': main, 'first.cjs': 'exports.kept = { deep: () => 1 };' };
  expect(await library.run(files)).toBe('[0,1,0]');
});
