/**
 * What programs load, bundled: CommonJS, which every loader and test runner takes, and beside each entry a small ES
 * module that passes its exports on by name. So there is one instance of everything, whichever way it is loaded.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { build, transform } from 'esbuild';
import { rollup } from 'rollup';

/**
 * @param entries What programs load: names of built files, and their sources. Each gets an ES module as well.
 * @param parts The same of what only this package loads, but without being more: it may share its file.
 * @param laterParts The modules of which LaterParts are made, each with what it needs before it.
 * @param external Packages that are not built in.
 * @param withCopies Files into which they are built all the same.
 * @param settings esbuild's: for which Node.js, and how small.
 * @returns The paths of all files that went in.
 */
export async function buildHostCode({ entries, parts, laterParts, external, withCopies, folder, settings }) {
  const inputs = new Set();
  const hasCopies = (importer) => importer !== undefined && withCopies.includes(relative('.', importer));
  const bundle = await rollup({
    input: entries,
    external: (id, importer) => isBuiltin(id) || (external.includes(id) && !hasCopies(importer)),
    treeshake: { moduleSideEffects: false },
    plugins: [
      withParts(parts),
      whatComesLater(),
      typeScript(settings),
      packages(settings, inputs),
      smaller(settings),
    ],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'cjs',
    exports: 'named',
    interop: 'default',
    generatedCode: { constBindings: true, arrowFunctions: true },
    esModule: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: ({ name }) => `${name.replace(/^_/, '')}.cjs`,
    hoistTransitiveImports: false,
    manualChunks: inFewFiles(laterParts),
    onlyExplicitManualChunks: true,
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
  });
  await bundle.close();
  for (const { type, moduleIds = [], isEntry, name, exports } of output) {
    for (const id of moduleIds) inputs.add(relative('.', id));
    if (type === 'chunk' && isEntry && Object.hasOwn(entries, name)) {
      await writeFile(join(folder, `${name}.js`), `export { ${exports.join(', ')} } from './${name}.cjs';\n`);
    }
  }
  return [...inputs];
}

const isBuiltin = (id) => id.startsWith('node:') || builtinModules.includes(id);

function withParts(parts) {
  return {
    name: 'with-parts',
    buildStart() {
      for (const [name, id] of Object.entries(parts)) {
        this.emitFile({ type: 'chunk', id, fileName: `${name}.cjs`, preserveSignature: 'allow-extension' });
      }
    },
  };
}

/**
 * What is loaded later is one file for each part, with all that the entry of the package and the parts before it do not
 * load anyway. Where two of them share something, rollup by itself would make one more file of that.
 */
function inFewFiles(laterParts) {
  let chunks;
  return (id, graph) => {
    chunks ??= chunksOf(laterParts, graph);
    return chunks.get(id);
  };
}

function chunksOf(laterParts, { getModuleInfo }) {
  const chunks = new Map();
  const walk = (id, name) => {
    const info = getModuleInfo(id);
    if (info.isExternal || chunks.has(id)) return;
    chunks.set(id, name);
    for (const imported of info.importedIds) walk(imported, name);
  };
  walk(resolve(LIGHT), 'base');
  walk(resolve(FIRST), 'core');
  for (const entry of [LIGHT, FIRST]) chunks.delete(resolve(entry));
  for (const part of laterParts) walk(resolve(part), basename(part, '.ts'));
  return chunks;
}

const FIRST = 'lib/index.ts';
const LIGHT = 'lib/bullmq/index.ts';

/**
 * A module that `(): typeof part => part` gives as a whole becomes a file of its own, which is required when it is asked for:
 * synchronously, as `submit` needs it.
 */
function whatComesLater() {
  const askers = new Set();
  return {
    name: 'what-comes-later',
    async load(id) {
      if (!id.endsWith('.ts')) return undefined;
      let code = await readFile(id, 'utf8');
      for (const [imports, part, path] of code.matchAll(/import \* as (\w+) from ('[^']+');/g)) {
        const asking = `(): typeof ${part} => ${part}`;
        if (!code.includes(asking)) continue;
        // Its types are taken away from the rest with all others.
        code = code.replace(imports, '').replace(asking, `() => import(${path})`);
        askers.add(id);
      }
      return code;
    },
    renderDynamicImport: ({ moduleId }) => (askers.has(moduleId) ? { left: 'require(', right: ')' } : null),
  };
}

function typeScript(settings) {
  return {
    name: 'typescript',
    transform: async (code, id) =>
      id.endsWith('.ts')
        ? transform(code, { target: settings.target, loader: 'ts', sourcemap: true, sourcefile: id })
        : undefined,
  };
}

/** Packages are bundled by themselves first, as some are CommonJS. */
function packages({ target, platform }, inputs) {
  return {
    name: 'packages',
    resolveId: (id, importer) => (importer === undefined || /^[./]/.test(id) ? undefined : `\0${id}`),
    async load(id) {
      if (!id.startsWith('\0')) return undefined;
      const { outputFiles, metafile } = await build({
        entryPoints: [id.slice(1)],
        ...{ bundle: true, write: false, metafile: true, format: 'esm' },
        ...{ platform, target, plugins: [builtinsWithoutRequire] },
      });
      for (const input of Object.keys(metafile.inputs)) inputs.add(input);
      return outputFiles[0].text;
    },
  };
}

/**
 * There is no `require` where a program has the package built into an ES module, and a test runner's own `require`
 * gives what the tests put in the place of Node's modules.
 */
const builtinsWithoutRequire = {
  name: 'builtins-without-require',
  setup(builder) {
    builder.onResolve({ filter: /./ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
  },
};

function smaller(settings) {
  return {
    name: 'smaller',
    renderChunk: (code) =>
      transform(
        withSlowBuiltinsLater(withPartsAtOnce(code)).replaceAll(
          /\brequire\(('node:[\w/]+')\)/g,
          'process.getBuiltinModule($1)',
        ),
        { ...settings, sourcemap: true },
      ),
  };
}

/** A part shares its file with what others need of it: it is one of the exports, under its own name. */
const withPartsAtOnce = (code) =>
  code.replaceAll(
    /require\('\.\/([\w-]+)\.cjs'\)\.then\((?:function \(n\) \{ return|n =>) n\.(\w+);?(?: \})?\)/g,
    "require('./$1.cjs').$2",
  );

/** These load many others, and are needed when the first worker starts, or later. */
const SLOW_BUILTIN =
  /const (\w+) = require\('(node:(?:child_process|fs\/promises|inspector|net|perf_hooks|v8|vm))'\);/g;

/** Each is asked for where it is used, and loaded by the first that does. */
function withSlowBuiltinsLater(code) {
  const names = [];
  const declared = code.replaceAll(SLOW_BUILTIN, (_, name, id) => {
    names.push(name);
    return `let ${name}$; const ${name} = () => (${name}$ ??= require('${id}'));`;
  });
  return names.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<![\\w$.])${name}(\\.\\w+)`, 'g'), `(${name}()$1)`),
    declared,
  );
}
