/** prewarm always comes to an end, whatever becomes of the workers that it waits for. */
import { expect, test } from '@jest/globals';
import { getReusableExecutor } from 'loky';
import { waitUntil } from '../helpers/processes.ts';
import { poolsOfEachTest, rejectionOf, square } from './pools.ts';

const newPool = poolsOfEachTest();

test('it is done when the pool that was made smaller meanwhile has its workers', async () => {
  const key = 'made smaller';
  const executor = getReusableExecutor({ key, maxWorkers: 4 });
  const ready = executor.prewarm();
  getReusableExecutor({ key, maxWorkers: 2 });
  await ready;
  expect(executor.stats().workers.filter(({ state }) => state === 'idle')).toHaveLength(2);
  await executor.shutdown();
});

test('in a shortage it waits for its workers until startTimeout, and the pool goes on', async () => {
  let isScarce = true;
  const executor = newPool({
    maxWorkers: 2,
    startTimeout: 3_000,
    env: (rank) => {
      if (rank > 0 && isScarce) throw Object.assign(new Error('spawn EAGAIN'), { code: 'EAGAIN' });
      return {};
    },
  });
  await executor.prewarm(1);
  expect(await rejectionOf(executor.prewarm(2))).toMatchObject({ name: 'WorkerStartupError' });
  isScarce = false;
  await executor.prewarm(2);
  expect(executor.stats().workers).toHaveLength(2);
});

test('who asks for more whenever a worker starts gets no more than there may be', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const started: number[] = [];
  executor.on('workerStarted', ({ rank }) => {
    started.push(rank);
    void executor.prewarm();
  });
  await executor.prewarm();
  expect(started).toEqual([0, 1]);
});

test('on a pool that is shut down it rejects, and does not throw', async () => {
  const executor = newPool();
  await executor.shutdown();
  expect(await rejectionOf(executor.prewarm())).toMatchObject({ name: 'ShutdownExecutorError' });
});

test('on a handle whose executor was replaced it is for the replacement, as submit is', async () => {
  const key = 'replaced';
  const stale = getReusableExecutor({ key, maxWorkers: 1 });
  const executor = getReusableExecutor({ key, maxWorkers: 1, env: { A: '1' } });
  await stale.prewarm();
  expect(executor.stats().workers).toHaveLength(1);
  await executor.shutdown();
});

test('minWorkers are there again when a pool that was made smaller has grown', async () => {
  const options = { key: 'grown', minWorkers: 3 };
  const executor = getReusableExecutor({ ...options, maxWorkers: 3 });
  await executor.submit(square, 2);
  getReusableExecutor({ ...options, maxWorkers: 1, reuse: true });
  await waitUntil(() => executor.stats().workers.length === 1, 10_000);
  getReusableExecutor({ ...options, maxWorkers: 3, reuse: true });
  expect(executor.stats().workers).toHaveLength(3);
  await executor.shutdown();
});
