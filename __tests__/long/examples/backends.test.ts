/** The programs under examples/backends that run to their end, from TypeScript and from CommonJS alike. */
import { describe, expect, test } from '@jest/globals';
import { runProgram } from './run-program.ts';

const warning = /^\(node:\d+\) \[LOKY_MEMORY_LEAK\] LokyWarning: A worker was replaced[^\n]+\n[^\n]+\n$/;

const outputs: Readonly<Record<string, { stdout: string; stderr: unknown }>> = {
  'job-runner': {
    stdout: `
100 jobs done, the last one gave 198
workers replaced: true; each before it had 500 MB: true
`,
    stderr: expect.stringMatching(warning),
  },
  'file-processor': {
    stdout: `
✗ arithmetic.mjs: 1 passed
    roundsToTheEven: Expected values to be strictly equal:
✓ state.mjs: 2 passed
✓ strings.mjs: 2 passed
3 of 3 files
`,
    stderr: '',
  },
};

describe.each(['ts', 'cjs'])(
  'each program runs to its end, prints what one expects, and leaves no process: %s',
  (language) => {
    test.concurrent.each(Object.entries(outputs))(
      '%s',
      async (name, { stdout, stderr }) => {
        const outcome = await runProgram(`examples/backends/${name}.${language}`);
        expect(outcome).toEqual({ exitCode: 0, stdout: stdout.trimStart(), stderr });
      },
      90_000,
    );
  },
);
