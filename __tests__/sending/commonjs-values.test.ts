/** What functions capture from CommonJS modules: whole values, of which nothing is left out that the text does not name. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

/** A CommonJS program: `top` stands at its head, `body` may use `submit` and `say`. */
const program = (top: string, body: string): string => `${top}
(async () => {
  const { startPool } = await import('library');
  const { submit, stop } = startPool(require.resolve('library/worker'));
  const say = (value) => console.log(JSON.stringify(value));
  ${body}
  await stop();
})();
`;

const parts = `
class Db { constructor() { this.rows = [1, 2]; } all() { return this.rows ?? 'LOST'; } }
exports.db = new Db();
exports.settings = { factor: 3, scale(x) { return x * (this?.factor ?? 1); } };
`;

test('what is taken from a module by destructuring keeps what the function does not name', async () => {
  const main = program(
    "const { db, settings } = require('./parts.cjs');",
    `say(await submit(() => db.all()));
     say(await submit((x) => settings.scale(x), 3));
     settings.factor = 10;
     say(await submit((x) => settings.scale(x), 3));
     say(await submit((s) => { settings.factor; return s === settings; }, settings));`,
  );
  expect(await library.run({ 'main.cjs': main, 'parts.cjs': parts })).toBe('[1,2]\n9\n30\ntrue');
});

test('so does what a function of the program has made of a module', async () => {
  const main = program(
    `const wrap = (m) => ({ ...m, twice(x) { return x * (this.rate ?? 1); } });
     const api = wrap(require('./rate.cjs'));`,
    'say(await submit((x) => api.twice(x), 5));',
  );
  const files = { 'main.cjs': main, 'rate.cjs': 'module.exports = { rate: 2 };' };
  expect(await library.run(files)).toBe('10');
});

test('and what a helper of a compiler has made of one, if a function of it uses `this`', async () => {
  const main = program(
    `const __importStar = (m) => ({ ...m, default: m });
     const lib = __importStar(require('./lib.cjs'));`,
    'say(await submit((x) => lib.scale(x), 3));',
  );
  const lib = 'exports.factor = 4; exports.scale = function (x) { return x * (this?.factor ?? 1); };';
  expect(await library.run({ 'main.cjs': main, 'lib.cjs': lib })).toBe('12');
});

test('of a module behind such a helper only that is sent which the function uses', async () => {
  const main = program(
    `const __importStar = (m) => ({ ...m, default: m });
     const lib = __importStar(require('./lib.cjs'));`,
    'say(await submit((x) => lib.twice(x), 3));',
  );
  const lib = "exports.twice = (x) => x * 2; exports.socket = new (require('node:net').Socket)();";
  expect(await library.run({ 'main.cjs': main, 'lib.cjs': lib })).toBe('6');
});

test('a `require` that was made for another place looks there in a worker too', async () => {
  const main = `
    import { createRequire } from 'node:module';
    import { startPool } from 'library';
    const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
    const require = createRequire(new URL('./other/file.js', import.meta.url));
    console.log(await submit(() => require('./which.cjs')));
    await stop();`;
  const files = {
    'main.mjs': main,
    'which.cjs': "module.exports = 'beside the program';",
    'other/which.cjs': "module.exports = 'other';",
  };
  expect(await library.run(files)).toBe('other');
});
