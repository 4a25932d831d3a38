/** Which program is Node.js of a major version: this one, or one that npm brings. It installs and runs nothing. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const own = Number(process.versions.node.split('.')[0]);
const platform = process.platform === 'win32' ? 'win' : process.platform;

/** What npm has to install for these versions. */
export function packagesFor(majors) {
  return majors
    .filter((major) => major !== own)
    .map((major) => `node${major}@npm:node-${platform}-${process.arch}@${major}`);
}

/** @returns {{ major: number, version: string, path: string }} */
export function nodeIn(folder, major) {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  const path =
    major === own ? process.execPath : join(folder, 'node_modules', `node${major}`, 'bin', program);
  return { major, path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1) };
}
