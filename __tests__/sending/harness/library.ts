/** The library as one file, for programs of their own: what a test runner's own realm would hide shows there. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from './bundle.ts';

export interface Library {
  /** Writes files and runs the first of them; gives what it prints. The library is there as `library`. */
  run(
    files: Readonly<Record<string, string>>,
    flags?: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<string>;
  remove(): void;
}

export function buildLibrary(): Library {
  // Where the system's own folder is behind a link, modules are known by the real path.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loky-program-')));
  const library = join(folder, 'node_modules/library');
  bundle('process.ts', join(library, 'index.mjs'));
  bundle('worker.ts', join(library, 'worker.mjs'));
  writeFileSync(
    join(library, 'package.json'),
    '{ "name": "library", "exports": { ".": "./index.mjs", "./worker": "./worker.mjs" } }',
  );
  let programs = 0;
  return {
    remove: () => rmSync(folder, { recursive: true }),
    async run(files, flags = [], environment = {}) {
      const place = join(folder, `program-${programs++}`);
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(place, name)), { recursive: true });
        writeFileSync(join(place, name), text);
      }
      const [main = ''] = Object.keys(files);
      const env = { ...process.env, ...environment };
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(place, main)], { env });
      return stdout.trim();
    },
  };
}
