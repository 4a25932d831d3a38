/** Every error class: when it comes, its code, what it is an instance of, and what it says. */
import { describe, expect, test } from '@jest/globals';
import {
  BrokenProcessPool,
  CancelledError,
  InitializerError,
  LokyRecursionError,
  ProcessPoolExecutor,
  QueueFullError,
  SerializationError,
  ShutdownExecutorError,
  TerminatedWorkerError,
  TimeoutError,
  WorkerStartupError,
} from 'loky';
import { killSelf, poolOfAllTests, poolsOfEachTest, rejectionOf, runForEver, square } from './pools.ts';

const newPool = poolsOfEachTest();

describe('error classes', () => {
  const report = {
    pid: 1,
    rank: 0,
    exitCode: 1,
    signal: undefined,
    reason: 'exit',
    memory: undefined,
    stderr: '',
    task: undefined,
  } as const;

  const errors: [name: string, code: string, error: Error & { code: string }][] = [
    ['BrokenProcessPool', 'ERR_BROKEN_PROCESS_POOL', new BrokenProcessPool('x')],
    ['TerminatedWorkerError', 'ERR_TERMINATED_WORKER', new TerminatedWorkerError('x', report)],
    ['InitializerError', 'ERR_INITIALIZER', new InitializerError('x')],
    ['WorkerStartupError', 'ERR_WORKER_STARTUP', new WorkerStartupError('x')],
    ['ShutdownExecutorError', 'ERR_SHUTDOWN_EXECUTOR', new ShutdownExecutorError('x')],
    ['CancelledError', 'ERR_CANCELLED', new CancelledError('x')],
    ['TimeoutError', 'ERR_TIMEOUT', new TimeoutError('x')],
    ['SerializationError', 'ERR_SERIALIZATION', new SerializationError('x')],
    ['LokyRecursionError', 'ERR_LOKY_RECURSION', new LokyRecursionError('x')],
    ['QueueFullError', 'ERR_QUEUE_FULL', new QueueFullError('x')],
  ];

  test.each(errors)('%s has the code %s, and is an Error', (name, code, error) => {
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, String(error)]).toEqual([name, code, `${name}: x`]);
  });

  test('of a pool that is broken are a BrokenProcessPool, the others are not', () => {
    const broken = errors.filter(([, , error]) => error instanceof BrokenProcessPool).map(([name]) => name);
    expect(broken).toEqual([
      'BrokenProcessPool',
      'TerminatedWorkerError',
      'InitializerError',
      'WorkerStartupError',
    ]);
  });
});

describe('TerminatedWorkerError', () => {
  const crashes: [string, () => unknown, object, RegExp][] = [
    [
      'exits with 42',
      () => process.exit(42),
      { reason: 'exit', exitCode: 42, signal: undefined },
      /\{EXIT\(42\)\}/,
    ],
    [
      'exits with 0',
      () => process.exit(0),
      { reason: 'exit', exitCode: 0 },
      /process\.exit\(0\)[\s\S]*\{EXIT\(0\)\}/,
    ],
    ['is killed', killSelf, { reason: 'crash', signal: 'SIGKILL', exitCode: undefined }, /\{SIGKILL\(-9\)\}/],
    ['aborts', () => process.abort(), { reason: 'crash', signal: 'SIGABRT' }, /\{SIGABRT\(-6\)\}/],
  ];

  test.each(crashes)('says what happened when a worker %s', async (_, task, properties, message) => {
    const executor = newPool({ stdio: 'ignore' });
    const error = (await rejectionOf(
      executor.withOptions({ name: 'bomb' }).submit(task),
    )) as TerminatedWorkerError;
    expect(error).toBeInstanceOf(TerminatedWorkerError);
    expect(error).toMatchObject({ ...properties, rank: 0, task: 'bomb', pid: expect.any(Number) });
    expect(error.message).toMatch(/A worker process managed by the executor was unexpectedly terminated/);
    expect(error.message).toMatch(/The exit codes of the workers are/);
    expect(error.message).toMatch(message);
  });

  test('a later submit to a pool that a death has broken says that the pool is broken, and what to do', async () => {
    const executor = newPool();
    await rejectionOf(executor.submit(() => process.exit(1)));
    expect(() => executor.submit(() => 1)).toThrow(
      /was unexpectedly terminated.*\n.*\{EXIT\(1\)\}\nThe executor is broken .*Create another one.*'isolate'/,
    );
  });

  test('a pool that is not broken does not say so', async () => {
    const error = await rejectionOf(newPool({ onWorkerCrash: 'isolate' }).submit(() => process.exit(1)));
    expect((error as Error).message).not.toMatch(/broken/);
  });

  test('carries the last lines of stderr', async () => {
    const task = () => {
      console.error('the disk is on fire');
      process.exit(1);
    };
    const error = (await rejectionOf(newPool({ stdio: 'events' }).submit(task))) as TerminatedWorkerError;
    expect(error.stderr).toContain('the disk is on fire');
    expect(error.message).toContain('the disk is on fire');
  });

  test("is the same for all that is not finished and for later submits, with 'break'", async () => {
    const executor = newPool({ maxWorkers: 2, stdio: 'ignore' });
    await executor.prewarm();
    const [running, bomb, waiting] = [runForEver, killSelf, runForEver].map((task) =>
      executor.submit(task as () => unknown),
    );
    const error = await rejectionOf(bomb as PromiseLike<unknown>);
    expect(await rejectionOf(running as PromiseLike<unknown>)).toBe(error);
    expect(await rejectionOf(waiting as PromiseLike<unknown>)).toBe(error);
    expect(() => executor.submit(square, 1)).toThrow(error);
    expect(() => executor.map(square, [1])).toThrow(error);
    await executor.shutdown();
    expect(() => executor.submit(square, 1)).toThrow(error);
  });

  test("is for the task of that worker alone, with 'isolate'", async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
    const futures = [1, 2, 3].map((x) => executor.submit(square, x));
    const bomb = executor.submit(killSelf);
    expect(await rejectionOf(bomb)).toBeInstanceOf(TerminatedWorkerError);
    expect(await Promise.all([...futures, executor.submit(square, 4)])).toEqual([1, 4, 9, 16]);
  });

  test('comes for 200,000 tasks that wait when the pool breaks, none is forgotten', async () => {
    const executor = newPool({ stdio: 'ignore' });
    const bomb = executor.submit(killSelf);
    const waiting = Array.from({ length: 200_000 }, () => executor.submit(square, 1));
    await rejectionOf(bomb);
    expect(waiting.every((future) => future.done())).toBe(true);
  });
});

describe('an error that a task throws', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });

  test('arrives with its class, message, own properties and cause', async () => {
    const fail = () => {
      throw Object.assign(new RangeError('too far', { cause: new TypeError('the cause') }), { distance: 42 });
    };
    const error = await rejectionOf(pool.submit(fail));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: 'too far',
      distance: 42,
      cause: { name: 'TypeError', message: 'the cause' },
    });
  });

  test.each([undefined, null, 0, 'words', { code: 7 }])('may be %p, which is no Error', async (thrown) => {
    const caught = await pool
      .submit((value: unknown) => {
        throw value;
      }, thrown)
      .then(
        () => 'fulfilled',
        (reason: unknown) => [reason],
      );
    expect(caught).toEqual([thrown]);
  });

  test('has a stack of the frames in the worker, then of where the task was submitted', async () => {
    function explode() {
      function innermost() {
        throw new Error('boom');
      }
      innermost();
    }
    const error = await rejectionOf(pool.submit(explode));
    expect(error.stack).toMatch(
      /^Error: boom\n[\s\S]*innermost[\s\S]*explode[\s\S]*submitted from[\s\S]*errors\.test\.ts/,
    );
  });

  test('of a map has the place of the map in its stack', async () => {
    const explode = (x: number) => {
      throw new Error(`boom ${x}`);
    };
    for (const chunkSize of [1, 3]) {
      const error = await rejectionOf(pool.map(explode, [1, 2, 3], { chunkSize }).next());
      expect(error.stack).toMatch(/boom 1[\s\S]*submitted from[\s\S]*errors\.test\.ts/);
    }
  });

  test('leaves the pool healthy', async () => {
    await rejectionOf(pool.submit(() => Promise.reject(new Error('x'))));
    expect(await pool.submit(square, 2)).toBe(4);
  });
});

describe('SerializationError', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });

  test('comes from the future, not from submit, for an argument that cannot be sent', async () => {
    const future = pool.submit((_: unknown) => 1, { server: process.stdout });
    const error = await rejectionOf(future);
    expect(error).toBeInstanceOf(SerializationError);
    expect((error as SerializationError).path).toContain('server');
    expect(await pool.submit(square, 2)).toBe(4);
  });

  test('settles 100 tasks that cannot be sent among 100 that can', async () => {
    const futures = Array.from({ length: 200 }, (_, i) =>
      pool.submit((x: unknown) => typeof x, i % 2 ? i : process.stdout),
    );
    const outcomes = await Promise.allSettled(futures);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
  });
});

describe('LokyRecursionError', () => {
  test('is thrown by an executor that would be nested too deeply', () => {
    process.env.LOKY_DEPTH = '3';
    process.env.LOKY_MAX_DEPTH = '3';
    try {
      expect(() => new ProcessPoolExecutor()).toThrow(LokyRecursionError);
      process.env.LOKY_MAX_DEPTH = '0';
      expect(() => new ProcessPoolExecutor()).not.toThrow();
    } finally {
      delete process.env.LOKY_DEPTH;
      delete process.env.LOKY_MAX_DEPTH;
    }
  });
});
