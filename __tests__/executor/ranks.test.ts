/** Ranks: places in the pool, below maxWorkers, each of one worker that runs tasks at a time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { getReusableExecutor, type ProcessPoolExecutor } from 'loky';
import { waitUntil } from '../helpers/processes.ts';
import { killSelf, pidOfWorker, poolsOfEachTest, rejectionOf, runForEver, square } from './pools.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-ranks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = (rank: number) => ({ MY_DEVICE: `device-${rank}` });
const workersOf = (executor: ProcessPoolExecutor, wanted: string) =>
  executor.stats().workers.filter(({ state }) => state === wanted);

/** Fails if another worker uses the same device at the same time. */
async function useDevice(locks: string): Promise<string> {
  const { rmdirSync, mkdirSync } = process.getBuiltinModule('node:fs');
  const device = process.env.MY_DEVICE as string;
  mkdirSync(`${locks}/${device}`);
  await new Promise((resolve) => setTimeout(resolve, 10));
  rmdirSync(`${locks}/${device}`);
  return device;
}

const lockFolder = () => mkdtempSync(join(folder, 'locks-'));

describe('a device for each rank is used by one worker at a time', () => {
  test.each([
    ['replaced after some tasks', {}],
    ['replaced after some tasks, with spare ones', { spareWorkers: 2 }],
  ])('%s', async (_, options) => {
    const executor = newPool({ maxWorkers: 2, maxTasksPerWorker: 3, env, ...options });
    const seen = new Set(await executor.map(useDevice, Array(30).fill(lockFolder())).toArray());
    expect([...seen].sort()).toEqual(['device-0', 'device-1']);
  });

  test.each([0, 1])('after crashes and timeouts, with spareWorkers: %i', async (spareWorkers) => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore', env, spareWorkers });
    const locks = lockFolder();
    for (let round = 0; round < 3; round += 1) {
      const bad = [executor.submit(killSelf), executor.withOptions({ timeout: 50 }).submit(runForEver)];
      const good = Array.from({ length: 6 }, () => executor.submit(useDevice, locks));
      await Promise.all(good);
      for (const each of bad) await rejectionOf(each);
    }
    await executor.prewarm(); // before that one of the two may have run all of them
    const last = [executor.submit(useDevice, locks), executor.submit(useDevice, locks)];
    expect((await Promise.all(last)).sort()).toEqual(['device-0', 'device-1']);
  });

  test('a spare worker takes over at once in its own place, and in no other', async () => {
    const executor = newPool({
      maxWorkers: 1,
      spareWorkers: 1,
      onWorkerCrash: 'isolate',
      stdio: 'ignore',
      env,
    });
    await executor.prewarm();
    await waitUntil(() => workersOf(executor, 'spare').length === 1, 20_000);
    const [spare] = workersOf(executor, 'spare');
    expect(spare?.rank).toBe(0);
    await rejectionOf(executor.submit(killSelf));
    expect(await executor.submit(() => [process.pid, process.env.MY_DEVICE] as const)).toEqual([
      spare?.pid,
      'device-0',
    ]);
  });

  test('a pool that is made smaller keeps the workers of the places that it still has', async () => {
    const options = { key: 'devices', env };
    const executor = getReusableExecutor({ ...options, maxWorkers: 3 });
    await executor.prewarm();
    const [kept] = executor.stats().workers;
    const futures = Array.from({ length: 3 }, () => executor.submit(useDevice, lockFolder()));
    getReusableExecutor({ ...options, maxWorkers: 1 });
    expect((await Promise.all(futures)).sort()).toEqual(['device-0', 'device-1', 'device-2']);
    expect(await executor.submit(() => [process.pid, process.env.MY_DEVICE] as const)).toEqual([
      kept?.pid,
      'device-0',
    ]);
    getReusableExecutor({ ...options, maxWorkers: 2 });
    await executor.prewarm();
    const seen = new Set(await executor.map(useDevice, Array(6).fill(lockFolder())).toArray());
    expect([...seen].sort()).toEqual(['device-0', 'device-1']);
    await executor.shutdown();
  });
});

describe('without a function of the rank', () => {
  test('a spare worker takes over any place, and gets its number', async () => {
    const executor = newPool({ maxWorkers: 2, spareWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' });
    await executor.prewarm();
    await waitUntil(() => workersOf(executor, 'spare').length === 1, 20_000);
    const [spare] = workersOf(executor, 'spare');
    const victim = executor
      .stats()
      .workers.find(({ state, rank }) => state === 'idle' && rank !== spare?.rank);
    process.kill(victim?.pid as number, 'SIGKILL');
    await waitUntil(() => executor.stats().workers.every(({ pid }) => pid !== victim?.pid), 20_000);
    const both = [executor.submit(runForEver), executor.submit(runForEver)];
    await waitUntil(() => workersOf(executor, 'busy').length === 2, 20_000);
    expect(workersOf(executor, 'busy').map(({ pid, rank }) => [pid, rank])).toContainEqual([
      spare?.pid,
      victim?.rank,
    ]);
    for (const each of both) each.cancel({ kill: true });
  });

  test('a worker that stays in a smaller pool has a place of it, and knows that', async () => {
    const executor = getReusableExecutor({ key: 'plain', maxWorkers: 2 });
    await executor.prewarm();
    const [first, second] = executor.stats().workers;
    const infoOf = () => (globalThis as Record<symbol, unknown>)[Symbol.for('loky.workerInfo')];
    const long = executor.submit(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return process.pid;
    });
    const survivor = workersOf(executor, 'busy')[0];
    getReusableExecutor({ key: 'plain', maxWorkers: 1 });
    expect(await long).toBe(survivor?.pid);
    expect([first?.pid, second?.pid]).toContain(survivor?.pid);
    expect(await executor.submit(infoOf)).toMatchObject({ rank: 0 });
    expect(await executor.submit(pidOfWorker)).toBe(survivor?.pid);
    expect(executor.stats().workers).toMatchObject([{ rank: 0, pid: survivor?.pid }]);
    await executor.shutdown();
  });

  test('ranks stay below maxWorkers while workers are replaced, die and wait in reserve', async () => {
    const executor = newPool({
      maxWorkers: 2,
      maxTasksPerWorker: 2,
      spareWorkers: 1,
      onWorkerCrash: 'isolate',
      stdio: 'ignore',
    });
    const ranks = new Set<number>();
    for (const name of ['workerStarted', 'workerReady', 'taskStarted'] as const)
      executor.on(name, ({ rank }: { rank: number }) => ranks.add(rank));
    const outcomes = Array.from({ length: 40 }, (_, n) =>
      n % 9 === 0 ? executor.submit(killSelf) : executor.submit(square, n),
    );
    await Promise.allSettled(outcomes);
    expect([...ranks].sort()).toEqual([0, 1]);
  });
});
