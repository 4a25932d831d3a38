/** submit: a task goes in, runs in another process, comes back. */
import { describe, expect, test } from '@jest/globals';
import { Future, type ProcessPoolExecutor, wait, workerInfo } from 'loky';
import {
  pidOfWorker,
  poolOfAllTests,
  poolsOfEachTest,
  rejectionOf,
  runForEver,
  sleepFor,
  square,
} from './pools.ts';

describe('an executor', () => {
  const pool = poolOfAllTests();
  const newPool = poolsOfEachTest();

  describe('submit', () => {
    test('gives a future of what the function returns, run in another process', async () => {
      const future = pool.submit(pidOfWorker);
      expect(future).toBeInstanceOf(Future);
      const pid = await future;
      expect(pid).not.toBe(process.pid);
      expect(pool.stats().workers.map((worker) => worker.pid)).toContain(pid);
    });

    test('passes any number of arguments', async () => {
      const sum = (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      expect(await pool.submit(sum)).toBe(0);
      expect(await pool.submit(sum, 1)).toBe(1);
      expect(await pool.submit(sum, 1, 2, 3, 4, 5, 6, 7)).toBe(28);
    });

    test('takes sync and async functions, and function declarations', async () => {
      async function later(x: number) {
        await new Promise((resolve) => setImmediate(resolve));
        return x + 1;
      }
      function now(x: number) {
        return x + 1;
      }
      expect(await Promise.all([pool.submit(later, 1), pool.submit(now, 2), pool.submit(square, 3)])).toEqual(
        [2, 3, 9],
      );
    });

    test('gives back undefined, null and falsy values as they are', async () => {
      const results = await Promise.all([
        pool.submit(() => undefined),
        pool.submit(() => null),
        pool.submit(() => 0),
        pool.submit(() => ''),
        pool.submit(() => false),
        pool.submit(() => Number.NaN),
      ]);
      expect(results).toEqual([undefined, null, 0, '', false, Number.NaN]);
    });

    test('copies its arguments at the call: later changes do not reach the task', async () => {
      const list = [1, 2, 3];
      const future = pool.submit((numbers: number[]) => numbers.length, list);
      list.push(4);
      expect(await future).toBe(3);
    });

    test('keeps its promise for many concurrent async callers', async () => {
      const caller = async (start: number) => {
        const results: number[] = [];
        for (let i = start; i < start + 20; i += 1) results.push(await pool.submit(square, i));
        return results.length;
      };
      expect(await Promise.all(Array.from({ length: 10 }, (_, i) => caller(i * 100)))).toEqual(
        Array(10).fill(20),
      );
    });

    test('runs one task at a time in a worker', async () => {
      const single = newPool({ maxWorkers: 1 });
      const overlap = async () => {
        const shared = globalThis as { inside?: number };
        shared.inside = (shared.inside ?? 0) + 1;
        const seen = shared.inside;
        await new Promise((resolve) => setTimeout(resolve, 2));
        shared.inside -= 1;
        return seen;
      };
      const futures = Array.from({ length: 5 }, () => single.submit(overlap));
      expect(await Promise.all(futures)).toEqual([1, 1, 1, 1, 1]);
    });

    test('runs as many tasks at the same time as there are workers', async () => {
      const wide = newPool({ maxWorkers: 4 });
      await wide.prewarm();
      const pids = await Promise.all(
        Array.from({ length: 4 }, () =>
          wide.submit(async () => {
            await new Promise((resolve) => setTimeout(resolve, 400));
            return process.pid;
          }),
        ),
      );
      expect(new Set(pids).size).toBe(4);
    });

    test('works from done callbacks, chains of 100 of them', async () => {
      const chain = (links: number) =>
        new Promise<number>((resolve) => {
          const step = (n: number) => {
            pool.submit(square, n).addDoneCallback(() => (n === links ? resolve(n) : step(n + 1)));
          };
          step(1);
        });
      expect(await Promise.all([chain(100), chain(50), chain(60)])).toEqual([100, 50, 60]);
    });

    test('is open to workers that ask who they are', async () => {
      expect(workerInfo()).toBeUndefined();
      const info = await pool.submit(
        () => (globalThis as Record<symbol, unknown>)[Symbol.for('loky.workerInfo')],
      );
      expect(info).toMatchObject({ depth: 1, executorId: pool.executorId, rank: expect.any(Number) });
    });
  });

  describe('the state of a submitted task', () => {
    test('is pending, then running, then finished', async () => {
      const single = newPool();
      await single.prewarm();
      const running = single.submit(sleepFor, 20);
      const waiting = single.submit(square, 2);
      expect([running.state, waiting.state, running.running(), waiting.running()]).toEqual([
        'running',
        'pending',
        true,
        false,
      ]);
      await waiting;
      expect([running.state, waiting.state]).toEqual(['finished', 'finished']);
    });

    test('a task that waits can be cancelled, and then never runs', async () => {
      const single = newPool();
      const first = single.submit(() => {
        (globalThis as { ran?: string[] }).ran = [];
        return new Promise((resolve) => setTimeout(resolve, 20));
      });
      const note = (name: string) => (globalThis as { ran?: string[] }).ran?.push(name);
      const cancelled = single.submit(note, 'cancelled');
      const kept = single.submit(note, 'kept');
      expect([cancelled.cancel(), cancelled.state, cancelled.done()]).toEqual([true, 'cancelled', true]);
      await Promise.all([first, kept]);
      expect(await single.submit(() => (globalThis as { ran?: string[] }).ran)).toEqual(['kept']);
      expect(await rejectionOf(cancelled)).toMatchObject({ name: 'CancelledError', code: 'ERR_CANCELLED' });
    });

    test('a running task is not cancelled without kill', async () => {
      const single = newPool();
      await single.prewarm();
      const future = single.submit(sleepFor, 20);
      expect([future.cancel(), future.state]).toEqual([false, 'running']);
      expect(await future).toBe(20);
    });

    test('a running task is cancelled with kill: its worker ends and is replaced, others are not touched', async () => {
      const both = newPool({ maxWorkers: 2 });
      await both.prewarm();
      const doomed = both.submit(runForEver);
      const other = both.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return 'untouched';
      });
      const next = both.submit(square, 3);
      expect([doomed.cancel({ kill: true }), doomed.state]).toEqual([true, 'cancelled']);
      expect(await Promise.all([other, next])).toEqual(['untouched', 9]);
      expect(await rejectionOf(doomed)).toMatchObject({
        message: expect.stringContaining('worker was killed'),
      });
    });
  });

  describe('cancelling from a callback what is about to be settled with it', () => {
    const siblings = (executor: ProcessPoolExecutor, ...tasks: (() => unknown)[]) => {
      const futures = tasks.map((task) => executor.submit(task));
      for (const future of futures) {
        future.addDoneCallback(() => {
          for (const other of futures) other.cancel({ kill: true });
        });
      }
      return futures;
    };

    test('breaks nothing when a worker dies', async () => {
      const single = newPool();
      const futures = siblings(single, () => process.kill(process.pid, 'SIGKILL'), runForEver, runForEver);
      const { done } = await wait(futures, { timeout: 10_000 });
      expect([done.size, single.stats().pending, single.stats().running]).toEqual([3, 0, 0]);
    });

    test('breaks nothing when the executor is shut down with cancelFutures', async () => {
      const single = newPool();
      await single.prewarm();
      const last = single.submit(sleepFor, 10);
      const futures = siblings(single, runForEver, runForEver, runForEver);
      await single.shutdown({ cancelFutures: true });
      expect(futures.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect([last.state, single.stats().pending]).toEqual(['finished', 0]);
    });

    test('breaks nothing when the executor is shut down with killWorkers', async () => {
      const single = newPool();
      await single.prewarm();
      const futures = siblings(single, runForEver, runForEver, runForEver);
      await single.shutdown({ killWorkers: true });
      expect(futures.every((future) => future.done())).toBe(true);
      expect(single.stats()).toMatchObject({ pending: 0, running: 0 });
    });
  });

  describe('maxPending', () => {
    test('bounds what waits: submit beyond it throws QueueFullError, and there is room again later', async () => {
      const single = newPool({ maxPending: 2 });
      await single.prewarm();
      const running = single.submit(sleepFor, 20);
      const waiting = [single.submit(square, 1), single.submit(square, 2)];
      expect(() => single.submit(square, 3)).toThrow(
        expect.objectContaining({
          name: 'QueueFullError',
          code: 'ERR_QUEUE_FULL',
          message: expect.stringMatching(/2 tasks are pending.*maxPending is 2/),
        }),
      );
      await Promise.all([running, ...waiting]);
      expect(await single.submit(square, 3)).toBe(9);
    });

    test('has room again when a waiting task is cancelled', async () => {
      const single = newPool({ maxPending: 1 });
      await single.prewarm();
      const running = single.submit(sleepFor, 20);
      single.submit(square, 1).cancel();
      expect(await single.submit(square, 2)).toBe(4);
      await running;
    });

    test('does not keep prewarm from working', async () => {
      const single = newPool({ maxPending: 1 });
      const futures = [single.submit(square, 5), single.submit(square, 6)];
      expect(() => single.submit(square, 7)).toThrow('maxPending');
      await single.prewarm();
      expect(await Promise.all(futures)).toEqual([25, 36]);
    });

    test('of 0 lets through what a worker can take at once', async () => {
      const single = newPool({ maxPending: 0 });
      const first = single.submit(sleepFor, 50);
      expect(() => single.submit(square, 2)).toThrow('maxPending');
      expect(await first).toBe(50);
      expect(await single.submit(square, 2)).toBe(4);
    });
  });

  describe('stats', () => {
    test('count what waits, runs and is done, and describe the workers', async () => {
      const single = newPool();
      expect(single.stats()).toMatchObject({ pending: 0, running: 0, finished: 0, workers: [] });
      await single.prewarm();
      const futures = [single.submit(sleepFor, 20), single.submit(square, 2), single.submit(square, 3)];
      expect(single.stats()).toMatchObject({ pending: 2, running: 1, finished: 0 });
      expect(single.stats().workers).toMatchObject([
        { rank: 0, state: 'busy', tasksDone: 0, pid: expect.any(Number) },
      ]);
      await Promise.all(futures);
      const { pending, running, finished, workers, waitTime, runTime } = single.stats();
      expect([pending, running, finished, workers[0]?.tasksDone, workers[0]?.state]).toEqual([
        0,
        0,
        3,
        3,
        'idle',
      ]);
      expect(runTime.max).toBeGreaterThanOrEqual(19);
      expect(waitTime.max).toBeGreaterThanOrEqual(19);
      expect(runTime.p50).toBeLessThanOrEqual(runTime.p99);
    });
  });
});
