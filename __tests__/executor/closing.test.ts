/** What is counted and what is closed when tasks are ended or pools are shut down in the middle of something. */
import { expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, runForEver, square } from './pools.ts';

const newPool = poolsOfEachTest();

test('shutdown ends though a task was ended while its answer was read', async () => {
  const executor = newPool();
  const tasks = 40;
  const futures = Array.from({ length: tasks }, () => executor.submit(square, 2));
  await Promise.all(futures); // it is known to be short from now on, and is sent ahead
  const later = Array.from({ length: tasks }, () => executor.submit(square, 2));
  let started = 0;
  executor.on('taskStarted', () => {
    started += 1;
    if (started === tasks) later.at(-1)?.cancel({ kill: true });
  });
  await executor.shutdown();
  expect(later.filter((future) => !future.done())).toEqual([]);
});

test('shutdown ends though code that rebuilds an answer has ended its task', async () => {
  class Marked {}
  const executor = newPool({
    resultReducers: {
      marked: {
        test: (value) => value instanceof Marked,
        reduce: () => 1,
        rebuild: () => future.cancel({ kill: true }),
      },
    },
  });
  const future = executor.submit(() => new Marked());
  await executor.shutdown();
  expect(future.cancelled()).toBe(true);
});

test('a task that was ended waits no more, and its place is free at once', async () => {
  const executor = newPool({ maxPending: 0 });
  await executor.prewarm();
  const future = executor.submit(runForEver);
  expect(() => executor.submit(square, 1)).toThrow('0 tasks are pending already, and maxPending is 0');
  expect(future.cancel({ kill: true })).toBe(true);
  expect(executor.stats()).toMatchObject({ pending: 0, running: 0 });
  expect(await executor.submit(square, 3)).toBe(9);
});

test('a task whose pool is shut down by who is told of it never runs', async () => {
  const executor = newPool();
  let closed: Promise<void> | undefined;
  executor.once('taskQueued', () => {
    closed = executor.shutdown({ killWorkers: true });
  });
  const future = executor.submit(runForEver);
  expect(await rejectionOf(future)).toMatchObject({ name: 'ShutdownExecutorError' });
  await closed;
});

test('no worker is started for one that goes with its pool, if its replacement is there already', async () => {
  const executor = newPool({ maxWorkers: 2, maxTasksPerWorker: 2 });
  await executor.submit(square, 2);
  await executor.prewarm(2);
  let started = 0;
  executor.on('workerStarted', () => {
    started += 1;
  });
  await executor.shutdown();
  expect(started).toBe(0);
});
