/** loky's protection from memory leaks: who leaks is replaced between two tasks, and nothing else happens. */
import { expect, jest, test } from '@jest/globals';
import type { WorkerRecycledEvent } from 'loky';
import { poolsOfEachTest } from '../executor/pools.ts';

const pool = poolsOfEachTest();
const MB = 1e6;

const leak = (bytes: number, n: number) => {
  const kept = globalThis as { leaked?: Buffer[] };
  kept.leaked ??= [];
  kept.leaked.push(Buffer.alloc(bytes, 1));
  return [process.pid, n, process.memoryUsage.rss()] as const;
};
const litter = (bytes: number, n: number) => {
  let last: Buffer | undefined;
  for (let left = 5; left > 0; left -= 1) last = Buffer.alloc(bytes / 5, 1);
  return [process.pid, n, last?.length] as const;
};

test('a worker that leaks is replaced, with the figures, one warning, and no task lost', async () => {
  const executor = pool({ maxWorkers: 2, memory: { leakThreshold: 50 * MB, checkDelay: 1 } });
  const events: WorkerRecycledEvent[] = [];
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  executor.on('workerRecycled', (event) => events.push(event));
  const results = await Promise.all(Array.from({ length: 120 }, (_, n) => executor.submit(leak, 3 * MB, n)));
  const warnings = warn.mock.calls;
  warn.mockRestore();
  expect(results.map(([, n]) => n)).toEqual(results.map((_, n) => n));
  expect(events.length).toBeGreaterThanOrEqual(3);
  const done = new Map<number, number>();
  for (const [pid] of results) done.set(pid, (done.get(pid) ?? 0) + 1);
  for (const { pid, rank, reason, memory, tasksDone } of events) {
    expect(reason).toBe('memory-leak');
    expect(rank).toBeLessThan(6);
    expect(tasksDone).toBe(done.get(pid as number));
    expect(memory?.threshold).toBe(50 * MB);
    const growth = (memory?.memory ?? 0) - (memory?.reference ?? 0);
    expect(growth).toBeGreaterThanOrEqual(50 * MB);
    expect(growth).toBeLessThan(50 * MB + 2 * 3 * MB + 15 * MB);
  }
  expect(new Set(events.map(({ pid }) => pid)).size).toBe(events.length);
  expect(warnings).toEqual([[expect.any(String), { type: 'LokyWarning', code: 'LOKY_MEMORY_LEAK' }]]);
});

test('garbage that is only waiting to be collected replaces nobody', async () => {
  const executor = pool({ memory: { leakThreshold: 60 * MB, checkDelay: 1 } });
  const events: unknown[] = [];
  executor.on('workerRecycled', (event) => events.push(event));
  const results = await Promise.all(
    Array.from({ length: 60 }, (_, n) => executor.submit(litter, 20 * MB, n)),
  );
  expect(new Set(results.map(([pid]) => pid)).size).toBe(1);
  expect(events).toEqual([]);
});

test('what a worker keeps from its first task is no leak', async () => {
  const executor = pool({ memory: { leakThreshold: 50 * MB, checkDelay: 1 } });
  const [first] = await executor.submit(leak, 200 * MB, 0);
  const pids = await Promise.all(Array.from({ length: 20 }, (_, n) => executor.submit(leak, 10e3, n)));
  expect(new Set(pids.map(([pid]) => pid))).toEqual(new Set([first]));
});
