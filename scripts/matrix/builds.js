/** Ways to compile and bundle a program. Each gives the arguments with which Node.js starts what came out. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { copySources, entryOf } from './programs.js';

/**
 * @typedef {object} Place
 * @property {string} folder where the variant writes
 * @property {string} modules the node_modules folder above
 * @property {import('./programs.js').Program} program
 */

/** The corpus of sending calls `eval` to see it refused. */
const logOverride = { 'direct-eval': 'silent' };

const common = { platform: 'node', target: 'node20.19', logLevel: 'warning', logOverride };

/** Each file on its own, by esbuild to ES modules. */
export async function withEsbuildEach({ folder, modules, program }) {
  const { transform } = await load(modules, 'esbuild');
  const options = { loader: 'ts', format: 'esm', ...common };
  return eachFile({ folder, program, type: 'module' }, async (text) => (await transform(text, options)).code);
}

/** All in one file, but for loky. */
export async function withEsbuild({ folder, modules, program }, { format, ...options }) {
  const { build } = await load(modules, 'esbuild');
  copySources(program, folder);
  const outfile = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs');
  const entryPoints = [join(folder, entryOf(program))];
  // Some of what the program uses is CommonJS, and asks for Node's own modules by `require`.
  const js = "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);";
  const banner = format === 'esm' ? { js } : {};
  await build({
    ...common,
    ...options,
    banner,
    bundle: true,
    entryPoints,
    format,
    outfile,
    external: ['loky'],
  });
  return [outfile];
}

/** By the compiler of TypeScript itself, file by file: what its checker says is not asked for. */
export async function withTsc({ folder, modules, program }, { type, ...options }) {
  const { default: ts } = await load(modules, 'typescript');
  const module = type === 'module' ? 'ES2022' : 'CommonJS';
  const compilerOptions = {
    module: ts.ModuleKind[module],
    esModuleInterop: true,
    rewriteRelativeImportExtensions: true,
    ...options,
  };
  return eachFile({ folder, program, type }, (text, fileName) => {
    return ts.transpileModule(text, { compilerOptions, fileName }).outputText;
  });
}

export async function withSwc({ folder, modules, program }, target) {
  const { transform } = await load(modules, '@swc/core');
  const parser = { syntax: 'typescript', decorators: true };
  const options = {
    configFile: false,
    swcrc: false,
    jsc: { parser, target, transform: { decoratorVersion: '2022-03' } },
    module: { type: 'commonjs' },
  };
  return eachFile(
    { folder, program, type: 'commonjs' },
    async (text) => (await transform(text, options)).code,
  );
}

/** To what its defaults are: the language of 2009. */
export async function withBabel({ folder, modules, program }) {
  const { transformAsync } = await load(modules, '@babel/core');
  const named = (name) => join(modules, name);
  const options = {
    configFile: false,
    babelrc: false,
    presets: [
      [named('@babel/preset-env'), { modules: 'commonjs' }],
      [named('@babel/preset-typescript'), { allowDeclareFields: true }],
    ],
    plugins: [[named('@babel/plugin-proposal-decorators'), { version: '2023-11' }]],
  };
  return eachFile({ folder, program, type: 'commonjs' }, async (text, file) => {
    const { code } = await transformAsync(text, { ...options, filename: file });
    return code;
  });
}

export async function withRollup({ folder, modules, program }) {
  const [{ rollup }, { transform }, ...plugins] = await Promise.all([
    load(modules, 'rollup'),
    load(modules, 'esbuild'),
    ...['node-resolve', 'commonjs', 'json', 'terser'].map((name) => load(modules, `@rollup/plugin-${name}`)),
  ]);
  const [resolve, commonjs, json, terser] = plugins.map(({ default: plugin }) => plugin);
  const typescript = {
    name: 'typescript',
    async transform(text, id) {
      if (!id.endsWith('.ts')) return undefined;
      const { code } = await transform(text, { ...common, loader: 'ts' });
      return { code, map: null };
    },
  };
  copySources(program, folder);
  const bundle = await rollup({
    input: join(folder, entryOf(program)),
    external: ['loky'],
    plugins: [typescript, resolve({ preferBuiltins: true }), commonjs(), json(), terser({ module: true })],
    logLevel: 'silent',
  });
  const file = join(folder, 'main.mjs');
  await bundle.write({ file, format: 'es', inlineDynamicImports: true });
  await bundle.close();
  return [file];
}

/** webpack and rspack take the same configuration, but for what compiles TypeScript. */
export const withWebpack = (place, options) =>
  withPacker(place, 'webpack', {
    ...options,
    rule: { loader: join(place.modules, 'ts-loader'), options: webpackTypes },
  });

export const withRspack = (place, options) =>
  withPacker(place, '@rspack/core', {
    ...options,
    rule: {
      loader: 'builtin:swc-loader',
      options: {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          target: 'es2022',
          transform: { decoratorVersion: '2022-03' },
        },
      },
    },
  });

const webpackTypes = {
  transpileOnly: true,
  compilerOptions: {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    rewriteRelativeImportExtensions: true,
    noEmit: false,
  },
};

async function withPacker({ folder, modules, program }, name, { rule, mode, devtool }) {
  const { default: webpack } = await load(modules, name);
  copySources(program, folder);
  writeFileSync(join(folder, 'tsconfig.json'), '{}');
  const compiler = webpack({
    context: folder,
    mode,
    devtool,
    target: 'node20',
    entry: join(folder, entryOf(program)),
    output: { path: folder, filename: 'main.cjs' },
    externals: { loky: 'commonjs loky' },
    resolve: { extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } },
    module: { rules: [{ test: /\.ts$/, ...rule }] },
  });
  await new Promise((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error || stats?.hasErrors()) reject(error ?? new Error(stats.toString('errors-only')));
      else resolve(undefined);
    });
  });
  await new Promise((resolve) => compiler.close(resolve));
  return [join(folder, 'main.cjs')];
}

export async function withVite({ folder, modules, program }, { minify }) {
  const { build } = await load(modules, 'vite');
  copySources(program, folder);
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['loky'] },
    build: { ssr: join(folder, entryOf(program)), outDir: 'out', minify, target: 'node20' },
  });
  const [file] = readdirSync(join(folder, 'out')).filter((name) => /^main\.m?js$/.test(name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return [join(folder, 'out', file)];
}

async function eachFile({ folder, program, type }, compile) {
  const source = join(folder, 'source');
  copySources(program, source);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
  for (const path of readdirSync(source, { recursive: true })) {
    if (!path.endsWith('.ts')) continue;
    const file = join(source, path);
    const code = await compile(readFileSync(file, 'utf8'), file);
    const outcome = join(folder, path.replace(/ts$/, 'js'));
    mkdirSync(dirname(outcome), { recursive: true });
    writeFileSync(outcome, code.replace(/(["'])(\.{1,2}\/[^"'\n]+)\.ts\1/g, '$1$2.js$1'));
  }
  return [join(folder, entryOf(program).replace(/ts$/, 'js'))];
}

/** A tool of the workshop. */
function load(modules, name) {
  const require = createRequire(join(modules, 'of-the-workshop.js'));
  return import(pathToFileURL(require.resolve(name)).href);
}
