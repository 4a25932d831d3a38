/** Builds of the program by esbuild and by tsc. Each gives the arguments with which Node.js starts the outcome. */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { copySources, entry, repository } from './workshop.js';

/** The corpus calls it to see it refused. */
const logOverride = { 'direct-eval': 'silent' };

const common = { platform: 'node', target: 'node20.19', bundle: true, logLevel: 'warning', logOverride };

/** What lies in other files stays there, and imports name the files that come out. */
const importsOfJavaScript = {
  name: 'imports-of-javascript',
  setup({ onResolve }) {
    onResolve({ filter: /^\..*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/ts$/, 'js'), external: true },
    );
  },
};

/** Each file on its own, to ES modules. */
export async function transpileEach(folder) {
  const source = join(folder, 'source');
  copySources(source);
  const files = readdirSync(source, { recursive: true }).filter((file) => file.endsWith('.ts'));
  await build({
    ...common,
    entryPoints: files.map((file) => join(source, file)),
    outbase: source,
    outdir: folder,
    format: 'esm',
    external: ['loky'],
    plugins: [importsOfJavaScript],
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return [join(folder, entry.replace(/ts$/, 'js'))];
}

/** All in one file, but for loky. */
export async function buildBundle(folder, { format, ...options }) {
  const outfile = join(folder, format === 'esm' ? 'main.mjs' : 'main.cjs');
  const entryPoints = [join(repository, entry)];
  await build({ ...common, ...options, entryPoints, format, outfile, external: ['loky'] });
  return [outfile];
}

export function transpileToCommonJs(folder) {
  const source = join(folder, 'source');
  copySources(source);
  writeFileSync(join(source, 'package.json'), '{ "type": "commonjs" }');
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
  const options = {
    module: 'nodenext',
    target: 'es2022',
    rewriteRelativeImportExtensions: true,
    noCheck: true,
    types: [],
    rootDir: source,
    outDir: folder,
  };
  const project = join(source, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions: options, include: ['**/*.ts'], exclude: [] }));
  execFileSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', project], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return [join(folder, entry.replace(/ts$/, 'js'))];
}
