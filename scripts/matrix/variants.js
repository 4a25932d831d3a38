/** The ways to build and to start the same TypeScript program, by name. */
import * as builds from './builds.js';
import { ownMajor } from './nodes.js';
import { erasable } from './programs.js';
import * as runners from './runners.js';

/** Node.js strips types without a flag from here on. */
const stripsTypes = ({ major, version }) =>
  major > 22 || (major === 22 && Number(version.split('.')[1]) >= 18);

/** Numbers of `ts.ScriptTarget`. */
const ts = { es5: 1, es2015: 2, es2022: 9 };

/** A minifier that keeps no names leaves none to send. */
const withoutNames = ['closures: the name of a function'];

/**
 * @typedef {object} Variant
 * @property {string} is what the documents call it
 * @property {boolean} [often] whether it runs where not all do
 * @property {(node: { major: number, version: string }) => boolean} [runsOn] whether this Node.js can; default: each
 * @property {readonly number[]} [nodes] under which versions the uses of packages run; default: the own one
 * @property {readonly string[]} [skips] cases of the corpus of sending that this way of building rules out
 * @property {(place: import('./builds.js').Place) => readonly string[] | Promise<readonly string[]>} build gives the
 *   arguments of Node.js
 */

/** @type {Readonly<Record<string, Variant>>} */
export const variants = {
  esm: { is: 'esbuild, each file, ES modules', often: true, build: builds.withEsbuildEach },
  'tsc-esm': {
    is: 'tsc, ES modules, es2022',
    build: (place) => builds.withTsc(place, { type: 'module', target: ts.es2022 }),
  },
  tsc: {
    is: 'tsc, CommonJS, es2022',
    often: true,
    build: (place) => builds.withTsc(place, { type: 'commonjs', target: ts.es2022 }),
  },
  'tsc-es2015': {
    is: 'tsc, CommonJS, es2015',
    build: (place) => builds.withTsc(place, { type: 'commonjs', target: ts.es2015 }),
  },
  'tsc-es5': {
    is: 'tsc, CommonJS, es5',
    build: (place) => builds.withTsc(place, { type: 'commonjs', target: ts.es5, downlevelIteration: true }),
  },
  swc: { is: 'swc, CommonJS, es2022', build: (place) => builds.withSwc(place, 'es2022') },
  'swc-es5': { is: 'swc, CommonJS, es5', build: (place) => builds.withSwc(place, 'es5') },
  babel: { is: 'Babel, CommonJS, es5', build: builds.withBabel },
  tsx: { is: 'tsx, ES modules', build: (place) => runners.fromSource(place, 'module', ['--import', 'tsx']) },
  'tsx-cli': {
    is: 'tsx as a command',
    build: (place) => runners.fromSource(place, 'module', [`${place.modules}/tsx/dist/cli.mjs`]),
  },
  'tsx-cjs': {
    is: 'tsx, CommonJS',
    build: (place) => runners.fromSource(place, 'commonjs', ['--import', 'tsx']),
  },
  'ts-node': { is: 'ts-node, CommonJS', build: runners.withTsNode },
  native: {
    is: 'types stripped by Node.js',
    often: true,
    nodes: [22, 24],
    runsOn: stripsTypes,
    build: (place) => runners.fromSource(onlyErasable(place), 'module', []),
  },
  'bundle-esm': {
    is: 'esbuild, one ES module',
    build: (place) => builds.withEsbuild(place, { format: 'esm' }),
  },
  'bundle-cjs': {
    is: 'esbuild, one CommonJS file',
    build: (place) => builds.withEsbuild(place, { format: 'cjs' }),
  },
  minified: {
    is: 'esbuild, one ES module, minified',
    skips: withoutNames,
    build: (place) => builds.withEsbuild(place, { format: 'esm', minify: true }),
  },
  'minified-keep-names': {
    is: 'esbuild, minified, names kept',
    build: (place) => builds.withEsbuild(place, { format: 'esm', minify: true, keepNames: true }),
  },
  rollup: { is: 'rollup with terser', skips: withoutNames, build: builds.withRollup },
  webpack: {
    is: 'webpack, production',
    skips: withoutNames,
    build: (place) => builds.withWebpack(place, { mode: 'production', devtool: false }),
  },
  'webpack-eval': {
    is: 'webpack, development, eval',
    build: (place) => builds.withWebpack(place, { mode: 'development', devtool: 'eval' }),
  },
  rspack: {
    is: 'rspack, production',
    skips: withoutNames,
    build: (place) => builds.withRspack(place, { mode: 'production', devtool: false }),
  },
  'rspack-eval': {
    is: 'rspack, development, eval',
    build: (place) => builds.withRspack(place, { mode: 'development', devtool: 'eval' }),
  },
  vite: { is: 'vite', build: (place) => builds.withVite(onlyErasable(place), { minify: false }) },
  'vite-minified': {
    is: 'vite, minified',
    skips: withoutNames,
    build: (place) => builds.withVite(onlyErasable(place), { minify: true }),
  },
  vitest: {
    is: 'vitest',
    build: (place) => runners.withVitest(onlyErasable(place), { pool: 'forks' }),
  },
  'vitest-threads': {
    is: 'vitest in threads',
    build: (place) => runners.withVitest(onlyErasable(place), { pool: 'threads' }),
  },
  'vitest-v8': {
    is: 'vitest, coverage by V8',
    build: (place) => runners.withVitest(onlyErasable(place), { pool: 'forks', coverage: 'v8' }),
  },
  'vitest-istanbul': {
    is: 'vitest, coverage by istanbul',
    build: (place) => runners.withVitest(onlyErasable(place), { pool: 'forks', coverage: 'istanbul' }),
  },
  jest: { is: 'jest, ES modules', build: (place) => runners.withJest(place, {}) },
  'jest-v8': {
    is: 'jest, coverage by V8',
    build: (place) => runners.withJest(place, { coverage: 'v8' }),
  },
  'jest-istanbul': {
    is: 'jest, coverage by istanbul',
    build: (place) => runners.withJest(place, { coverage: 'babel' }),
  },
};

const onlyErasable = (place) => ({ ...place, program: erasable(place.program) });

/** Under which versions of Node.js the uses of packages run. */
export const nodesFor = (name) => variants[name].nodes ?? [ownMajor];
