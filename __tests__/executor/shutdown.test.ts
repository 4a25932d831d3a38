/** shutdown in its modes: what becomes of tasks, when the promise resolves, and that nothing is left. */
import { describe, expect, test } from '@jest/globals';
import { type ProcessPoolExecutor, wait } from 'loky';
import { aliveDescendants, isRunning, waitUntil } from '../helpers/processes.ts';
import { pidOfWorker, poolsOfEachTest, rejectionOf, runForEver, sleepFor, square } from './pools.ts';

const newPool = poolsOfEachTest();
const pidsOf = (executor: ProcessPoolExecutor) => executor.stats().workers.map(({ pid }) => pid as number);

describe('shutdown', () => {
  test('finishes what it has, ends the workers, and resolves when they are gone', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const futures = Array.from({ length: 50 }, (_, i) => executor.submit(square, i));
    await executor.prewarm();
    const pids = pidsOf(executor);
    await executor.shutdown();
    expect(futures.map(({ state }) => state)).toEqual(Array(50).fill('finished'));
    expect(pids.filter(isRunning)).toEqual([]);
    expect(executor.stats().workers).toEqual([]);
  });

  test('of an executor that never ran anything resolves', async () => {
    await newPool().shutdown();
  });

  test('while workers still start, and nothing waits, resolves', async () => {
    const executor = newPool({ maxWorkers: 2 });
    executor.prewarm().catch(() => {});
    await executor.shutdown();
    expect(executor.stats().workers).toEqual([]);
  });

  test('refuses every later task, of views and of map too, with the words of loky', async () => {
    const executor = newPool();
    const view = executor.withOptions({ name: 'x' });
    const shutdown = executor.shutdown();
    const expected = expect.objectContaining({
      name: 'ShutdownExecutorError',
      code: 'ERR_SHUTDOWN_EXECUTOR',
      message: 'cannot schedule new futures after shutdown',
    });
    expect(() => executor.submit(square, 1)).toThrow(expected);
    expect(() => executor.map(square, [1])).toThrow(expected);
    expect(() => view.submit(square, 1)).toThrow(expected);
    await shutdown;
    expect(() => executor.submit(square, 1)).toThrow(expected);
  });

  test('with wait: false resolves at once, and the tasks still finish', async () => {
    const executor = newPool();
    const futures = [executor.submit(sleepFor, 50), executor.submit(square, 3)];
    await executor.shutdown({ wait: false });
    expect(futures.map((future) => future.done())).toEqual([false, false]);
    expect(await Promise.all(futures)).toEqual([50, 9]);
    await waitUntil(() => executor.stats().workers.length === 0, 5000);
  });

  test('called a second time really waits, also after wait: false', async () => {
    const executor = newPool();
    const future = executor.submit(sleepFor, 50);
    await executor.shutdown({ wait: false });
    await executor.shutdown();
    expect([future.state, executor.stats().workers]).toEqual(['finished', []]);
    await executor.shutdown();
  });

  test('with cancelFutures cancels what has not begun and lets the rest finish', async () => {
    const executor = newPool();
    await executor.prewarm();
    const [running, ...waiting] = [50, 1, 1].map((ms) => executor.submit(sleepFor, ms));
    await executor.shutdown({ cancelFutures: true });
    expect([running?.state, ...waiting.map(({ state }) => state)]).toEqual([
      'finished',
      'cancelled',
      'cancelled',
    ]);
    expect(await rejectionOf(waiting[0] as PromiseLike<unknown>)).toMatchObject({ name: 'CancelledError' });
  });

  test('from a done callback resolves, and the task is not disturbed', async () => {
    const executor = newPool();
    const future = executor.submit(square, 3);
    const shutdown = new Promise<void>((resolve) => {
      future.addDoneCallback(() => resolve(executor.shutdown()));
    });
    await shutdown;
    expect(await future).toBe(9);
  });

  test('after cancelling everything resolves', async () => {
    const executor = newPool();
    const futures = [executor.submit(square, 1), executor.submit(square, 2)];
    for (const future of futures) future.cancel();
    await executor.shutdown();
    expect(futures.every((future) => future.cancelled())).toBe(true);
  });

  test('while a task is being killed resolves', async () => {
    const executor = newPool();
    await executor.prewarm();
    const future = executor.submit(runForEver);
    const shutdown = executor.shutdown();
    future.cancel({ kill: true });
    await shutdown;
    expect(executor.stats().workers).toEqual([]);
  });

  test('is what async disposal does', async () => {
    const executor = newPool();
    const future = executor.submit(square, 4);
    await executor[Symbol.asyncDispose]();
    expect([future.state, executor.stats().workers]).toEqual(['finished', []]);
  });

  test('ends a worker whose task left timers and servers behind', async () => {
    const executor = newPool();
    const pid = await executor.submit(() => {
      setInterval(() => {}, 1000);
      return process.pid;
    });
    await executor.shutdown();
    expect(isRunning(pid)).toBe(false);
  });

  test('of a broken executor resolves, and submit still throws what broke it', async () => {
    const executor = newPool({ stdio: 'ignore' });
    const error = await rejectionOf(executor.submit(() => process.exit(1)));
    await executor.shutdown();
    expect(() => executor.submit(square, 1)).toThrow(error);
  });
});

describe('shutdown with killWorkers', () => {
  test('fails what runs and what waits with the words of loky, in less than 5 s', async () => {
    const executor = newPool({ maxWorkers: 2 });
    await executor.prewarm();
    const futures = Array.from({ length: 100 }, () => executor.submit(runForEver));
    const pids = pidsOf(executor);
    const start = performance.now();
    await executor.shutdown({ killWorkers: true });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(pids.filter(isRunning)).toEqual([]);
    for (const future of futures) expect(future.state).toBe('finished');
    expect(await futures[0]?.exception()).toMatchObject({
      name: 'ShutdownExecutorError',
      message: 'The Executor was shutdown with `killWorkers: true` before this job could complete.',
    });
  });

  test('ends the descendants of its workers too', async () => {
    const executor = newPool();
    const spawnSleeper = () => {
      const { spawn } = process.getBuiltinModule('node:child_process');
      return spawn('sleep', ['1000'], { detached: true }).pid as number;
    };
    const pids = [await executor.submit(pidOfWorker), await executor.submit(spawnSleeper)];
    expect(pids.map(isRunning)).toEqual([true, true]);
    await executor.shutdown({ killWorkers: true });
    await waitUntil(() => !pids.some(isRunning), 2000);
  });

  test('may come after a shutdown that waits, and ends that too', async () => {
    const executor = newPool();
    await executor.prewarm();
    const future = executor.submit(runForEver);
    const first = executor.shutdown();
    await executor.shutdown({ killWorkers: true });
    await first;
    expect(await future.exception()).toMatchObject({ name: 'ShutdownExecutorError' });
  });

  test('may be spelled as loky does', async () => {
    const executor = newPool();
    await executor.prewarm();
    const future = executor.submit(runForEver);
    await executor.shutdown({ kill_workers: true } as object);
    expect(future.state).toBe('finished');
  });

  test('while workers start leaves none', async () => {
    const before = aliveDescendants().length;
    const executor = newPool({ maxWorkers: 2 });
    const futures = [executor.submit(square, 1), executor.submit(square, 2)];
    await executor.shutdown({ killWorkers: true });
    expect((await wait(futures)).done.size).toBe(2);
    await waitUntil(() => aliveDescendants().length <= before, 2000);
  });
});
