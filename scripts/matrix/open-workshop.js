/**
 * The temporary folder in which programs are built and run, as in a user's project: loky, the build tools and other
 * versions of Node.js lie in its node_modules. It knows no variant.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** The source of the program, at the places that its imports expect. */
const sources = ['scripts/matrix/program', '__tests__/long/sending/corpus'];
export const entry = 'scripts/matrix/program/main.ts';

/**
 * @param {readonly string[]} packages what npm installs there, `name@version`
 * @returns {string} the folder, which goes with this process
 */
export function openWorkshop(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'loky-matrix-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  mkdirSync(join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  if (packages.length > 0) install(folder, packages);
  addLoky(folder);
  for (const tool of ['tsx', 'typescript', '@types/node']) link(folder, tool);
  return folder;
}

/** Into the folder of a variant. */
export function copySources(folder) {
  for (const path of sources) cpSync(join(repository, path), join(folder, path), { recursive: true });
}

function install(folder, packages) {
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...options, ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
}

/** A copy and no link: what lies outside of node_modules is a user's own code to tsx, ts-node and vitest. */
function addLoky(folder) {
  if (!existsSync(join(repository, 'dist', 'index.js')))
    throw new Error('Expected a build of loky in dist/, but there is none. Run `npm run build` first.');
  for (const path of ['package.json', 'dist'])
    cpSync(join(repository, path), join(folder, 'node_modules/loky', path), { recursive: true });
}

/** What npm brought along may be of another version than the repository's. */
function link(folder, name) {
  const place = join(folder, 'node_modules', name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(join(repository, 'node_modules', name), place, 'junction');
}
