/**
 * Writes the API pages, docs/api/, from the comments in the sources; with --check it only tells whether they are as
 * they would be written. Nothing of this machine gets into them, no time, no line number, no address.
 *
 *   node scripts/docs/build.js [--check]
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';
import { contents } from './contents.js';
import { tidy } from './tidy.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = join(root, 'docs/api');

const options = {
  plugin: ['typedoc-plugin-markdown', join(root, 'scripts/docs/pages.js')],
  tsconfig: join(root, 'tsconfig.json'),
  entryPoints: [
    'lib/index.ts',
    'lib/metrics/index.ts',
    'lib/bullmq/index.ts',
    'lib/view/index.ts',
    'lib/opentelemetry/index.ts',
  ].map((file) => join(root, file)),
  entryPointStrategy: 'resolve',
  name: 'loky',
  readme: 'none',
  logLevel: 'Warn',
  skipErrorChecking: true,
  disableSources: true,
  disableGit: true,
  hideGenerator: true,
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  // What Node.js and TypeScript bring is named, not linked.
  externalSymbolLinkMappings: { '*': { '*': '#' } },
  router: 'module',
  modulesFileName: 'index',
  entryFileName: 'README',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  sort: ['source-order'],
  useCodeBlocks: true,
  expandParameters: true,
  parametersFormat: 'table',
  classPropertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideSources: true },
};

async function write(folder) {
  const app = await Application.bootstrapWithPlugins(options);
  const project = await app.convert();
  if (project === undefined)
    throw new Error('TypeDoc could not read the sources; what is wrong stands above.');
  app.options.setValue('outputs', [{ name: 'markdown', path: folder }]);
  await app.generateOutputs(project);
}

/** File names with their texts. */
function read(folder) {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

const folder = mkdtempSync(join(tmpdir(), 'loky-docs-'));
try {
  await write(folder);
  const wanted = new Map([...read(folder)].map(([name, text]) => [name, tidy(text)]));
  wanted.delete('README.md');
  wanted.set('README.md', contents(wanted));
  const present = read(pages);
  const stale = [...new Set([...wanted.keys(), ...present.keys()])].filter(
    (name) => wanted.get(name) !== present.get(name),
  );
  if (process.argv.includes('--check')) {
    if (stale.length > 0) {
      console.error(
        `docs/api does not say what the sources say: ${stale.join(', ')}. Run \`npm run docs\` and commit it.`,
      );
      process.exitCode = 1;
    }
  } else {
    rmSync(pages, { recursive: true, force: true });
    mkdirSync(pages, { recursive: true });
    for (const [name, text] of wanted) writeFileSync(join(pages, name), text);
    console.log(stale.length === 0 ? 'docs/api is as it was' : `written: ${stale.join(', ')}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
