/**
 * The ways to build and to start the same TypeScript program. Each build writes into a folder of its own, and says with
 * which arguments Node.js starts what came out. It runs nothing but the build.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundle, transpileEach, transpileToCommonJs } from './builds.js';
import { copySources, entry } from './workshop.js';

/** Node.js strips types without a flag from here on. */
const stripsTypes = ({ major, version }) =>
  major > 22 || (major === 22 && Number(version.split('.')[1]) >= 18);

/** A minifier that keeps no names leaves none to send. */
const withoutNames = ['closures: the name of a function'];

/**
 * @typedef {object} Variant
 * @property {readonly string[]} [packages] what npm has to bring
 * @property {(node: { major: number, version: string }) => boolean} [runsOn] whether this Node.js can; default: each
 * @property {readonly string[]} [skips] cases that this way of building rules out
 * @property {(folder: string, modules: string) => readonly string[] | Promise<readonly string[]>} build gives the
 *   arguments of Node.js; `modules` is the node_modules folder above
 */

/** @type {Readonly<Record<string, Variant>>} */
export const variants = {
  esm: { build: transpileEach },
  tsc: { build: transpileToCommonJs },
  tsx: { build: (folder) => fromSource(folder, 'module', ['--import', 'tsx']) },
  'tsx-cli': {
    build: (folder, modules) => fromSource(folder, 'module', [join(modules, 'tsx/dist/cli.mjs')]),
  },
  'tsx-cjs': { build: (folder) => fromSource(folder, 'commonjs', ['--import', 'tsx']) },
  'ts-node': { packages: ['ts-node@10'], build: withTsNode },
  native: { runsOn: stripsTypes, build: (folder) => fromSource(folder, 'module', []) },
  'bundle-esm': { build: (folder) => buildBundle(folder, { format: 'esm' }) },
  'bundle-cjs': { build: (folder) => buildBundle(folder, { format: 'cjs' }) },
  minified: {
    skips: withoutNames,
    build: (folder) => buildBundle(folder, { format: 'esm', minify: true }),
  },
  'minified-keep-names': {
    build: (folder) => buildBundle(folder, { format: 'esm', minify: true, keepNames: true }),
  },
  vitest: { packages: ['vitest@4'], build: (folder, modules) => withVitest(folder, modules, 'forks') },
  'vitest-threads': {
    packages: ['vitest@4'],
    build: (folder, modules) => withVitest(folder, modules, 'threads'),
  },
};

function fromSource(folder, type, args) {
  copySources(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
  return [...args, join(folder, entry)];
}

function withTsNode(folder, modules) {
  const compilerOptions = { module: 'nodenext', target: 'es2022', rootDir: '.' };
  const config = { compilerOptions, 'ts-node': { transpileOnly: true } };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  // Named, so that workers take it too: ts-node looks for one from the program upwards, and theirs lies elsewhere.
  const project = ['--project', join(folder, 'tsconfig.json')];
  return fromSource(folder, 'commonjs', [join(modules, 'ts-node/dist/bin.js'), ...project]);
}

function withVitest(folder, modules, pool) {
  fromSource(folder, 'module', []);
  const test = `import { test } from 'vitest';
import { runCorpus } from './scripts/matrix/program/run-corpus.ts';
test('the corpus', runCorpus, 240_000);
`;
  writeFileSync(join(folder, 'corpus.test.ts'), test);
  return [join(modules, 'vitest/vitest.mjs'), 'run', '--root', folder, '--pool', pool];
}
