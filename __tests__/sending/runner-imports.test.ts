/** What vitest puts in the place of imports, as it writes and runs a module, without vitest. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const files = {
  'node_modules/many/index.mjs': `
    import { make } from './parts.mjs';
    export { make, twice } from './parts.mjs';
    export * as parts from './parts.mjs';
    export const bound = make.bind({ get own() { return this; } });
    export default { make };`,
  'node_modules/many/more.mjs': 'export const twice = (n) => n * 2; export default { more: 1 };',
  'node_modules/many/parts.mjs': `
    let made = 0;
    export const twice = (n) => n * 2;
    export function make() { return ++made; }`,
};

/** `import_0` is the package, `import_1` a module of Node.js, and `import_2` something that stands for the package. */
const says = (name: string, standIn: string, body: string): Promise<string> =>
  library.run({
    'main.mjs': `
      import { runInThisContext } from 'node:vm';
      import { startPool } from 'library';
      const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
      const fails = (pending) => pending.then((value) => ['sent', value], ({ message }) => message.split('\\n')[0]);
      const place = new URL('./node_modules/many/index.mjs', import.meta.url).pathname;
      const many = await import(place);
      const interop = (module) => new Proxy(module, {
        get: (target, key) => (key === 'default' ? target.default : (target[key] ?? target.default[key])),
      });
      const standIn = ${standIn};
      const source = (name, of, from) => \`const \${name} = await \${of}("\${from}");\`;
      const of = '${name === '__vi' ? '__vite_ssr_dynamic_import__' : '__vite_ssr_import__'}';
      const text = "'use strict';async (__vite_ssr_import__,__vite_ssr_dynamic_import__)=>{{" +
        source('${name}_import_0__', of, '/@fs' + place) + '\\n' + source('${name}_import_1__', of, 'node:os') + '\\n' +
        source('${name}_import_2__', of, '/@fs' + place + '?') + \`\\nreturn [${body}];\\n}}\`;
      const load = async (specifier) => specifier.endsWith('?') ? standIn : specifier === 'node:os' ? interop(await import(specifier)) : many;
      const results = [];
      for (const fn of await runInThisContext(text, { filename: place.replace('node_modules/many/index.mjs', 'own.test.ts') })(load, load))
        results.push(await fails(submit(fn)));
      console.log(JSON.stringify(results));
      await stop();`,
    ...files,
  });

test.each(['__vite_ssr', '__vi'])(
  '%s: a package and a module of Node.js are imported in the worker',
  async (name) => {
    const body = `
    () => { const all = ${name}_import_0__; return [Object.keys(all), all.twice(2), all.make(), all.make()]; },
    () => Object.keys(${name}_import_0__.parts),
    () => typeof ${name}_import_0__.bound(),
    () => { const os = ${name}_import_1__; return [typeof os.cpus, typeof os.default.cpus]; }`;
    expect(JSON.parse(await says(name, 'many', body))).toEqual([
      ['sent', [['bound', 'default', 'make', 'parts', 'twice'], 4, 1, 2]],
      ['sent', ['make', 'twice']],
      ['sent', 'number'],
      ['sent', ['function', 'function']],
    ]);
  },
);

test.each([
  ['a proxy that has more than the module', "interop(await import(place.replace('index', 'more')))"],
  ['a mock', 'interop({ ...many, twice: () => 0 })'],
])('%s is refused as a whole', async (_, standIn) => {
  const body = '() => { const all = __vite_ssr_import_2__; return all.twice(2); }';
  expect(JSON.parse(await says('__vite_ssr', standIn, body))).toEqual([
    'cannot send the task: closure variable `__vite_ssr_import_2__` is a Proxy',
  ]);
});
