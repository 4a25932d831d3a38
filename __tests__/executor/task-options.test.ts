/** withOptions: timeout, signal, priority, name; views of views. */
import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { waitUntilGone } from '../helpers/processes.ts';
import {
  pidOfWorker,
  poolOfAllTests,
  poolsOfEachTest,
  rejectionOf,
  runForEver,
  sleepFor,
  square,
} from './pools.ts';

describe('withOptions', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });
  const newPool = poolsOfEachTest();

  describe('timeout', () => {
    test('ends a task that runs longer, with its worker, and says so', async () => {
      const pid = await pool.submit(pidOfWorker);
      const error = await rejectionOf(pool.withOptions({ timeout: 30 }).submit(runForEver));
      expect(error).toMatchObject({
        name: 'TimeoutError',
        code: 'ERR_TIMEOUT',
        message: expect.stringMatching(/"runForEver" ran longer than its timeout of 30 ms/),
      });
      await waitUntilGone([pid], 2000);
      expect(await pool.submit(square, 2)).toBe(4);
    });

    test('ends a task that never lets go of the CPU', async () => {
      const spin = () => {
        for (;;);
      };
      expect(await rejectionOf(pool.withOptions({ timeout: 30 }).submit(spin))).toMatchObject({
        name: 'TimeoutError',
      });
    });

    test('counts from the start of the task, not while it waits', async () => {
      const [first, second] = [
        pool.submit(sleepFor, 100),
        pool.withOptions({ timeout: 60 }).submit(square, 3),
      ];
      expect(await Promise.all([first, second])).toEqual([100, 9]);
    });

    test('does not disturb a task that is done in time, nor the next one', async () => {
      const view = pool.withOptions({ timeout: 100 });
      const pid = await view.submit(pidOfWorker);
      await pool.submit(sleepFor, 120);
      expect(await view.submit(pidOfWorker)).toBe(pid);
    });

    test.each([Number.POSITIVE_INFINITY, 2 ** 40])('of %p is no limit', async (timeout) => {
      expect(await pool.withOptions({ timeout }).submit(sleepFor, 10)).toBe(10);
    });

    test('may be given for all tasks of an executor, and changed by a view', async () => {
      const strict = newPool({ taskTimeout: 30 });
      expect(await strict.withOptions({ timeout: 10_000 }).submit(sleepFor, 60)).toBe(60);
      expect(await rejectionOf(strict.submit(runForEver))).toMatchObject({ name: 'TimeoutError' });
    });

    test('of a task is told apart from the deadline of its map', async () => {
      const results = pool
        .withOptions({ timeout: 30 })
        .map(runForEver as (x: number) => Promise<never>, [1], { timeout: 10_000 });
      expect(await rejectionOf(results.next())).toMatchObject({
        name: 'TimeoutError',
        message: expect.stringContaining('ran longer than its timeout of 30 ms'),
      });
    });
  });

  describe('signal', () => {
    test('that is aborted already cancels at once, with its reason as cause', async () => {
      const reason = new Error('never mind');
      const future = pool.withOptions({ signal: AbortSignal.abort(reason) }).submit(square, 1);
      expect(future.cancelled()).toBe(true);
      expect(await rejectionOf(future)).toMatchObject({ name: 'CancelledError', cause: reason });
    });

    test('cancels a task that waits', async () => {
      const controller = new AbortController();
      const running = pool.submit(sleepFor, 30);
      const waiting = pool.withOptions({ signal: controller.signal }).submit(square, 1);
      controller.abort('enough');
      expect(waiting.cancelled()).toBe(true);
      expect(await rejectionOf(waiting)).toMatchObject({ name: 'CancelledError', cause: 'enough' });
      expect(await running).toBe(30);
    });

    test('cancels a task that runs: its worker ends and is replaced', async () => {
      const pid = await pool.submit(pidOfWorker);
      const controller = new AbortController();
      const future = pool.withOptions({ signal: controller.signal }).submit(runForEver);
      expect(future.running()).toBe(true);
      controller.abort();
      expect(await rejectionOf(future)).toMatchObject({
        name: 'CancelledError',
        cause: { name: 'AbortError' },
      });
      await waitUntilGone([pid], 2000);
      expect(await pool.submit(square, 4)).toBe(16);
    });

    test('cancels all tasks of its view, and only these', async () => {
      const controller = new AbortController();
      const view = pool.withOptions({ signal: controller.signal });
      const mine = [view.submit(runForEver), view.submit(square, 1), view.submit(square, 2)];
      const other = pool.submit(square, 3);
      controller.abort();
      expect(mine.map((future) => future.cancelled())).toEqual([true, true, true]);
      expect(await other).toBe(9);
    });

    test('has one listener for a thousand tasks, and none when they are done', async () => {
      const { signal } = new AbortController();
      const view = pool.withOptions({ signal });
      const futures = Array.from({ length: 1000 }, (_, i) => view.submit(square, i));
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      await Promise.all(futures);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });

    test('that is aborted after the task is done changes nothing', async () => {
      const controller = new AbortController();
      const future = pool.withOptions({ signal: controller.signal }).submit(square, 5);
      expect(await future).toBe(25);
      controller.abort();
      expect([future.state, await future]).toEqual(['finished', 25]);
    });

    test('ends a map', async () => {
      const controller = new AbortController();
      const results = pool.withOptions({ signal: controller.signal }).map(sleepFor, [1, 60_000, 1]);
      expect((await results.next()).value).toBe(1);
      const next = rejectionOf(results.next());
      controller.abort();
      expect(await next).toMatchObject({ name: 'CancelledError' });
    });
  });

  describe('priority', () => {
    test('decides who is first, and the order of submit within one', async () => {
      const order: string[] = [];
      const running = pool.submit(sleepFor, 30);
      const submit = (name: string, priority?: number) =>
        (priority === undefined ? pool : pool.withOptions({ priority }))
          .submit((each: string) => each, name)
          .then((each) => order.push(each));
      const all = [
        submit('low', -1),
        submit('a'),
        submit('b', 0),
        submit('high 1', 5),
        submit('c'),
        submit('high 2', 5),
      ];
      await Promise.all([running, ...all]);
      expect(order).toEqual(['high 1', 'high 2', 'a', 'b', 'c', 'low']);
    });
  });

  describe('name', () => {
    test('is how errors call the task, instead of the function', async () => {
      const isolated = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
      const crash = () => process.exit(3);
      const named = await rejectionOf(isolated.withOptions({ name: 'thumbnail 17' }).submit(crash));
      expect(named).toMatchObject({
        task: 'thumbnail 17',
        message: expect.stringContaining('"thumbnail 17"'),
      });
      expect(await rejectionOf(isolated.submit(crash))).toMatchObject({ task: 'crash' });
      expect(await rejectionOf(isolated.submit(() => process.exit(3)))).toMatchObject({
        task: '(anonymous)',
      });
    });
  });

  describe('a view', () => {
    test('of a view keeps what it does not change', async () => {
      const isolated = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
      const view = isolated.withOptions({ name: 'outer', timeout: 40 }).withOptions({ name: 'inner' });
      expect(await rejectionOf(view.submit(runForEver))).toMatchObject({
        name: 'TimeoutError',
        message: expect.stringMatching(/"inner".*40 ms/),
      });
    });

    test('does not change the executor it is of', async () => {
      pool.withOptions({ timeout: 1 });
      expect(await pool.submit(sleepFor, 30)).toBe(30);
    });

    test('has map, shutdown and async disposal of the same pool', async () => {
      const executor = newPool();
      const view = executor.withOptions({ name: 'x' });
      expect(await view.map(square, [1, 2]).toArray()).toEqual([1, 4]);
      await view[Symbol.asyncDispose]();
      expect(() => executor.submit(square, 1)).toThrow('after shutdown');
      expect(() => view.submit(square, 1)).toThrow('after shutdown');
    });

    test('without options is a plain view', async () => {
      expect(await (pool.withOptions as (options?: object) => typeof pool).call(pool).submit(square, 2)).toBe(
        4,
      );
    });
  });
});
