/**
 * Every block of the documents runs in a test. Here: programs that need nothing but the repository. Such a block runs as it stands,
 * but for its types, without an unannounced word on stderr, and prints what its comments `// → value` say, no more and no less.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { blocks, blocksFor, documents, nameOf, runBlock } from './documents.ts';
import { runProgram } from './run-program.ts';
import { createProgramFolder, stripTypes } from './stripped-programs.ts';

const [HERE, BULLMQ, PACKAGES] = [
  '__tests__/long/examples/documents.test.ts',
  '__tests__/long/bullmq/documents.test.ts',
  '__tests__/long/examples/packages.test.ts',
];
/** By the words of their fences. */
const RUN_BY: Readonly<Record<string, string>> = {
  js: HERE,
  ts: HERE,
  'js node:test': HERE,
  sh: HERE,
  python: HERE,
  'js packages': PACKAGES,
  'ts packages': PACKAGES,
  'js next': PACKAGES,
  'ts next': PACKAGES,
  'js peer': '__tests__/long/examples/migration.test.ts',
  'js vitest': '__tests__/long/runners/runners.test.ts',
  'ts vitest': '__tests__/long/runners/runners.test.ts',
  'js redis': BULLMQ,
  'js postgres': BULLMQ,
};
const NOT_RUN: Readonly<Record<string, string>> = {
  yaml: 'needs Docker, or Kubernetes with KEDA; the Compose file is compared with that of examples/bullmq',
  text: 'is a drawing, or what something prints: observing/debug-log.test.ts has the lines of NODE_DEBUG',
};

test('every block runs in a test, or the reason why not is here', () => {
  const kinds = new Set(blocks.map(({ language, setting }) => `${language} ${setting}`.trim()));
  expect([...kinds].sort()).toEqual([...Object.keys(RUN_BY), ...Object.keys(NOT_RUN)].sort());
  expect(Object.values(RUN_BY).filter((path) => !existsSync(path))).toEqual([]);
});

test.each(documents)('each fence of %s names its language', (path) => {
  const fences = readFileSync(path, 'utf8').match(/^ *```.*$/gm) ?? [];
  expect(fences.filter((fence, index) => fence.trim().endsWith('```') !== (index % 2 === 1))).toEqual([]);
});

const programs = blocksFor('').filter(({ language }) => language === 'js' || language === 'ts');
const suites = blocksFor('node:test');

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
const typed: string[] = [];

beforeAll(() => {
  for (const block of [...programs, ...suites]) {
    const file = join(folder, `${nameOf(block)}.${block.language === 'ts' ? 'mts' : 'mjs'}`);
    writeFileSync(file, block.code);
    if (block.language === 'ts') typed.push(file);
  }
  stripTypes(typed, folder);
});

test('the README has blocks to run', () => {
  expect(programs.filter(({ place }) => place.startsWith('README.md')).length).toBeGreaterThan(3);
});

test('the blocks with types compile', () => {
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  const lib = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable', '--types', 'node'];
  const tsc = 'node_modules/typescript/bin/tsc';
  const options = { encoding: 'utf8', stdio: 'pipe' } as const;
  expect(() => execFileSync(process.execPath, [tsc, ...flags, ...lib, ...typed], options)).not.toThrow();
}, 90_000);

describe('the block runs as it stands and prints what it says', () => {
  // Each is a program of its own that mostly starts and ends processes: some at a time.
  test.concurrent.each(programs)(
    '$place',
    (block) => runBlock(join(folder, `${nameOf(block)}.mjs`), block, expectedStderr(block.code)),
    90_000,
  );

  test.concurrent.each(suites)('$place, a test file of Node.js', async (block) => {
    const { exitCode, stdout } = await runProgram(join(folder, `${nameOf(block)}.mjs`));
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/pass 1\n.*fail 0\n/)]);
  });
});

describe('commands', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const commands = blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.split(/\n|&&/))
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((command) => command !== '');

  test.each(commands)('%s', (command) => {
    const script = /\bnpm (?:run ([\w:-]+)|test\b)/.exec(command);
    if (script) expect(Object.keys(scripts)).toContain(script[1] ?? 'test');
    const file = /\bnode (scripts\/\S+)/.exec(command)?.[1];
    if (file !== undefined) expect(existsSync(file)).toBe(true);
    const isKnown =
      script ||
      file ||
      /^(?:npm (?:ci|init -y|install loky)|mkdir|cd|(?:LOKY_VIEW|PORT)=\d+ node service\.m?js$)/.test(
        command,
      );
    expect(isKnown).toBeTruthy();
  });
});

// To run them would need Python's loky.
test.each(blocks.filter(({ language }) => language === 'python'))('$place is Python', ({ code }) => {
  const check = 'import ast, sys; ast.parse(sys.stdin.read())';
  const run = () => execFileSync('python3', ['-c', check], { input: code, stdio: 'pipe' });
  expect(run).not.toThrow();
});
