/** What loky checks of shutdown, where no other folder does: with tasks that cannot be sent, without waiting, killed. */
import { describe, expect, test } from '@jest/globals';
import { wait } from 'loky';
import { beginSleeping, killSelf, rejectionOf, runForEver, sleepFor, square } from '../../executor/pools.ts';
import { isRunning, waitUntilGone } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool, expectBroken } = checkedPools();
const HOOK = Symbol.for('loky.reduce');
const keep = (value: unknown): unknown => value;

const unsendable: [string, () => never][] = [
  [
    'throws an Error',
    () => {
      throw new Error('will not be sent');
    },
  ],
  [
    'throws what is no Error',
    () => {
      throw 'will not be sent';
    },
  ],
];

describe.each(unsendable)('an argument that %s when it is encoded', (_, throws) => {
  test('keeps no pool from ending, five pools in a row', async () => {
    for (let round = 0; round < 5; round += 1) {
      const executor = newPool({ maxWorkers: 4 });
      const error = await rejectionOf(executor.submit(keep, { [HOOK]: throws }));
      expect(error).toMatchObject({ name: 'SerializationError' });
      expect(error.message).toContain('will not be sent');
      await executor.shutdown();
    }
  });

  test('right before shutdown({ wait: false }) fails alone, and the pool ends', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const pid = await executor.submit(() => process.pid);
    const future = executor.submit(keep, { [HOOK]: throws });
    const sendable = executor.submit(square, 3);
    await executor.shutdown({ wait: false });
    expect(await rejectionOf(future)).toMatchObject({ name: 'SerializationError' });
    expect(await sendable).toBe(9);
    await waitUntilGone([pid], 5_000);
  });
});

test('with wait: false tasks go on, more are refused, and the workers end with the last one', async () => {
  const executor = newPool();
  await executor.prewarm();
  const pids = executor.stats().workers.map(({ pid }) => pid as number);
  const futures = Array.from({ length: 10 }, (_, n) =>
    executor.submit(async (result: number) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return result;
    }, n - 5),
  );
  await executor.shutdown({ wait: false });
  expect(() => executor.submit(square, 42)).toThrow('cannot schedule new futures after shutdown');
  expect(futures.map(({ state }) => state).filter((state) => !/pending|running/.test(state))).toEqual([]);
  expect(await Promise.all(futures)).toEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
  await waitUntilGone(pids, 5_000);
});

test('a block with await using ends with all workers gone', async () => {
  let pids: number[] = [];
  {
    await using executor = newPool();
    expect(await executor.map(Math.abs, [-2, -1, 0, 1]).toArray()).toEqual([2, 1, 0, 1]);
    pids = executor.stats().workers.map(({ pid }) => pid as number);
    expect(pids.length).toBeGreaterThan(0);
  }
  expect(pids.filter(isRunning)).toEqual([]);
});

test('killWorkers in the middle of a map: what was given out stays, the rest says that it was shut down', async () => {
  const executor = newPool();
  const short = executor.map(square, Array(100).fill(3));
  const long = executor.map(sleepFor, Array(100).fill(1_000_000));
  expect(await short.toArray()).toEqual(Array(100).fill(9));
  const start = performance.now();
  await executor.shutdown({ killWorkers: true });
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(await rejectionOf(long.toArray())).toMatchObject({ name: 'ShutdownExecutorError' });
});

test.each(['break', 'isolate'] as const)(
  'a worker that is killed by another one while the pool shuts down keeps nobody waiting (%s)',
  async (onWorkerCrash) => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash });
    await executor.prewarm();
    const { future: running, pid: victim } = await beginSleeping(executor, 60_000);
    const killer = executor.submit((pid: number) => process.kill(pid, 'SIGKILL'), victim);
    if (onWorkerCrash === 'break') expectBroken(executor);
    await executor.shutdown();
    const { notDone } = await wait([running, killer]);
    expect(notDone.size).toBe(0);
    expect(await running.exception()).toMatchObject({ name: 'TerminatedWorkerError', signal: 'SIGKILL' });
    expect([victim].filter(isRunning)).toEqual([]);
  },
);

test('a crash after shutdown({ wait: false }) is told, and the workers are gone', async () => {
  const executor = newPool({ maxWorkers: 2, stdio: 'ignore' });
  await executor.prewarm();
  const pids = executor.stats().workers.map(({ pid }) => pid as number);
  const [crash, other] = [executor.submit(killSelf), executor.submit(runForEver)];
  expectBroken(executor);
  await executor.shutdown({ wait: false });
  expect(await rejectionOf(crash)).toMatchObject({ signal: 'SIGKILL' });
  expect(await other.exception()).toBe(await crash.exception());
  await waitUntilGone(pids, 5_000);
});
