/** Stacks of functions by value name the user's source, where that was compiled. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Edits } from '../../../lib/sending/functions/edits.ts';
import { textMap } from '../../../lib/sending/functions/text-map.ts';
import { buildLibrary, type Library } from '../../sending/harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const modules = join(import.meta.dirname, '../../../node_modules');
const tsx = ['--import', pathToFileURL(join(modules, 'tsx/dist/loader.mjs')).href];

/** Fails on its lines 10 and 16; a task reads a stack on its line 20. */
const source = `import { startPool } from 'library';
import { isTrue } from './other.ts';
interface Gone {
  a: number;
}
// A comment.
const fail = (x: number): never => {
  const gone: Gone = { a: x };

  isTrue(); isTrue(); if (isTrue() && gone) throw new Error('10');
  throw new Error('never');
};
class Thrower {
  readonly gone?: Gone;

  run(): never { isTrue(); throw new Error('16'); }
}
const own = (): unknown => {
  type Nothing = Gone;
  return new Error('20').stack as Nothing | string;
};

const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
const say = (stack: unknown): void => console.log(/main\\.[^)]*:\\d+/.exec(String(stack))?.[0]);
const tell = ({ stack }: Error): void => say(stack);
await submit(fail, 1).then(say, tell);
await submit(() => new Thrower().run()).then(say, tell);
say(await submit(own));
await stop();
`;
const files = {
  'main.ts': source,
  'other.ts': 'export const isTrue = (): boolean => true;',
  'package.json': '{ "type": "module" }',
};

/** Without columns, which compilers see differently. */
const lines = (said: string): string[] => said.split('\n').map((place) => place.replace(/:\d+$/, ''));

describe('a stack from a worker names the file and line of the source', () => {
  test('under a tool that compiles in memory', async () => {
    expect(lines(await library.run(files, tsx))).toEqual(['main.ts:10', 'main.ts:16', 'main.ts:20']);
  });

  test('in a module that exports to CommonJS and is imported by an ES module', async () => {
    const mixed = { 'main.mts': source, 'other.ts': files['other.ts'], 'package.json': '{}' };
    expect(lines(await library.run(mixed, tsx))).toEqual(['main.mts:10', 'main.mts:16', 'main.mts:20']);
  });

  test('by the map of a file, where Node.js uses source maps', async () => {
    const esbuild = join(modules, 'esbuild/bin/esbuild');
    const options = ['--loader=ts', '--sourcemap=inline', '--sourcefile=main.ts', '--format=esm'];
    const compiled = spawnSync(esbuild, [...options, '--minify-whitespace'], {
      input: source,
      encoding: 'utf8',
    });
    const program = {
      'main.js': compiled.stdout.replace('./other.ts', './other.js'),
      'other.js': 'export const isTrue = () => true;',
      'package.json': files['package.json'],
    };
    const flag = ['--enable-source-maps'];
    expect(lines(await library.run(program, flag))).toEqual(['main.ts:10', 'main.ts:16', 'main.ts:20']);
    const unmeasured = { NODE_V8_COVERAGE: '' }; // Node.js would use source maps
    expect(new Set(lines(await library.run(program, [], unmeasured)))).toEqual(new Set(['main.js:1']));
  });

  test('where Node.js may evaluate no text, for what a task throws', async () => {
    const flags = ['--disallow-code-generation-from-strings', ...tsx];
    const [first, second] = lines(await library.run(files, flags));
    expect([first, second]).toEqual(['main.ts:10', 'main.ts:16']);
  });
});

test.each([
  ['AAAA', 'AAAA'],
  ['SAASA,AAAT', undefined],
  ['A?AA', undefined],
])(
  'the map of a text is the part of the file that is about it, if there is one: %s',
  (mappings, expected) => {
    const map = Buffer.from(JSON.stringify({ version: 3, sources: ['a.ts'], mappings })).toString('base64');
    const text = '() => 1';
    const whole = `${text}\n//# source${''}MappingURL=data:application/json;base64,${map}`;
    const source = { url: '', file: '/a.js', isModule: true, text: whole, isInMemory: true };
    expect(textMap(source, 0, 0, text, new Edits(text, 0))?.mappings).toBe(expected);
  },
);
