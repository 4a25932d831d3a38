/** Where workers run and what they are called with; and the error in the event of a worker's end. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { TerminatedWorkerError, type WorkerExitedEvent } from 'loky';
import { poolsOfEachTest, rejectionOf } from './pools.ts';

const newPool = poolsOfEachTest();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loky-place-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cwd', () => {
  const whereIs = () => process.cwd();

  test.each([
    ['a path', folder],
    ['a URL', pathToFileURL(`${folder}/`)],
    ['a relative path', relative(process.cwd(), folder)],
  ])('as %s is the current directory of tasks and of the initializer', async (_, cwd) => {
    const initializer = () => {
      (globalThis as { first?: string }).first = process.cwd();
    };
    const executor = newPool({ maxWorkers: 1, cwd, initializer });
    expect(await executor.submit(whereIs)).toBe(folder);
    expect(await executor.submit(() => (globalThis as { first?: string }).first)).toBe(folder);
  });

  test('is that of this program where it is left out, also with relative paths in execArgv', async () => {
    const name = `required-${process.pid}.cjs`;
    writeFileSync(name, 'globalThis.required = true;');
    try {
      const executor = newPool({ maxWorkers: 1, cwd: folder, execArgv: ['--require', `./${name}`] });
      expect(await executor.submit(() => (globalThis as { required?: boolean }).required)).toBe(true);
      expect(await newPool({ maxWorkers: 1 }).submit(whereIs)).toBe(process.cwd());
    } finally {
      rmSync(name);
    }
  });

  test('that is no folder is refused', () => {
    expect(() => newPool({ cwd: join(folder, 'missing') })).toThrow(
      'cwd must be a folder that is there, got',
    );
    expect(() => newPool({ cwd: new URL('https://example.org/') })).toThrow(TypeError);
    expect(() => newPool({ cwd: 5 as never })).toThrow(
      'cwd must be the path or URL of a folder, got 5 (number)',
    );
  });

  test('that is removed later breaks the executor in words', async () => {
    const gone = mkdtempSync(join(folder, 'gone-'));
    const executor = newPool({ maxWorkers: 1, cwd: gone, stdio: 'ignore' });
    rmSync(gone, { recursive: true });
    expect(await rejectionOf(executor.submit(whereIs))).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining(
        `could not be started: cwd must be a folder that is there, got ${gone};`,
      ),
    });
  });
});

test('argv is what tasks find behind the first two', async () => {
  const executor = newPool({ maxWorkers: 1, argv: ['--mode', 'a b', '--inspect'] });
  expect(await executor.submit(() => process.argv.slice(2))).toEqual(['--mode', 'a b', '--inspect']);
  const stack = (
    await executor
      .submit(() => {
        throw new Error('x');
      })
      .exception()
  )?.stack; // its program is known still
  expect(stack).not.toMatch(/worker\.cjs/);
  expect(() => newPool({ argv: [5 as never] })).toThrow('argv[0] must be a string');
});

describe('the event workerExited', () => {
  test('has the error that a death was, with the task', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const events: WorkerExitedEvent[] = [];
    executor.on('workerExited', (event) => events.push(event));
    const task = executor.withOptions({ name: 'dies' }).submit(() => process.exit(3));
    const error = await rejectionOf(task);
    expect(events[0]?.error).toBeInstanceOf(TerminatedWorkerError);
    expect(events[0]?.error).toMatchObject({ message: error.message, exitCode: 3, task: 'dies' });
  });

  test('has none where the pool ended the worker', async () => {
    const executor = newPool({ maxWorkers: 1 });
    const events: WorkerExitedEvent[] = [];
    executor.on('workerExited', (event) => events.push(event));
    await executor.submit(() => 1);
    await executor.shutdown();
    expect(events.map(({ reason, error }) => [reason, error])).toEqual([['shutdown', undefined]]);
  });
});

test('no error of a task or of the executor shows a frame of this package above where it was submitted', async () => {
  const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  const hang = () => {
    for (;;);
  };
  const errors = [
    await executor.submit(() => JSON.parse('{')).exception(),
    await executor.submit((value: unknown) => value, process.stdout).exception(),
    await executor.withOptions({ timeout: 50 }).submit(hang).exception(),
    await executor.submit(() => process.exit(1)).exception(),
    await rejectionOf(
      executor
        .map(
          (n: number) => {
            throw new Error(`${n}`);
          },
          [1],
          { chunkSize: 'auto' },
        )
        .toArray(),
    ),
  ];
  for (const error of errors) {
    expect(error?.stack).toMatch(/--- submitted from ---\n.*place\.test/);
    expect(error?.stack).not.toMatch(/loky.dist|\/dist\/|worker\.cjs/);
  }
});
