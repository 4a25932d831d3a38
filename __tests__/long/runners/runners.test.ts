/**
 * Jest and Vitest as users have them: an executor in a test and in globalSetup, fake timers, tasks that replace globals, and the
 * files that the guide shows. Nothing is left open, and nothing warns. Vitest is installed into a folder of its own: only this test needs it.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { blocksFor } from '../examples/documents.ts';
import { installPackage, type Project, repository, runNode } from '../package/installed.ts';

const LONG = 180_000;

let project: Project;
beforeAll(() => {
  project = installPackage();
}, LONG);
afterAll(() => project?.remove());

/** What both runners run; `fake` is jest or vi. */
const tests = (head: string, fake: string): string => `${head}
const double = (n) => n * 2;

describe('an executor', () => {
  let executor;
  beforeAll(() => { executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' }); });
  afterAll(() => executor.shutdown());

  test('runs tasks, closures too', async () => {
    const offset = 40;
    expect(await executor.submit((n) => n + offset, 2)).toBe(42);
  });

  test('runs tasks while time stands still', async () => {
    ${fake}.useFakeTimers();
    try {
      expect(await executor.submit(double, 4)).toBe(8);
      expect(await executor.map(double, [1, 2, 3], { chunkSize: 'auto' }).toArray()).toEqual([2, 4, 6]);
      const hangs = executor.withOptions({ timeout: 100 }).submit(() => { for (;;); });
      expect((await hangs.exception()).name).toBe('TimeoutError');
      expect(await executor.submit(double, 5)).toBe(10);
    } finally {
      ${fake}.useRealTimers();
    }
  });

  test('outlives a task that replaces globals, and so does the test', async () => {
    const spoil = () => {
      for (const name of ['setTimeout', 'setImmediate', 'queueMicrotask', 'performance', 'Map', 'Buffer'])
        globalThis[name] = () => { throw new Error(name + ' was replaced'); };
      Date.now = () => 0;
      process.exit = () => {};
      return 'spoilt';
    };
    expect(await executor.submit(spoil)).toBe('spoilt');
    expect(await executor.submit(double, 6)).toBe(12);
    expect(Date.now()).toBeGreaterThan(0);
    expect(await new Promise((resolve) => setTimeout(resolve, 1, 'here'))).toBe('here');
  });

  test('outlives a test that replaces globals', async () => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = () => { throw new Error('replaced'); };
    try {
      expect(await executor.submit(double, 7)).toBe(14);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });

  test('fails as Node would', async () => {
    await expect(executor.submit(() => { throw new RangeError('no'); }).result()).rejects.toThrow('no');
  });
});

test('the reusable executor needs no end', async () => {
  expect(await getReusableExecutor({ maxWorkers: 1 }).submit(double, 8)).toBe(16);
});
`;

/** What globalSetup does: work in a pool of its own before all tests, and its end after them. */
const setup = (load: string): string => `${load}
let executor;
const start = async () => {
  executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  process.env.FIXTURE = await executor.submit((text) => text.toUpperCase(), 'made by a pool');
  globalThis.__EXECUTOR__ = executor;
};
`;

const REQUIRE = "const { ProcessPoolExecutor, getReusableExecutor } = require('loky');";
const IMPORT = "import { getReusableExecutor, ProcessPoolExecutor } from 'loky';";
const FIXTURE = `test('globalSetup has worked', () => { expect(process.env.FIXTURE).toBe('MADE BY A POOL'); });`;
/** The files that the guide shows, by their names. */
const shown = new Map(blocksFor('vitest').map(({ file = '', code }) => [file, code]));
const COMPLAINS = /open handle|did not exit|force exit|Warning|listener|Unhandled|close timed out/i;

describe('Jest', () => {
  const jest = join(repository, 'node_modules/jest/bin/jest.js');

  test(
    'runs tests in CommonJS, with a pool in globalSetup',
    async () => {
      project.write('setup.cjs', `${setup(REQUIRE)} module.exports = start;`);
      project.write('teardown.cjs', 'module.exports = () => globalThis.__EXECUTOR__.shutdown();');
      project.write('pool.test.cjs', tests(REQUIRE, 'jest') + FIXTURE);
      project.write(
        'jest.config.cjs',
        `module.exports = { testMatch: ['**/*.test.cjs'], globalSetup: './setup.cjs', globalTeardown: './teardown.cjs' };`,
      );
      const { code, stdout, stderr } = await runNode(project.folder, [
        ...[jest, '--config', 'jest.config.cjs', '--detectOpenHandles', '--no-watchman'],
      ]);
      expect([code, stderr]).toEqual([0, expect.stringContaining('7 passed')]);
      expect(stdout + stderr).not.toMatch(COMPLAINS);
    },
    LONG,
  );

  test(
    'does not fail for an executor that a test has made last, and left open',
    async () => {
      project.write(
        'left.spec.cjs',
        `${REQUIRE}
        test('makes one', () => { new ProcessPoolExecutor({ maxWorkers: 1 }); });`,
      );
      project.write(
        'slow.spec.cjs',
        `test('takes longer', () => new Promise((resolve) => setTimeout(resolve, 1500)));`,
      );
      project.write('jest.left.cjs', `module.exports = { testMatch: ['**/*.spec.cjs'] };`);
      const { code, stdout, stderr } = await runNode(project.folder, [
        ...[jest, '--config', 'jest.left.cjs', '--runInBand', '--no-watchman'],
      ]);
      expect([code, stderr]).toEqual([0, expect.stringContaining('2 passed')]);
      expect(stdout + stderr).not.toMatch(/torn down|Error/);
    },
    LONG,
  );

  test(
    'runs tests that are ES modules',
    async () => {
      const head = `${IMPORT}\nconst { jest } = import.meta;`;
      project.write('pool.test.mjs', tests(head, 'jest'));
      project.write(
        'jest.config.mjs',
        `export default { testMatch: ['**/*.test.mjs'], moduleFileExtensions: ['mjs', 'js'] };`,
      );
      const { code, stderr } = await runNode(project.folder, [
        ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
        ...[jest, '--config', 'jest.config.mjs', '--no-watchman'],
      ]);
      expect([code, stderr]).toEqual([0, expect.stringContaining('6 passed')]);
      expect(stderr).not.toMatch(COMPLAINS);
    },
    LONG,
  );

  test(
    'runs the test file of the guide',
    async () => {
      const text = shown.get('workers.test.ts')?.replace("from 'vitest'", "from '@jest/globals'") ?? '';
      const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      project.write('guide.spec.mjs', ts.transpileModule(text, { compilerOptions }).outputText);
      project.write(
        'jest.guide.mjs',
        `process.env.FIXTURE = '982d9e3e';
        export default { testMatch: ['**/*.spec.mjs'], moduleFileExtensions: ['mjs', 'js'] };`,
      );
      const { code, stderr } = await runNode(project.folder, [
        ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
        ...[jest, '--config', 'jest.guide.mjs', '--no-watchman'],
      ]);
      expect([code, stderr]).toEqual([0, expect.stringContaining('2 passed')]);
      expect(stderr).not.toMatch(COMPLAINS);
    },
    LONG,
  );
});

describe('Vitest', () => {
  beforeAll(() => {
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--prefer-offline', 'vitest@4'];
    execFileSync('npm', args, { cwd: project.folder, stdio: 'ignore', shell: process.platform === 'win32' });
  }, LONG);

  test.each(['forks', 'threads'])(
    'runs tests in %s, with a pool in globalSetup',
    async (pool) => {
      const head = `import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';\n${IMPORT}`;
      project.write(
        'setup.mjs',
        `${setup(IMPORT)} export default async () => { await start(); return () => executor.shutdown(); };`,
      );
      const using = `test('await using ends it', async () => {
      let inside;
      {
        await using executor = new ProcessPoolExecutor({ maxWorkers: 1 });
        inside = executor;
        expect(await executor.submit(double, 9)).toBe(18);
      }
      expect(() => inside.submit(double, 1)).toThrow('shutdown');
    });`;
      project.write('pool.vitest.ts', tests(`// @ts-nocheck\n${head}`, 'vi') + FIXTURE + using);
      project.write(
        'vitest.config.mjs',
        `export default { test: { include: ['*.vitest.ts'], globalSetup: './setup.mjs', pool: '${pool}' } };`,
      );
      const { code, stdout, stderr } = await runNode(project.folder, [
        ...['node_modules/vitest/vitest.mjs', 'run', '--no-color', '--config', 'vitest.config.mjs'],
      ]);
      expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/8 passed/), '']);
      expect(stdout).not.toMatch(COMPLAINS);
    },
    LONG,
  );

  test(
    'runs the files of the guide',
    async () => {
      for (const [file, code] of shown) project.write(file, code);
      project.write(
        'vitest.guide.mjs',
        `export default { test: { include: ['workers.test.ts'], globalSetup: './setup.mjs' } };`,
      );
      const { code, stdout, stderr } = await runNode(project.folder, [
        ...['node_modules/vitest/vitest.mjs', 'run', '--no-color', '--config', 'vitest.guide.mjs'],
      ]);
      expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/2 passed/), '']);
      expect(stdout).not.toMatch(COMPLAINS);
    },
    LONG,
  );
});
