/**
 * Every js and ts block of the documents runs as it stands, but for its types, without an unannounced word on stderr, and
 * prints what its comments `// → value` say, no more and no less.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeBlocksOf, printsAsSaid } from './code-blocks.ts';
import { runProgram } from './run-program.ts';
import { createProgramFolder, stripTypes } from './stripped-programs.ts';

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

const { folder, remove } = createProgramFolder();
afterAll(remove);
const nameOf = (place: string): string => place.replaceAll(/\W/g, '-');

beforeAll(() => {
  const files = blocks.map(({ place, language, code }) => {
    const file = join(folder, `${nameOf(place)}.${language === 'ts' ? 'mts' : 'mjs'}`);
    writeFileSync(file, code);
    return file;
  });
  stripTypes(
    files.filter((file) => file.endsWith('.mts')),
    folder,
  );
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
