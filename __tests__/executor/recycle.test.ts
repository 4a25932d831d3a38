/** `executor.recycle()`: all workers are replaced in turn, without a pause. */
import { expect, test } from '@jest/globals';
import { getReusableExecutor, type ProcessPoolExecutor } from 'loky';
import { isRunning, waitUntil } from '../helpers/processes.ts';
import { scriptFolder, WELL } from './host-script.ts';
import {
  beginSleeping,
  killSelf,
  pidOfWorker,
  poolsOfEachTest,
  rejectionOf,
  runForEver,
  sleepFor,
} from './pools.ts';

const newPool = poolsOfEachTest();
const script = scriptFolder();
const pidsOf = (executor: ProcessPoolExecutor) => executor.stats().workers.map(({ pid }) => pid as number);

/** At each moment at which a worker becomes ready or ends: how many could run a task. */
function readyCounts(executor: ProcessPoolExecutor): number[] {
  const counts: number[] = [];
  const note = (): void => {
    const ready = executor.stats().workers.filter(({ state }) => state === 'idle' || state === 'busy');
    counts.push(ready.length);
  };
  executor.on('workerExited', note);
  executor.on('workerRecycled', note);
  return counts;
}

test('replaces idle workers in turn: the successor of each is ready before it leaves', async () => {
  const executor = newPool({ maxWorkers: 3 });
  await executor.prewarm();
  const before = pidsOf(executor);
  const ready = readyCounts(executor);
  const most: number[] = [];
  executor.on('workerStarted', () => most.push(executor.stats().workers.length));
  await executor.recycle();
  expect(before.filter(isRunning)).toEqual([]);
  expect(pidsOf(executor)).toHaveLength(3);
  expect(Math.min(...ready)).toBe(3);
  expect(executor.stats()).toMatchObject({ recycled: { requested: 3 }, exits: { recycled: 3 } });
  const ranks = await Promise.all([0, 1, 2].map(() => executor.submit(pidOfWorker)));
  expect(ranks.filter((pid) => before.includes(pid))).toEqual([]);
});

test('loses and delays no task while many of them run', async () => {
  const executor = newPool({ maxWorkers: 2 });
  await executor.prewarm();
  const before = pidsOf(executor);
  let isOver = false;
  const pids = new Set<number>();
  const work = (async () => {
    while (!isOver)
      for (const pid of await executor.map(pidOfWorker, Array(200).fill(0)).toArray()) pids.add(pid);
  })();
  await executor.recycle();
  isOver = true;
  await work;
  expect(before.filter(isRunning)).toEqual([]);
  expect(pids.size).toBeGreaterThan(2);
  expect(executor.stats().outcomes).toMatchObject({ failed: 0, lost: 0, cancelled: 0 });
});

test('lets a running task end first, and what waits runs in the successors meanwhile', async () => {
  const executor = newPool();
  const { future, pid } = await beginSleeping(executor, 1_500);
  let isOver = false;
  const recycled = executor.recycle().then(() => {
    isOver = true;
  });
  await waitUntil(() => executor.stats().workers.some(({ state }) => state === 'spare'), 20_000);
  expect([isOver, isRunning(pid)]).toEqual([false, true]);
  await future;
  await recycled;
  expect(isRunning(pid)).toBe(false);
  expect(await executor.submit(pidOfWorker)).not.toBe(pid);
});

test('replaces spare workers as well, and those that still start', async () => {
  const executor = newPool({ maxWorkers: 2, spareWorkers: 1 });
  const prewarmed = executor.prewarm();
  const before = await Promise.all([executor.recycle().then(() => pidsOf(executor)), prewarmed]);
  await waitUntil(
    () => executor.stats().workers.filter(({ state }) => state === 'spare').length === 1,
    20_000,
  );
  const starting = pidsOf(executor);
  await executor.recycle();
  expect(starting.filter(isRunning)).toEqual([]);
  expect(before[0].length).toBeGreaterThan(1);
  await waitUntil(() => executor.stats().workers.length === 3, 20_000);
  expect(
    executor
      .stats()
      .workers.map(({ state }) => state)
      .sort(),
  ).toEqual(['idle', 'idle', 'spare']);
});

test('replaces workers that a crash, a timeout or a cancellation ends in the middle', async () => {
  const executor = newPool({ maxWorkers: 3, onWorkerCrash: 'isolate' });
  await executor.prewarm();
  const before = pidsOf(executor);
  const crash = executor.submit(killSelf);
  const hangs = executor.submit(runForEver);
  const late = executor.withOptions({ timeout: 50 }).submit(runForEver);
  const recycled = executor.recycle();
  hangs.cancel({ kill: true });
  await Promise.all([rejectionOf(crash), rejectionOf(hangs), rejectionOf(late), recycled]);
  expect(before.filter(isRunning)).toEqual([]);
  expect(await executor.submit(sleepFor, 1)).toBe(1);
});

test('starts another successor where the first one was killed while it started', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate' });
  await executor.prewarm();
  const before = pidsOf(executor);
  executor.once('workerStarted', ({ pid }) => process.kill(pid as number, 'SIGKILL'));
  await executor.recycle();
  expect(before.filter(isRunning)).toEqual([]);
  expect(await executor.submit(sleepFor, 1)).toBe(1);
});

test('several calls at a time resolve each with its own workers', async () => {
  const executor = newPool();
  await executor.prewarm();
  const [first] = pidsOf(executor);
  const one = executor.recycle();
  await waitUntil(() => executor.stats().workers.length === 2, 20_000);
  const both = pidsOf(executor);
  const two = executor.recycle();
  await one;
  expect(isRunning(first as number)).toBe(false);
  await two;
  expect(both.filter(isRunning)).toEqual([]);
  expect(executor.stats().workers).toHaveLength(1);
});

test('resolves at once without workers, and when a shutdown in the middle has ended them', async () => {
  const executor = newPool();
  await executor.recycle();
  await executor.prewarm();
  const recycled = executor.recycle();
  await executor.shutdown();
  await recycled;
  expect(await rejectionOf(executor.recycle())).toMatchObject({ name: 'ShutdownExecutorError' });
});

test('rejects with what breaks the pool in the middle', async () => {
  const executor = newPool({ stdio: 'ignore' });
  const { future } = await beginSleeping(executor, 60_000);
  const recycled = rejectionOf(executor.recycle());
  process.kill(pidsOf(executor)[0] as number, 'SIGKILL');
  const error = await rejectionOf(future);
  expect(error).toMatchObject({ name: 'TerminatedWorkerError' });
  expect(await recycled).toBe(error);
  expect(await rejectionOf(executor.recycle())).toBe(error);
});

test('of a replaced reusable executor concerns its replacement', async () => {
  const executor = getReusableExecutor({ key: 'recycle', maxWorkers: 1 });
  const pid = await executor.submit(pidOfWorker);
  await executor.recycle();
  expect(isRunning(pid)).toBe(false);
  const replacement = getReusableExecutor({ key: 'recycle', maxWorkers: 1, idleTimeout: 20_000 });
  const next = await replacement.submit(pidOfWorker);
  await executor.recycle();
  expect(isRunning(next)).toBe(false);
  await Promise.all([executor.shutdown(), replacement.shutdown()]);
});

test('is waited for by a program that has nothing else to do, which ends then', async () => {
  const end = await script(`
    const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
    await executor.prewarm();
    await executor.recycle();
    say('recycled');
  `).ended;
  expect(end).toMatchObject({ ...WELL, said: ['recycled'] });
});
