/**
 * Every js and ts block of the documents runs as it stands, without an unannounced word on stderr, and prints what its comments
 * `// → value` say, no more and no less. The types of all ts blocks are taken off at once: a loader for each would do it
 * in every worker anew, for most of the time that these tests take.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeBlocksOf, printsAsSaid } from './code-blocks.ts';
import { runProgram } from './run-program.ts';

const documents = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((path) =>
  path.endsWith('.md'),
);
const blocks = documents.flatMap((path) => codeBlocksOf(path, readFileSync(path, 'utf8')));

/** Nothing, or the one warning that a comment `// warns CODE` announces. */
function expectedStderr(code: string): unknown {
  const warning = /\/\/ warns (\w+)/.exec(code)?.[1];
  return warning === undefined
    ? ''
    : expect.stringMatching(
        new RegExp(`^\\(node:\\d+\\) \\[${warning}\\] LokyWarning: [^\\n]+\\n[^\\n]+\\n$`),
      );
}

/** Inside of the package, so that its own name can be imported. Git does not see it. */
let folder = '';
const nameOf = (place: string): string => place.replaceAll(/\W/g, '-');

beforeAll(() => {
  mkdirSync('out', { recursive: true });
  folder = mkdtempSync('out/blocks-');
  const files = blocks.map(({ place, language, code }) => {
    const file = join(folder, `${nameOf(place)}.${language === 'ts' ? 'mts' : 'mjs'}`);
    writeFileSync(file, code);
    return file;
  });
  const typed = files.filter((file) => file.endsWith('.mts'));
  const flags = ['--format=esm', '--target=node20', '--out-extension:.js=.mjs', '--log-level=error'];
  execFileSync('node_modules/esbuild/bin/esbuild', [...typed, `--outdir=${folder}`, ...flags]);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('the README has blocks to run', () => {
  expect(blocks.filter(({ place }) => place.startsWith('README.md')).length).toBeGreaterThan(3);
});

describe('the block runs as it stands and prints what it says', () => {
  // Each is a program of its own that mostly starts and ends processes: some at a time.
  test.concurrent.each(blocks)(
    '$place',
    async ({ place, code, prints }) => {
      const { exitCode, stdout, stderr } = await runProgram(join(folder, `${nameOf(place)}.mjs`));
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expectedStderr(code) });
      const lines = stdout.split('\n').slice(0, -1);
      if (!printsAsSaid(lines, prints)) expect(lines).toEqual(prints);
    },
    90_000,
  );
});
