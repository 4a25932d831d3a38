/** The library as one file, for programs of their own: what a test runner's own realm would hide shows there. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export interface Library {
  /** Writes files and runs the first of them; gives what it prints. The library is there as `library`. */
  run(files: Readonly<Record<string, string>>, flags?: readonly string[]): Promise<string>;
  remove(): void;
}

const esbuild = join(import.meta.dirname, '../../../node_modules/esbuild/bin/esbuild');
const require =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
const flags = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${require}`];

export function buildLibrary(): Library {
  // Where the system's own folder is behind a link, modules are known by the real path.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loky-program-')));
  const library = join(folder, 'node_modules/library');
  execFileSync(esbuild, [
    join(import.meta.dirname, 'process.ts'),
    `--outfile=${join(library, 'index.mjs')}`,
    ...flags,
  ]);
  execFileSync(esbuild, [
    join(import.meta.dirname, 'worker.ts'),
    `--outfile=${join(library, 'worker.mjs')}`,
    ...flags,
  ]);
  writeFileSync(
    join(library, 'package.json'),
    '{ "name": "library", "exports": { ".": "./index.mjs", "./worker": "./worker.mjs" } }',
  );
  let programs = 0;
  return {
    remove: () => rmSync(folder, { recursive: true }),
    async run(files, nodeFlags = []) {
      const place = join(folder, `program-${programs++}`);
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(place, name)), { recursive: true });
        writeFileSync(join(place, name), text);
      }
      const [main = ''] = Object.keys(files);
      const { stdout } = await promisify(execFile)(process.execPath, [...nodeFlags, join(place, main)]);
      return stdout.trim();
    },
  };
}
