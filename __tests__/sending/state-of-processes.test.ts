/** What is data of a process goes as data, in both directions, whoever else has something of that name. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const program = (body: string): string => `
(async () => {
  const { startPool } = await import('library');
  const { submit, stop } = startPool(require.resolve('library/worker'));
  const say = (value) => console.log(JSON.stringify(value));
  ${body}
  await stop();
})();
`;

test('exports that are data alone have their present values, beside a function too', async () => {
  const body = `
    const data = require('./data.json');
    data.level = 9;
    say(await submit((d) => d.level, data));
    say(await submit((d, f) => d.level + f(), data, () => 1));
    say(await submit(() => data.level));
    const lib = require('./lib.cjs');
    say(await submit((l) => l.name(), lib));`;
  const files = {
    'main.cjs': program(body),
    'data.json': '{ "level": 1 }',
    'lib.cjs': "exports.name = () => 'lib'; exports.socket = new (require('node:net').Socket)();",
  };
  expect(await library.run(files)).toBe('9\n10\n9\n"lib"');
});

test('process.argv and process.env can be sent, captured and returned', async () => {
  const body = `
    const { argv } = process;
    argv.push('--mine');
    say(await submit(() => argv.at(-1)));
    say(await submit((list) => list.at(-1), argv));
    const [list, env, error] = await submit(() => [process.argv, process.env, new Error('x')]);
    say([Array.isArray(list), env.PATH === process.env.PATH, error.message]);
    say((await submit(() => [process.versions, new Error('x')]))[0].node === process.versions.node);`;
  expect(await library.run({ 'main.cjs': program(body) })).toBe('"--mine"\n"--mine"\n[true,true,"x"]\ntrue');
});
