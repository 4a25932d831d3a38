/** The library as one file, for processes that are not jest's. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const esbuild = join(import.meta.dirname, '../../../node_modules/esbuild/bin/esbuild');
const require =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
const flags = ['--bundle', '--platform=node', '--format=esm', '--log-level=error', `--banner:js=${require}`];

/** `source` is a file of this folder. esbuild runs as a program that ends: as a library it keeps a process. */
export function bundle(source: string, file: string): void {
  const folder = process.env['NODE_V8_COVERAGE'];
  const map = folder ? ['--sourcemap=external', '--sources-content=false'] : [];
  execFileSync(esbuild, [join(import.meta.dirname, source), `--outfile=${file}`, ...flags, ...map]);
  if (folder) keepForCoverage(folder, file);
}

/** `scripts/coverage` reads it when the file itself is gone. */
function keepForCoverage(folder: string, file: string): void {
  const [text, map] = [file, `${file}.map`].map((name) => readFileSync(name, 'utf8'));
  writeFileSync(join(folder, `bundle-${randomUUID()}.json`), JSON.stringify({ file, text, map }));
}
