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

test('a class that goes by value is refused where a function added to the language knows of it', async () => {
  const metadata = `
    const root = globalThis, fetches = fetch, scratch = new Uint8Array(17 * 2 ** 20);
    const kept = { of: new WeakMap() };
    Object.defineProperty(Reflect, 'define', { value: (key, owner) => void kept.of.set(owner, key) });
    Object.defineProperty(Reflect, 'read', { value: (owner) => read(owner) });
    const read = (owner) => root && fetches && scratch && kept.of.get(owner);`;
  const body = `
    const fails = (pending) => pending.then(() => 'sent', ({ message }) => message.split('\\n'));
    const { Exported, readExported } = require('./library.cjs');
    class Known {}
    class Member {}
    class Unknown {}
    Reflect.define('a', Known);
    Reflect.define('b', Member.prototype);
    say(await fails(submit(() => Reflect.read(Known))));
    const readOf = (cls) => Reflect.read(cls.prototype);
    for (const time of ['first', 'second']) say(await fails(submit(readOf, Member)));
    const load = () => require('./metadata.cjs');
    say([await submit(() => { load(); return Reflect.read(Unknown); }), await submit(() => new Known() instanceof Known)]);
    say(await submit(() => { class Local {} load(); Reflect.define('c', Local); return Reflect.read(Local); }));
    say(await submit(readExported));
    say(await submit(() => Reflect.read(Exported)));`;
  const files = {
    'main.cjs': `require('./metadata.cjs');${program(body)}`,
    'metadata.cjs': metadata,
    'library.cjs': `require('./metadata.cjs');
      class Exported {}
      Reflect.define('d', Exported);
      Object.assign(exports, { Exported, readExported: () => Reflect.read(Exported) });`,
  };
  const refused = (place: string): string =>
    JSON.stringify([
      `cannot send the task: ${place} goes by value, and what Reflect.read knows of it stays in this process`,
      '  hint: export the class from a module, which workers then import',
    ]);
  const lines = [
    refused('closure variable `Known`'),
    refused('argument 0'),
    refused('argument 0'),
    '[null,true]',
    '"c"',
    '"d"',
    '"d"',
  ];
  expect(await library.run(files)).toBe(lines.join('\n'));
});

test('what a function uses of the language and of Node.js is not looked into', async () => {
  const body = `
    const { Session } = require('node:inspector');
    const { post } = Session.prototype;
    let asked = 0;
    Session.prototype.post = function (method, ...rest) {
      if (method === 'Runtime.getProperties') asked++;
      return post.call(this, method, ...rest);
    };
    const offset = 1;
    function uses() {
      console.error(process.cwd() && performance.now() && Buffer.from('a').length + Math.max(offset, 0));
      return Reflect.ownKeys({ offset }).length;
    }
    say([await submit(uses), asked]);`;
  expect(await library.run({ 'main.cjs': program(body) })).toBe('[1,1]');
});
