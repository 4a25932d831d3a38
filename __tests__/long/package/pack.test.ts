import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeBlocksOf } from '../examples/code-blocks.ts';
import { installPackage, npm, type Project, repository, runNode } from './installed.ts';

/** npm and tsc take seconds where the machine is busy. */
const LONG = 120_000;
/** The package's own types are checked with a program, as users need not have skipLibCheck; TypeScript's are not. */
const COMPILER_FLAGS = [
  ...['--ignoreConfig', '--target', 'es2022', '--strict'],
  ...['--types', 'node', '--skipDefaultLibCheck'],
];
const IMPORTS = /^import (\{.*\}) from ('.*');$/gm;

let project: Project;
beforeAll(() => {
  project = installPackage();
}, LONG);
afterAll(() => project?.remove());

describe('the package', () => {
  test('is small', () => {
    const programs = project.packed.files.filter(({ path }) => path.startsWith('dist/'));
    expect(programs.length).toBeLessThanOrEqual(45);
    expect(project.packed.unpackedSize).toBeLessThanOrEqual(5_000_000);
  });

  test('holds the programs that it starts and its types, and no source maps', () => {
    const paths = project.packed.files.map(({ path }) => path);
    const wanted = ['index.js', 'index.d.ts', 'worker.cjs', 'guardian.cjs', 'THIRD-PARTY-NOTICES.md'];
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', ...wanted.map((name) => `dist/${name}`)]),
    );
    expect(paths.filter((path) => path.endsWith('.map'))).toEqual([]);
  });

  test('depends on three packages, which depend on none', () => {
    interface Tree {
      readonly version?: string;
      readonly dependencies?: Readonly<Record<string, Tree>>;
    }
    // An optional peer that is not installed is listed without a version.
    const names = ({ dependencies = {} }: Tree): unknown =>
      Object.fromEntries(
        Object.entries(dependencies).flatMap(([name, tree]) => (tree.version ? [[name, names(tree)]] : [])),
      );
    const tree = JSON.parse(npm(project.folder, ['ls', '--all', '--json'])) as Tree;
    expect(names(tree)).toEqual({ loky: { devalue: {}, pidusage: {}, 'tree-kill': {} } });
  });

  test.each([
    ['an import, and a function that a module exports', 'require("./double.cjs").double, 21', []],
    ['a closure', '(n) => n + one, 41', ['devalue']],
  ])('loads none of them before it is needed: %s', async (_, call, expected) => {
    project.write('double.cjs', 'exports.double = (n) => 2 * n;');
    const source = `
const { ProcessPoolExecutor } = require('loky');
const one = 1;
const executor = new ProcessPoolExecutor({ maxWorkers: 1, memory: { limit: 1e9 } });
executor.submit(${call}).then(async (result) => {
  await executor.shutdown();
  const files = Object.keys(require.cache).join();
  const loaded = ['devalue', 'pidusage', 'tree-kill'].filter((name) => files.includes(name));
  console.log(JSON.stringify([result, loaded]));
});`;
    const ran = await runNode(project.folder, [project.write('loaded.cjs', source)]);
    expect(ran).toEqual({ code: 0, stdout: `${JSON.stringify([42, expected])}\n`, stderr: '' });
  });
});

describe('importing the package', () => {
  const measured = (load: string) =>
    `const start = performance.now(); ${load}; console.log((performance.now() - start).toFixed(1));`;

  test.each([
    ['import', 'cost.mjs', measured(`await import('loky')`)],
    ['require', 'cost.cjs', measured(`require('loky')`)],
  ])('by %s prints nothing, and the process ends at once', async (how, name, source) => {
    const { code, stdout, stderr } = await runNode(project.folder, [project.write(name, source)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\d.]+\n$/);
    console.info(`${how} of loky: ${stdout.trim()} ms`);
  });
});

describe('the first example of the README', () => {
  const [example] = codeBlocksOf('README.md', readFileSync(join(repository, 'README.md'), 'utf8'));
  const { code: source = '', prints = [] } = example ?? {};
  const printed = `${prints.join('\n')}\n`;
  const typed = source.replace('stretch(word)', 'stretch(word: string): string');

  test('is there and prints something', () => {
    expect(prints.length).toBeGreaterThan(0);
    expect(typed).not.toBe(source);
  });

  test.concurrent('runs as an ES module', async () => {
    const file = project.write('example.mjs', source);
    expect(await runNode(project.folder, [file])).toEqual({ code: 0, stdout: printed, stderr: '' });
  });

  test.concurrent('runs as CommonJS', async () => {
    const required = source.replaceAll(IMPORTS, 'const $1 = require($2);');
    expect(required).not.toMatch(/^import/m);
    const file = project.write('example.cjs', `(async () => {\n${required}\n})();`);
    expect(await runNode(project.folder, [file])).toEqual({ code: 0, stdout: printed, stderr: '' });
  });

  test.concurrent.each([
    ['nodenext', ['--module', 'nodenext']],
    // The types themselves are the same for all: they are checked in full once.
    ['node16', ['--module', 'node16', '--skipLibCheck']],
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck']],
  ])(
    'compiles against the types of the package and runs, resolved as by %s',
    async (name, flags) => {
      linkTypesOfNode();
      const file = project.write(`${name}.mts`, typed);
      const tsc = join(repository, 'node_modules/typescript/bin/tsc');
      const compiled = await runNode(project.folder, [tsc, ...COMPILER_FLAGS, ...flags, file]);
      expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });
      const ran = await runNode(project.folder, [join(project.folder, `${name}.mjs`)]);
      expect(ran).toEqual({ code: 0, stdout: printed, stderr: '' });
    },
    LONG,
  );

  test.concurrent(
    'compiles as CommonJS of TypeScript and runs',
    async () => {
      linkTypesOfNode();
      const imports = [...typed.matchAll(IMPORTS)].map(([line]) => line).join('\n');
      const body = typed.replaceAll(IMPORTS, '');
      const file = project.write('common.cts', `${imports}\nvoid (async () => {\n${body}\n})();`);
      const tsc = join(repository, 'node_modules/typescript/bin/tsc');
      const flags = [...COMPILER_FLAGS, '--module', 'node16', '--skipLibCheck'];
      expect(await runNode(project.folder, [tsc, ...flags, file])).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      const ran = await runNode(project.folder, [join(project.folder, 'common.cjs')]);
      expect(ran).toEqual({ code: 0, stdout: printed, stderr: '' });
    },
    LONG,
  );

  function linkTypesOfNode(): void {
    const types = join(project.folder, 'node_modules/@types');
    if (mkdirSync(types, { recursive: true }) === undefined) return;
    symlinkSync(join(repository, 'node_modules/@types/node'), join(types, 'node'), 'junction');
  }
});
