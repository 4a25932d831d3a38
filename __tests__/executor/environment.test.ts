/** env, execArgv, stdio: what a worker process is given. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, square } from './pools.ts';

const newPool = poolsOfEachTest();
const variable = (name: string) => process.env[name];

describe('env', () => {
  test('is laid over that of the host, and undefined removes a variable', async () => {
    process.env.LOKY_TEST_KEPT = 'kept';
    process.env.LOKY_TEST_REMOVED = 'removed';
    const executor = newPool({ env: { LOKY_TEST_NEW: 'new', LOKY_TEST_REMOVED: undefined } });
    const read = (...names: string[]) => names.map((name) => process.env[name]);
    try {
      expect(await executor.submit(read, 'LOKY_TEST_KEPT', 'LOKY_TEST_NEW', 'LOKY_TEST_REMOVED')).toEqual([
        'kept',
        'new',
        undefined,
      ]);
    } finally {
      delete process.env.LOKY_TEST_KEPT;
      delete process.env.LOKY_TEST_REMOVED;
    }
  });

  test('may be a function of the rank', async () => {
    const executor = newPool({ maxWorkers: 2, env: (rank) => ({ LOKY_TEST_RANK: `rank ${rank}` }) });
    await executor.prewarm();
    const read = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return process.env.LOKY_TEST_RANK;
    };
    const seen = await Promise.all([executor.submit(read), executor.submit(read)]);
    expect(seen.sort()).toEqual(['rank 0', 'rank 1']);
  });

  test('is in place before any module loads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loky-env-'));
    try {
      const file = join(folder, 'early.cjs');
      writeFileSync(file, 'globalThis.seenEarly = process.env.LOKY_TEST_EARLY;');
      const executor = newPool({ env: { LOKY_TEST_EARLY: 'early', NODE_OPTIONS: `--require ${file}` } });
      expect(await executor.submit(() => (globalThis as { seenEarly?: string }).seenEarly)).toBe('early');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that throws breaks the pool with WorkerStartupError and its error as cause', async () => {
    const executor = newPool({
      env: () => {
        throw new Error('no environment');
      },
    });
    expect(await rejectionOf(executor.submit(variable, 'X'))).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining('no environment'),
      cause: { message: 'no environment' },
    });
  });

  test.each([
    ['a promise', async () => ({ A: '1' }), 'env(0) must be an object of strings, got a Promise'],
    ['a Map', () => new Map([['A', '1']]), 'env(0) must be an object of strings, got a Map'],
    ['nothing', () => undefined, 'env(0) must be an object of strings, got undefined'],
    ['a text', () => 'A=1', 'env(0) must be an object of strings, got "A=1"'],
    ['a number in it', (rank: number) => ({ A: rank }), 'env(0).A must be a string, got 0 (number)'],
    ['null in it', () => ({ A: null }), 'env(0).A must be a string, got null'],
  ])('that gives %s breaks the pool with WorkerStartupError', async (_, env, message) => {
    const executor = newPool({ maxWorkers: 1, env: env as never });
    expect(await rejectionOf(executor.submit(variable, 'A'))).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining(message),
      cause: expect.any(TypeError),
    });
  });

  test('that is no object of strings is refused', () => {
    expect(() => newPool({ env: new Map([['A', '1']]) as never })).toThrow(
      'env must be an object or a function of the rank, got a Map',
    );
    expect(() => newPool({ env: Promise.resolve({ A: '1' }) as never })).toThrow('got a Promise');
  });

  test('of the host is read when a worker starts', async () => {
    const executor = newPool();
    process.env.LOKY_TEST_LATE = 'late';
    try {
      expect(await executor.submit(variable, 'LOKY_TEST_LATE')).toBe('late');
    } finally {
      delete process.env.LOKY_TEST_LATE;
    }
  });

  test('changed by a task is changed for its worker alone', async () => {
    const executor = newPool();
    await executor.submit(() => {
      process.env.LOKY_TEST_TASK = 'mine';
    });
    expect([await executor.submit(variable, 'LOKY_TEST_TASK'), process.env.LOKY_TEST_TASK]).toEqual([
      'mine',
      undefined,
    ]);
  });
});

describe('execArgv', () => {
  test('reaches the workers', async () => {
    const executor = newPool({ execArgv: ['--max-old-space-size=77', '--title=loky-test'] });
    expect(
      await executor.submit(() => [process.execArgv.includes('--max-old-space-size=77'), process.title]),
    ).toEqual([true, 'loky-test']);
  });

  test('that Node refuses breaks the pool with WorkerStartupError and what Node said', async () => {
    const executor = newPool({ execArgv: ['--no-such-flag-at-all'], stdio: 'ignore' });
    const error = await rejectionOf(executor.submit(square, 1));
    expect(error).toMatchObject({ name: 'WorkerStartupError', code: 'ERR_WORKER_STARTUP' });
    expect(error.message).toMatch(/EXIT\(9\)[\s\S]*bad option: --no-such-flag-at-all/);
  });
});

describe('a worker', () => {
  test('leaves the globals of a task as they are in any Node program', async () => {
    expect(await newPool().submit(() => typeof (globalThis as { gc?: unknown }).gc)).toBe('undefined');
  });

  test('has no standard input to wait for', async () => {
    const read = async () => {
      let text = '';
      for await (const chunk of process.stdin) text += chunk;
      return text;
    };
    expect(await newPool().submit(read)).toBe('');
  });

  test('runs in the working directory of the host', async () => {
    expect(await newPool().submit(() => process.cwd())).toBe(process.cwd());
  });
});

test('under the permission model the error names the option that is missing', () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const program = `
    import { ProcessPoolExecutor } from 'loky';
    const error = await new ProcessPoolExecutor({ maxWorkers: 1 }).submit(Math.max, 1).exception();
    console.log(error.name, error.message);
  `;
  const args = [flag, '--allow-fs-read=*', '--no-warnings', '--input-type=module', '--eval', program];
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toMatch(
    /^WorkerStartupError A worker process could not be started: .*\(start the program with --allow-child-process\)/,
  );
});
