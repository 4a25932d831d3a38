/** A task whose worker dies before it has read it, played on the real manager without a process. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { callOf, type FakePool, type FakeWorker, fakePool } from './fake-workers.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const poolOfOne = (): FakePool =>
  fakePool({ maxWorkers: 1, onWorkerCrash: 'isolate', restartIntensity: { max: 100, window: 1000 } });

/** The newest worker becomes ready, and is sent the task. */
async function readyWorker({ workers }: FakePool): Promise<FakeWorker> {
  await jest.advanceTimersByTimeAsync(10);
  const worker = workers.at(-1) as FakeWorker;
  worker.read();
  while (worker.answers.length > 0) worker.deliver();
  await jest.advanceTimersByTimeAsync(10);
  return worker;
}

async function dieUnread(pool: FakePool): Promise<void> {
  const worker = await readyWorker(pool);
  expect(worker.pipe.length).toBeGreaterThan(0);
  worker.end(undefined);
}

test.each([0, 1, 3])(
  'with %i retries the task waits again once, and then once for each retry',
  async (retries) => {
    const pool = poolOfOne();
    const future = pool.manager.submit(callOf(7, undefined, { retries, mayRetry: true }));
    for (let death = 0; death < 1 + retries; death++) await dieUnread(pool);
    const worker = await readyWorker(pool);
    expect(worker.read()).toBe(7);
    worker.finish();
    worker.deliver();
    expect(await future).toBe(7);
    void pool.manager.shutdown({ wait: false, killWorkers: true });
  },
);

test.each([0, 1, 3])('with %i retries the task fails with the death after those', async (retries) => {
  const pool = poolOfOne();
  const future = pool.manager.submit(callOf(7, undefined, { retries, mayRetry: true }));
  for (let death = 0; death < 2 + retries; death++) await dieUnread(pool);
  await expect(future).rejects.toThrow(/was unexpectedly terminated/);
});
