/** Runs the fuzzer in a process of its own with little memory, and says with which seed it failed. */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../harness/bundle.ts';

/** What was found once is read first in every run. */
const corpus = join(import.meta.dirname, 'corpus');

/** `LOKY_FUZZ_SEED` repeats a run. */
export const firstSeed = Number(process.env['LOKY_FUZZ_SEED'] ?? randomInt(2 ** 31));

export interface Fuzzer {
  /** Gives what the program reports of so many frames. @throws Error if one of them did what none may. */
  run(seed: number, frames: number): Promise<string>;
  remove(): void;
}

export function buildFuzzer(): Fuzzer {
  const folder = mkdtempSync(join(tmpdir(), 'loky-fuzz-'));
  const program = join(folder, 'program.mjs');
  bundle('../fuzz/program.ts', program);
  return {
    async run(seed, frames) {
      const flags = ['--max-old-space-size=300', '--expose-gc', '--stack-size=984'];
      const args = [...flags, program, String(seed), String(frames), corpus];
      const run = promisify(execFile)(process.execPath, args, { timeout: 900_000 });
      const { stdout } = await run.catch((error: Error & { stdout: string; stderr: string }) => {
        throw new Error(`seed ${seed}: ${error.stdout}${error.stderr.slice(0, 3000)}`);
      });
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
