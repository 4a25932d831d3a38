/** Builds what the package ships: few files, with the dependencies bundled in, so that it loads quickly. */
import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { buildHostCode } from './build/host-code.js';
import { buildPage } from './build/page.js';

/** The finished build takes the place of the old one at once: what runs meanwhile finds either. */
const folder = await mkdtemp('dist-');
await chmod(folder, 0o755); // mkdtemp keeps it to its owner

const settings = {
  platform: 'node',
  target: 'node20.19',
  sourcesContent: false,
  legalComments: 'none',
  // Half the bytes, and so half the time to load; names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  // Node.js prints the line that threw: it must not fill the screen.
  lineLimit: 120,
  logLevel: 'warning',
};

/** What can be loaded: `loky`, `loky/metrics`, `loky/bullmq`, `loky/view`, `loky/opentelemetry`. */
const entryPoints = {
  index: 'lib/index.ts',
  metrics: 'lib/metrics/index.ts',
  bullmq: 'lib/bullmq/index.ts',
  view: 'lib/view/index.ts',
  opentelemetry: 'lib/opentelemetry/index.ts',
};

/** What a worker process loads, which finds its functions by file: the whole of `loky/bullmq` would take long. */
const forWorkers = { 'bullmq-worker': 'lib/bullmq/for-workers.ts' };

/** What the package loads when it is first needed. */
const laterParts = [
  'lib/executor/pool/pool.ts',
  'lib/executor/later-parts.ts',
  'lib/sending/host/graphs.ts',
  'lib/sending/functions/texts.ts',
];

/** Loaded from node_modules, by the first use of each; the programs of the workers have their own copies. */
const dependencies = ['devalue', 'pidusage', 'tree-kill'];

/** For a host that cannot load the package: this file has a copy of what it imports. */
const withCopies = ['lib/system/devalue/copy/devalue-copy.ts'];

/** Users of the part that needs one of them have installed it. */
const optionalPeers = ['@opentelemetry/api', 'bullmq', 'ioredis', 'prom-client'];

const ownDevalue = {
  name: 'own-devalue',
  setup(builder) {
    builder.onResolve({ filter: /\/devalue\/devalue\.ts$/ }, () => ({ path: resolve('workers/devalue.ts') }));
  },
};

async function buildCode() {
  const host = await buildHostCode({
    entries: entryPoints,
    parts: forWorkers,
    laterParts,
    external: [...dependencies, ...optionalPeers],
    withCopies,
    folder,
    settings,
  });
  const program = {
    ...settings,
    ...{ bundle: true, format: 'cjs', outdir: folder, outExtension: { '.js': '.cjs' } },
    ...{ sourcemap: 'external', metafile: true },
  };
  const worker = await build({
    ...program,
    entryPoints: { worker: 'workers/worker.ts' },
    inject: ['workers/globals.ts'],
    plugins: [ownDevalue],
  });
  const guardian = await build({ ...program, entryPoints: { guardian: 'workers/guardian.ts' } });
  const page = await buildPage(join(folder, 'view.html'));
  return [...host, ...page, ...[worker, guardian].flatMap(({ metafile }) => Object.keys(metafile.inputs))];
}

/** CommonJS has the declarations, ES modules pass them on: classes with private fields are the same type in both. */
async function buildTypes() {
  const external = [/^node:/, 'events', ...optionalPeers];
  const bundle = await rollup({ input: entryPoints, plugins: [dts()], external });
  await bundle.write({
    dir: folder,
    entryFileNames: '[name].d.cts',
    chunkFileNames: '[name].d.cts',
    format: 'es',
    banner: '/// <reference types="node" />',
  });
  await bundle.close();
  for (const name of Object.keys(entryPoints)) {
    await writeFile(`${folder}/${name}.d.ts`, `export * from './${name}.cjs';\n`);
  }
}

/** The licences of what is bundled ask to travel with it. */
async function writeNotices(inputs) {
  const folders = new Set(inputs.flatMap((input) => input.match(/^node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []));
  const sections = await Promise.all(
    [...folders].sort().map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
      const text = await firstReadable(
        ['LICENSE', 'license', 'LICENSE.md', 'LICENSE.txt'].map((file) => `${folder}/${file}`),
      );
      return `## ${name} ${version} (${license})\n\n${text.trim()}\n`;
    }),
  );
  await writeFile(`${folder}/THIRD-PARTY-NOTICES.md`, `# Bundled packages\n\n${sections.join('\n')}`);
}

async function firstReadable(files) {
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`no licence text found: expected one of ${files.join(', ')}`);
}

const halves = [buildCode(), buildTypes()];
try {
  const [inputs] = await Promise.all(halves);
  await writeNotices(inputs);
  await rm('dist', { recursive: true, force: true });
  await rename(folder, 'dist');
} catch (error) {
  // While one half still writes into the folder, it could not be removed, and that error would take the place of this one.
  await Promise.allSettled(halves);
  await rm(folder, { recursive: true, force: true });
  throw error;
}
