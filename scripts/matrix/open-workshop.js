/**
 * The folder in which programs are built and run, as in a user's project: loky, the packages, the build tools and other
 * versions of Node.js lie in its node_modules, as the lock in `workshop/` says.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

const given = fileURLToPath(new URL('workshop/', import.meta.url));
const LOCK = 'package-lock.json';

/**
 * @param {string} [kept] a folder that stays, and is installed only once; else a temporary one that goes with this process
 * @returns {string} the folder
 */
export function openWorkshop(kept) {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'loky-matrix-'));
  if (kept === undefined) removeAtExit(folder);
  mkdirSync(folder, { recursive: true });
  if (!isInstalled(folder)) install(folder);
  addLoky(folder);
  return folder;
}

function removeAtExit(folder) {
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
}

const isInstalled = (folder) =>
  existsSync(join(folder, 'node_modules/installed')) &&
  readFileSync(join(folder, 'node_modules/installed'), 'utf8') === readFileSync(join(given, LOCK), 'utf8');

function install(folder) {
  for (const file of ['package.json', LOCK]) cpSync(join(given, file), join(folder, file));
  const options = ['--legacy-peer-deps', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', ['ci', ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  cpSync(join(given, LOCK), join(folder, 'node_modules/installed'));
}

/** A copy and no link: what lies outside of node_modules is a user's own code to tsx, ts-node and vitest. */
export function addLoky(folder) {
  if (!existsSync(join(repository, 'dist', 'index.js')))
    throw new Error('Expected a build of loky in dist/, but there is none. Run `npm run build` first.');
  const place = join(folder, 'node_modules/loky');
  rmSync(place, { recursive: true, force: true });
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const packages = Object.keys(dependencies).map((name) => `node_modules/${name}`);
  for (const path of ['package.json', 'dist', ...packages])
    cpSync(join(repository, path), join(place, path), { recursive: true });
}
