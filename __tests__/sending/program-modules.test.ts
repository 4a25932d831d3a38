/** What a worker makes of the files of a program: `import.meta`, and modules that have changed or gone since. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const program = (imports: string, body: string): string => `${imports}
import { rmSync, writeFileSync } from 'node:fs';
import { startPool } from 'library';
const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
const tell = ({ message }) => console.log(message);
${body}
await stop();
`;

test('import.meta of a function by value is that of its file', async () => {
  const body = `
    const read = () => [
      import.meta.url, import.meta.filename, import.meta.dirname, import.meta.resolve('./a.mjs'),
      import.meta.resolve('library'), import.meta.resolve('node:fs'), import.meta.resolve('fs'),
    ];
    console.log(JSON.stringify(await submit(read)) === JSON.stringify(read()));`;
  expect(await library.run({ 'main.mjs': program('', body) })).toBe('true');
});

test('a module that has changed since it was loaded is refused', async () => {
  const body = `
    writeFileSync(new URL('./m.mjs', import.meta.url), 'export const one = () => 2;');
    await submit(one).then(console.log, tell);`;
  const files = {
    'main.mjs': program("import { one } from './m.mjs';", body),
    'm.mjs': 'export const one = () => 1;',
  };
  expect(await library.run(files)).toMatch(/m\.mjs has changed since .* another text of `one`\n {2}hint/);
});

test('a module that is gone since it was loaded is named', async () => {
  const body = `
    rmSync(new URL('./m.mjs', import.meta.url));
    await submit(one).then(console.log, tell);`;
  const files = {
    'main.mjs': program("import { one } from './m.mjs';", body),
    'm.mjs': 'export const one = () => 1;',
  };
  expect(await library.run(files)).toMatch(/^the worker cannot load file:.*\/m\.mjs: /);
});

describe('the main script is not run by a worker', () => {
  const main = `
    console.log('main script');
    export const one = () => 1;
  `;

  test('for a function that uses its namespace', async () => {
    const files = {
      'main.mjs': program(
        "import * as self from './main.mjs';",
        `${main} console.log(await submit(() => self.one()));`,
      ),
    };
    expect(await library.run(files)).toBe('main script\n1');
  });

  test('for a function of another module that imports from it', async () => {
    const files = {
      'main.mjs': program("import { add } from './m.mjs';", `${main} console.log(await submit(add(2)));`),
      'm.mjs': `import { one } from './main.mjs'; export const add = (n) => () => one() + n;`,
    };
    expect(await library.run(files)).toBe('main script\n3');
  });

  test('to give a task its namespace: that is refused', async () => {
    const body = `${main} await submit((all) => all.one(), self).then(console.log, tell);`;
    const files = { 'main.mjs': program("import * as self from './main.mjs';", body) };
    expect(await library.run(files)).toMatch(/^main script\n.*namespace of a module that goes by value/s);
  });
});

test('an import of a module that has no URL is named, as far as it can be', async () => {
  const body = `
    const m = new SourceTextModule("import { k } from './k.mjs'; export const make = () => () => k;");
    const k = new SyntheticModule(['k'], function () { this.setExport('k', 4); });
    await m.link(() => k);
    await m.evaluate();
    await submit(m.namespace.make()).then(console.log, tell);`;
  const files = { 'main.mjs': program("import { SourceTextModule, SyntheticModule } from 'node:vm';", body) };
  expect(await library.run(files, ['--experimental-vm-modules', '--no-warnings'])).toMatch(
    /^the worker cannot load \.\/k\.mjs, which vm:module/,
  );
});
