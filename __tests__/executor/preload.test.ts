/** Modules that workers import before they take work. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type ExecutorOptions, getReusableExecutor } from 'loky';
import { waitUntil } from '../helpers/processes.ts';
import { packageUrl } from './host-script.ts';
import { poolsOfEachTest, rejectionOf } from './pools.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-preload-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const note = (name: string): string => `(globalThis.preloaded ??= []).push(${JSON.stringify(name)});`;
const preloaded = (): unknown => (globalThis as { preloaded?: unknown }).preloaded;

test('are there before the initializer, in their order, in each worker', async () => {
  const first = write(
    'first.mjs',
    `await new Promise((resolve) => setTimeout(resolve, 20)); ${note('first')}`,
  );
  const second = write('second.cjs', note('second'));
  const executor = newPool({
    maxWorkers: 1,
    spareWorkers: 1,
    onWorkerCrash: 'isolate',
    preload: [first, pathToFileURL(second), 'node:zlib'],
    initializer: () => void (globalThis as unknown as { preloaded: string[] }).preloaded.push('initializer'),
  });
  const expected = ['first', 'second', 'initializer'];
  expect(await executor.submit(preloaded)).toEqual(expected);
  await waitUntil(() => executor.stats().workers.some(({ state }) => state === 'spare'), 20_000);
  await executor.submit(() => process.exit(1)).exception();
  expect(await executor.submit(preloaded)).toEqual(expected);
});

test('are found from the main script, or else from the current directory', async () => {
  write('app/warm.mjs', note('relative to the main script'));
  write('cwd/here/warm.mjs', note('relative to the current directory'));
  write('app/node_modules/of-app/package.json', '{ "exports": { "import": "./index.mjs" } }');
  write('app/node_modules/of-app/index.mjs', note('package of the main script'));
  write('cwd/node_modules/of-cwd/package.json', '{ "main": "index.js" }');
  write('cwd/node_modules/of-cwd/index.js', note('package of the current directory'));
  const main = write(
    'app/main.mjs',
    `import { ProcessPoolExecutor } from ${JSON.stringify(packageUrl)};
    const preload = ['./warm.mjs', './here/warm.mjs', 'of-app', 'of-cwd'];
    const pool = new ProcessPoolExecutor({ maxWorkers: 1, preload });
    console.log(JSON.stringify(await pool.submit(() => globalThis.preloaded)));
    await pool.shutdown();`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: join(folder, 'cwd') });
  expect(JSON.parse(stdout)).toEqual([
    'relative to the main script',
    'relative to the current directory',
    'package of the main script',
    'package of the current directory',
  ]);
});

describe('one that cannot be loaded breaks the pool with WorkerStartupError', () => {
  const cases: [string, string, Partial<ExecutorOptions>, RegExp, unknown][] = [
    [
      'as it throws',
      `throw new RangeError('not today')`,
      {},
      /could not load \S*broken-0\.mjs \(preload\): not today;/,
      expect.any(RangeError),
    ],
    ['as it ends its process', 'process.exit(3)', {}, /EXIT\(3\).*loading \S*broken-1\.mjs/, undefined],
    [
      'as it does not come to its end',
      'await new Promise(() => {})',
      { startTimeout: 1500 },
      /within 1500 ms \(startTimeout\).*loading \S*broken-2\.mjs/,
      undefined,
    ],
  ];

  test.each(cases.map((each, index) => [...each, index] as const))(
    '%s',
    async (_, text, options, message, cause, index) => {
      const file = write(`broken-${index}.mjs`, text);
      const initializer = () => 1;
      const executor = newPool({ stdio: 'ignore', preload: [file], initializer, ...options });
      const error = await rejectionOf(executor.submit(() => 1));
      expect(error).toMatchObject({ name: 'WorkerStartupError', message: expect.stringMatching(message) });
      expect(error.cause).toEqual(cause);
    },
  );

  test('as there is none of that name, also with "isolate"', async () => {
    const executor = newPool({ stdio: 'ignore', preload: ['no-such-package'], onWorkerCrash: 'isolate' });
    const error = await rejectionOf(executor.prewarm());
    expect(error).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining('could not load no-such-package (preload)'),
      cause: { code: 'ERR_MODULE_NOT_FOUND' },
    });
  });
});

test('count among the settings of a reusable executor', async () => {
  const key = 'preload';
  const file = write('reused.mjs', note('reused'));
  const executor = getReusableExecutor({ key, maxWorkers: 1, preload: [file] });
  expect(getReusableExecutor({ key, maxWorkers: 1, preload: [pathToFileURL(file)] })).toBe(executor);
  expect(await executor.submit(preloaded)).toEqual(['reused']);
  const other = getReusableExecutor({ key, maxWorkers: 1 });
  expect(other).not.toBe(executor);
  await Promise.all([executor.shutdown(), other.shutdown()]);
});

test.each([
  ['one name', 'sharp', /preload must be an array, got "sharp"/],
  ['a number', [1], /preload\[0\] must be the name, path or URL of a module, got 1/],
  ['an empty name', [''], /preload\[0\] must be/],
])('must be names, paths or URLs: %s is none', (_, preload, message) => {
  expect(() => newPool({ preload: preload as never })).toThrow(message);
});
