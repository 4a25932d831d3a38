/** `stats()` counts what has happened, and tells how long it took. */
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from '@jest/globals';
import { percentilesOf, TaskCounts } from '../../lib/manager/task-counts.ts';
import { killSelf, poolsOfEachTest, runForEver, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

test('outcomes and exits are counted, whether anybody listens or not', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate' });
  const fails = (): void => {
    throw new Error('no');
  };
  await executor.submit(square, 1);
  await executor.submit(fails).exception();
  await executor.submit(killSelf).exception();
  await executor.withOptions({ timeout: 50 }).submit(runForEver).exception();
  const running = executor.submit(square, 1);
  executor.submit(square, 2).cancel();
  await running;
  await executor.shutdown();
  const stats = executor.stats();
  expect(stats.outcomes).toEqual({ succeeded: 2, failed: 1, cancelled: 1, 'timed-out': 1, lost: 1 });
  expect(stats.exits).toEqual({ crash: 1, 'timed-out': 1, shutdown: 1 });
  expect(stats).toMatchObject({ pending: 0, running: 0, finished: 3, workers: [], recycled: {} });
});

test('a running task is named with its worker', async () => {
  const executor = newPool();
  const started = once(executor, 'taskStarted');
  const future = executor.withOptions({ name: 'long' }).submit(runForEver);
  const [{ pid }] = (await started) as [{ pid: number }];
  expect(executor.stats().workers).toMatchObject([{ pid, rank: 0, state: 'busy', task: 'long' }]);
  future.cancel({ kill: true });
});

test('recycled workers are counted by the reason', async () => {
  const executor = newPool({ maxTasksPerWorker: 2 });
  for (let index = 0; index < 4; index += 1) await executor.submit(square, index);
  await executor.shutdown();
  expect(executor.stats().recycled).toEqual({ 'max-tasks': 2 });
});

test('run times are those of the task, wait times those before it began', async () => {
  const executor = newPool();
  await executor.prewarm();
  const sleepAndMeasure = async (ms: number): Promise<number> => {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return performance.now() - start;
  };
  const start = performance.now();
  const submit = async () => {
    const took = await executor.submit(sleepAndMeasure, 100);
    // What is left of the time until this process has read the answer: it may be late, and a worker does not wait for it.
    return { took, rest: performance.now() - start - took };
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [first, second] = await Promise.all([submit(), submit()]);
  delay.disable();
  const late = delay.max / 1e6; // a beginning is read so late at most
  const { waitTime, runTime } = executor.stats();
  const rounding = 0.01 * (performance.now() - start); // figures have three digits
  expect(runTime.count).toBe(2);
  expect(runTime.min).toBeGreaterThan(Math.min(first.took, second.took) - rounding);
  expect(2 * runTime.mean).toBeLessThan(second.took + second.rest + rounding); // one after the other
  expect(waitTime.min).toBeLessThan(first.rest + late + rounding);
  expect(waitTime.max).toBeGreaterThan(first.took - rounding); // it waited for the first one
  expect(waitTime.max).toBeLessThan(second.rest + late + rounding);
});

test('percentiles are right, and all are zero without figures', () => {
  const counts = new TaskCounts();
  expect(Object.values(percentilesOf(counts.runTime))).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  for (let duration = 1; duration <= 1_000; duration += 1) counts.noteAnswered(0, duration);
  const { count, mean, min, p50, p90, p95, p99, max } = percentilesOf(counts.runTime);
  const isClose = (value: number, wanted: number) => Math.abs(value - wanted) <= wanted / 500;
  expect(count).toBe(1_000);
  expect([mean, min, p50, p90, p95, p99, max]).toEqual(
    [500.5, 1, 500, 900, 950, 990, 1_000].map((wanted, index) => {
      const value = [mean, min, p50, p90, p95, p99, max][index] as number;
      return isClose(value, wanted) ? value : wanted;
    }),
  );
});
