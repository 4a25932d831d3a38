/** Objects that were frozen, sealed or closed, and properties that cannot be written, in what goes by the graph. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const program = (imports: string, body: string): string => `${imports}
  import { startPool } from 'library';
  const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
  const say = (value) => console.log(JSON.stringify(value));
  ${body}
  await stop();`;

test('what a closure captures is as closed as it was, and so is what comes back', async () => {
  const body = `
    const config = Object.freeze({ limits: Object.freeze([1, 2]), tags: Object.seal({ a: 1 }), open: Object.preventExtensions({ b: 1 }) });
    class Point { constructor() { this.x = 1; Object.freeze(this); } }
    class Kinds { static A = 1; static { Object.freeze(this); } }
    const point = new Point();
    const fixed = Object.defineProperty({}, 'id', { value: 7, enumerable: true });
    const frozenMap = Object.freeze(new Map([[1, 2]]));
    const patterns = [Object.freeze(/a/g), Object.seal(/b/y)]; patterns[1].lastIndex = 2;
    const self = { name: 'self' }; self.self = self; Object.freeze(self);
    const state = (o) => [Object.isFrozen(o), Object.isSealed(o), Object.isExtensible(o)];
    const all = () => [config, config.limits, config.tags, config.open, point, Kinds, fixed, frozenMap, ...patterns, self, self.self].map(state);
    say(JSON.stringify(await submit(all)) === JSON.stringify(all()));
    say(await submit(() => { try { fixed.id = 8; } catch (error) { return [fixed.id, error.name]; } }));
    say([await submit(all) , await submit(() => [Kinds.A, point.x, config.limits[1], frozenMap.get(1), patterns[1].lastIndex])][1]);
    const back = await submit((p) => p, point);
    say([back instanceof Point, state(back)]);
  `;
  expect(await library.run({ 'main.mjs': program('', body) })).toBe(
    'true\n[7,"TypeError"]\n[1,1,2,2,2]\n[true,[true,true,false]]',
  );
});

test('of two files with the same text, functions are those of their own file', async () => {
  const text =
    "import { name } from './name.mjs';\nconst tell = () => name;\nexport const give = () => tell;\nexport const run = (submit, other) => Promise.all([submit(tell), submit(other ?? tell)]);\n";
  const body =
    'say([await a.run(submit), await b.run(submit), await a.run(submit, b.give()), await b.run(submit, a.give())]);';
  const files = {
    'main.mjs': program("import * as a from './a/m.mjs';\nimport * as b from './b/m.mjs';", body),
    'a/m.mjs': text,
    'b/m.mjs': text,
    'a/name.mjs': "export const name = 'a';",
    'b/name.mjs': "export const name = 'b';",
  };
  expect(await library.run(files)).toBe('[["a","a"],["b","b"],["a","b"],["b","a"]]');
});

test('a default export without a variable that V8 shows goes by reference', async () => {
  const body = 'say([await submit(count), await submit(count), await submit(twice, 2)]);';
  const files = {
    'main.mjs': program("import count from './count.mjs';\nimport twice from './twice.mjs';", body),
    'count.mjs': 'let n = 0;\nfunction count() { return ++n; }\nexport default count;',
    'twice.mjs': 'const twice = (x) => 2 * x;\nexport { twice as default };',
  };
  expect(await library.run(files)).toBe('[1,2,4]');
});

test('an arrow in an object that a constructor has made finds its `this`', async () => {
  const body = `
    class Schema { constructor(n) { this.n = n; this.standard = { version: 1, validate: (x) => x > this.n }; } }
    const schema = new Schema(2);
    say(await submit((s, x) => [s.standard.validate(x), schema.standard.validate(1)], schema, 3));
  `;
  expect(await library.run({ 'main.mjs': program('', body) })).toBe('[true,false]');
});
