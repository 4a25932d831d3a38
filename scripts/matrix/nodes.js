/** Which program is Node.js of a major version: this one, or one that the workshop's lock brings. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const ownMajor = Number(process.versions.node.split('.')[0]);

/** @returns {{ major: number, version: string, path: string } | undefined} undefined where there is none for this system */
export function nodeIn(folder, major) {
  const path =
    major === ownMajor ? process.execPath : join(folder, 'node_modules', `node${major}`, 'bin/node');
  if (!existsSync(path)) return undefined;
  return { major, path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().slice(1) };
}
