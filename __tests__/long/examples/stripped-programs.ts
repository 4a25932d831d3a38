/**
 * Programs without their types: a loader would take them off in every worker anew, which is most of the time that
 * brief programs take.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';

export interface ProgramFolder {
  readonly folder: string;
  remove(): void;
}

/** Inside of the package, so that its own name can be imported. Git does not see it. */
export function createProgramFolder(): ProgramFolder {
  mkdirSync('out', { recursive: true });
  const folder = mkdtempSync('out/programs-');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Each of `files` becomes a `.mjs` of the same name in `folder`. */
export function stripTypes(files: readonly string[], folder: string): void {
  const flags = ['--format=esm', '--target=node20', '--out-extension:.js=.mjs', '--log-level=error'];
  execFileSync('node_modules/esbuild/bin/esbuild', [...files, `--outdir=${folder}`, ...flags]);
}
