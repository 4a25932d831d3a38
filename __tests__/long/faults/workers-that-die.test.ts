/** Workers that die in the worst moments: idle, booting, stopped, several in one tick, again and again. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor } from 'loky';
import { killSelf, pidOfWorker, poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';
import { isRunning, waitUntil, waitUntilGone } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pidsOf = (executor: ProcessPoolExecutor): number[] =>
  executor.stats().workers.map(({ pid }) => pid as number);

/** Keeps the host from its event loop. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** One line for each run of a task, whatever became of its worker. */
const runs = (file: string): number => readFileSync(join(folder, file), 'utf8').split('\n').length - 1;
const runAndDie = (file: string): void => {
  process.getBuiltinModule('node:fs').appendFileSync(file, `${process.pid}\n`);
  process.kill(process.pid, 'SIGKILL');
};

describe('a worker that is killed while it is idle', () => {
  test("breaks a pool with onWorkerCrash: 'break', and the error says that no task was running", async () => {
    const executor = newPool({ maxWorkers: 2, stdio: 'ignore' });
    await executor.prewarm();
    const pids = pidsOf(executor);
    const broken = new Promise((resolve) => executor.once('broken', resolve));
    process.kill(pids[0] as number, 'SIGKILL');
    const error = (await broken) as Error;
    expect(error).toMatchObject({
      name: 'TerminatedWorkerError',
      signal: 'SIGKILL',
      task: undefined,
      pid: pids[0],
    });
    expect(error.message).toContain('unexpectedly terminated while it was idle');
    expect(() => executor.submit(square, 2)).toThrow(error);
    await waitUntilGone(pids, 5_000);
  });

  test("is replaced with onWorkerCrash: 'isolate'", async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const pid = await executor.submit(pidOfWorker);
    const exited = new Promise((resolve) => executor.once('workerExited', resolve));
    process.kill(pid, 'SIGKILL');
    expect(await exited).toMatchObject({ pid, signal: 'SIGKILL' });
    expect(await executor.submit(pidOfWorker)).not.toBe(pid);
  });

  test('costs no task that it was sent before its end was seen', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' });
    for (let round = 0; round < 5; round += 1) {
      await executor.submit(square, 1);
      const [pid] = pidsOf(executor);
      process.kill(pid as number, 'SIGKILL');
      if (round > 1) block(20); // it is gone, and its channel closed
      expect(await executor.submit(square, 3)).toBe(9);
      expect(await executor.submit(pidOfWorker)).not.toBe(pid);
    }
  });

  test('is told as idle when it was sent a task before its end was seen', async () => {
    const executor = newPool({ maxWorkers: 1, stdio: 'ignore' });
    await executor.submit(square, 1);
    process.kill(pidsOf(executor)[0] as number, 'SIGKILL');
    const error = await rejectionOf(executor.submit(square, 3));
    expect(error).toMatchObject({ name: 'TerminatedWorkerError', task: undefined });
  });
});

test('SIGINT to an idle worker does nothing', async () => {
  const executor = newPool();
  const pid = await executor.submit(pidOfWorker);
  for (let count = 0; count < 5; count += 1) process.kill(pid, 'SIGINT');
  expect(await executor.submit(pidOfWorker)).toBe(pid);
});

describe('a worker that is stopped (SIGSTOP)', () => {
  test('is ended by the timeout of its task and replaced', async () => {
    const executor = newPool();
    const pid = await executor.submit(pidOfWorker);
    await executor.submit(square, 2); // for a function that is new to its worker, loading has `startTimeout`
    process.kill(pid, 'SIGSTOP');
    expect(await rejectionOf(executor.withOptions({ timeout: 200 }).submit(square, 2))).toMatchObject({
      name: 'TimeoutError',
    });
    expect(await executor.submit(pidOfWorker)).not.toBe(pid);
    await waitUntilGone([pid], 2_000);
  });

  test('is ended by cancel({ kill: true })', async () => {
    const executor = newPool();
    const pid = await executor.submit(pidOfWorker);
    process.kill(pid, 'SIGSTOP');
    const future = executor.submit(square, 2);
    expect(future.cancel({ kill: true })).toBe(true);
    expect(await executor.submit(square, 3)).toBe(9);
    await waitUntilGone([pid], 2_000);
  });

  test.each([false, true])('keeps no shutdown waiting (killWorkers: %s)', async (killWorkers) => {
    const executor = newPool();
    const pid = await executor.submit(pidOfWorker);
    process.kill(pid, 'SIGSTOP');
    const start = performance.now();
    await executor.shutdown({ killWorkers });
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(isRunning(pid)).toBe(false);
  });

  test('goes on with its task when it is continued', async () => {
    const executor = newPool();
    const pid = await executor.submit(pidOfWorker);
    process.kill(pid, 'SIGSTOP');
    const future = executor.submit(square, 4);
    process.kill(pid, 'SIGCONT');
    expect(await future).toBe(16);
  });
});

describe.each(['break', 'isolate'] as const)("with onWorkerCrash: '%s'", (onWorkerCrash) => {
  test('four submits in the tick in which both workers die are all settled', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash, stdio: 'ignore' });
    await executor.prewarm();
    for (const pid of pidsOf(executor)) process.kill(pid, 'SIGKILL');
    const futures = [1, 2, 3, 4].map((n) => executor.submit(square, n));
    const outcomes = await Promise.allSettled(futures);
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    for (const error of errors)
      expect(error).toMatchObject({ name: 'TerminatedWorkerError', signal: 'SIGKILL' });
    if (onWorkerCrash === 'break') expect(errors).toHaveLength(4);
    else {
      expect(errors.length).toBeLessThanOrEqual(2);
      expect(await executor.submit(square, 5)).toBe(25);
    }
  });

  test('a host that is too busy to look for a second while its workers die misses nothing', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash, stdio: 'ignore' });
    await executor.prewarm();
    const quick = executor.submit(square, 7);
    const victim = executor.submit(killSelf);
    const waiting = [1, 2, 3].map((n) => executor.submit(square, n));
    block(1_000);
    expect(await quick).toBe(49); // it was answered before the other worker died
    expect(await rejectionOf(victim)).toMatchObject({ name: 'TerminatedWorkerError', signal: 'SIGKILL' });
    const others = await Promise.allSettled(waiting);
    if (onWorkerCrash === 'isolate')
      expect(others.map((each) => each.status)).toEqual(Array(3).fill('fulfilled'));
    else expect(() => executor.submit(square, 1)).toThrow('unexpectedly terminated');
  });
});

describe("with onWorkerCrash: 'isolate'", () => {
  test.each([0, 1, 3])(
    'crashRetries: %i runs a task that kills its worker as often again',
    async (crashRetries) => {
      const executor = newPool({ onWorkerCrash: 'isolate', crashRetries, stdio: 'ignore' });
      const file = `retries-${crashRetries}`;
      const future = executor.submit(runAndDie, join(folder, file));
      const next = executor.submit(square, 3);
      expect((await rejectionOf(future)).name).toBe('TerminatedWorkerError');
      expect(runs(file)).toBe(crashRetries + 1);
      expect(await next).toBe(9);
    },
  );

  test('a storm of tasks that kill their workers costs those tasks, and no other', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
    const futures = Array.from({ length: 40 }, (_, n) =>
      n % 2 === 0 ? executor.submit(killSelf) : executor.submit(square, n),
    );
    const outcomes = await Promise.allSettled(futures);
    expect(outcomes.map(({ status }) => status)).toEqual(
      futures.map((_, n) => (n % 2 === 0 ? 'rejected' : 'fulfilled')),
    );
    expect(await executor.submit(square, 5)).toBe(25);
  });

  test('more deaths than restartIntensity allows break the pool, fewer do not', async () => {
    const executor = newPool({
      onWorkerCrash: 'isolate',
      restartIntensity: { max: 2, window: 60_000 },
      stdio: 'ignore',
    });
    for (let death = 1; death <= 2; death += 1) {
      await rejectionOf(executor.submit(killSelf));
      expect(await executor.submit(square, death)).toBe(death ** 2);
    }
    const [last, waiting] = [executor.submit(killSelf), executor.submit(square, 3)];
    const error = await rejectionOf(last);
    expect(error).toMatchObject({
      name: 'TerminatedWorkerError',
      message: expect.stringMatching(/3 workers died within 60000 ms, while 2 calls .*restartIntensity/),
    });
    expect(await rejectionOf(waiting)).toBe(error);
    expect(() => executor.submit(square, 3)).toThrow(error);
  });

  test('a busy pool outlives more deaths than restartIntensity has, if they are few of all that ran', async () => {
    const executor = newPool({
      maxWorkers: 2,
      onWorkerCrash: 'isolate',
      restartIntensity: { max: 2, window: 60_000 },
      stdio: 'ignore',
    });
    for (let death = 1; death <= 4; death += 1) {
      const futures = Array.from({ length: 12 }, (_, n) => executor.submit(square, n));
      await rejectionOf(executor.submit(killSelf));
      expect(await Promise.all(futures)).toHaveLength(12);
    }
  });

  test('a worker that is killed while it boots is started again, and no task knows', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const pids: number[] = [];
    executor.on('workerStarted', ({ pid }) => {
      pids.push(pid as number);
      if (pids.length === 1) process.kill(pid as number, 'SIGKILL');
    });
    expect(await executor.submit(pidOfWorker)).toBe(await executor.submit(() => process.pid));
    expect(pids).toHaveLength(2);
  });

  test('workers that are all killed while they boot break the pool in the end', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    executor.on('workerStarted', ({ pid }) => process.kill(pid as number, 'SIGKILL'));
    expect(await rejectionOf(executor.submit(square, 1))).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringContaining('SIGKILL(-9)'),
    });
  });

  test('a worker that dies while its task is awaited by a shutdown is replaced for those that wait', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' });
    const dying = executor.submit(killSelf);
    const waiting = [1, 2, 3].map((n) => executor.submit(square, n));
    await executor.shutdown();
    expect((await rejectionOf(dying)).name).toBe('TerminatedWorkerError');
    expect(await Promise.all(waiting)).toEqual([1, 4, 9]);
  });
});

test('a worker that is killed while it boots breaks a pool by default', async () => {
  const executor = newPool();
  executor.on('workerStarted', ({ pid }) => process.kill(pid as number, 'SIGKILL'));
  expect(await rejectionOf(executor.submit(square, 1))).toMatchObject({ name: 'WorkerStartupError' });
});

test.each(['break', 'isolate'] as const)(
  "an option that Node does not know breaks the pool with what Node says of it ('%s')",
  async (onWorkerCrash) => {
    const executor = newPool({ execArgv: ['--bad-option'], onWorkerCrash, maxWorkers: 2 });
    const [first, second] = [executor.submit(square, 1), executor.submit(square, 2)];
    const error = await rejectionOf(first);
    expect(error).toMatchObject({ name: 'WorkerStartupError', code: 'ERR_WORKER_STARTUP' });
    expect(error.message).toMatch(/EXIT\(9\)[\s\S]*bad option: --bad-option/);
    expect(await rejectionOf(second)).toBe(error);
    expect(() => executor.submit(square, 3)).toThrow(error);
  },
);

test('a sleeping task whose worker dies does not keep its result from being the error', async () => {
  const executor = newPool({ stdio: 'ignore' });
  const pid = await executor.submit(pidOfWorker);
  const begun = join(folder, 'sleeping');
  const future = executor.submit(async function sleepLong(file: string) {
    process.getBuiltinModule('node:fs').writeFileSync(file, '');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }, begun);
  await waitUntil(() => existsSync(begun), 20_000);
  process.kill(pid, 'SIGTERM');
  expect(await rejectionOf(future)).toMatchObject({
    name: 'TerminatedWorkerError',
    signal: 'SIGTERM',
    task: 'sleepLong',
  });
});

test('a worker in which a leftover timer has thrown gets no task more, however long its end takes', async () => {
  const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'events' });
  await executor.prewarm();
  const exited: unknown[] = [];
  executor.on('workerExited', ({ pid }) => exited.push(pid));
  const isDying = new Promise<void>((resolve) => {
    executor.on('output', ({ line }) => line === 'last words' && resolve());
  });
  const dying = await executor.submit(() => {
    process.on('exit', () => {
      console.log('last words');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    });
    setTimeout(() => {
      throw new Error('too late');
    }, 10);
    return process.pid;
  });
  const worker = executor.stats().workers.find(({ pid }) => pid === dying);
  expect(worker?.state).toBe('idle');
  await isDying;
  // What it had told the host before is there, and is read with the next turn of the event loop.
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const others = await Promise.all([executor.submit(pidOfWorker), executor.submit(pidOfWorker)]);
  expect(others).not.toContain(dying);
  expect([new Set(others).size, exited]).toEqual([1, []]);
});
