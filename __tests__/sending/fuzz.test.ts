/**
 * A host that reads what no worker of ours would write: answers changed by chance, in a process of its own with little
 * memory. `LOKY_LONG_TESTS=1` reads a million; `LOKY_FUZZ_SEED` repeats a run. What was found once is in `fuzz/corpus`.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundle } from './harness/bundle.ts';

const isLong = Boolean(process.env['LOKY_LONG_TESTS']);
const RUNS = isLong ? 10 : 1;
const FRAMES = isLong ? 100_000 : 4000;
const first = Number(process.env['LOKY_FUZZ_SEED'] ?? randomInt(2 ** 31));
const corpus = join(import.meta.dirname, 'fuzz/corpus');

const folder = mkdtempSync(join(tmpdir(), 'loky-fuzz-'));
const program = join(folder, 'program.mjs');

beforeAll(() => bundle('../fuzz/program.ts', program));
afterAll(() => rmSync(folder, { recursive: true }));

test.each(Array.from({ length: RUNS }, (_, run) => first + run))(
  'changed answers cost the host neither time nor memory, and call nothing (seed %i)',
  async (seed) => {
    const flags = ['--max-old-space-size=300', '--expose-gc', '--stack-size=984'];
    const args = [...flags, program, String(seed), String(FRAMES), corpus];
    const run = promisify(execFile)(process.execPath, args, { timeout: 900_000 });
    const { stdout } = await run.catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`seed ${seed}: ${error.stdout}${error.stderr.slice(0, 3000)}`);
    });
    expect(stdout).toContain(`seed ${seed}: ${FRAMES} frames`);
  },
  1_000_000,
);
