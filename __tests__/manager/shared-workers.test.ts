/** Tasks that share a worker, played on the real manager without a process: who gets which, and what the end of one costs the others. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { Future } from '../../lib/futures/future.ts';
import { callOf, type FakePool, type FakeWorker, fakePool } from './fake-workers.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** Starts workers until all are ready, and has them read what they were sent. */
async function settle({ workers }: FakePool): Promise<void> {
  await jest.advanceTimersByTimeAsync(0);
  for (const worker of workers) {
    if (worker.isKilled) worker.end(undefined);
    if (worker.isGone) continue;
    worker.readShared();
    while (worker.answers.length > 0) worker.deliver();
  }
  await jest.advanceTimersByTimeAsync(1);
}

async function settled(pool: FakePool): Promise<void> {
  for (let round = 0; round < 4; round += 1) await settle(pool);
}

const callsOf = (worker: FakeWorker | undefined) => [...(worker?.shared.keys() ?? [])];
const living = ({ workers }: FakePool) => workers.filter(({ isGone }) => !isGone);

async function sharing(calls: number, options: Parameters<typeof fakePool>[0], retries = 0) {
  const pool = fakePool({ maxWorkers: 1, tasksPerWorker: 3, onWorkerCrash: 'isolate', ...options });
  const futures = Array.from({ length: calls }, (_, call) =>
    pool.manager.submit(callOf(call, undefined, { retries, name: `call ${call}` })),
  );
  for (const future of futures) future.catch(() => {});
  await settled(pool);
  return { pool, futures };
}

test('tasks are spread over the workers before they are stacked, and begin up to the limit', async () => {
  const { pool } = await sharing(5, { maxWorkers: 2 });
  expect(pool.workers.map(callsOf).map(({ length }) => length)).toEqual([3, 2]);
  expect([pool.manager.runningCount, pool.manager.pendingCount]).toEqual([5, 0]);
});

test('answers come in any order, and each makes room for a task that waits', async () => {
  const { pool, futures } = await sharing(4, {});
  const [worker] = pool.workers as [FakeWorker];
  expect(callsOf(worker)).toEqual([0, 1, 2]);
  expect([pool.manager.runningCount, pool.manager.pendingCount]).toEqual([3, 1]);
  worker.finishShared(1);
  await settled(pool);
  expect(await futures[1]).toBe(1);
  expect(callsOf(worker)).toEqual([0, 2, 3]);
});

test('maxPending counts what no worker has room for', async () => {
  const { pool } = await sharing(3, { maxPending: 0 });
  expect(() => pool.manager.submit(callOf(9))).toThrow('maxPending is 0');
});

test('a crash fails all tasks of the worker, and each error says that they shared it', async () => {
  const { pool, futures } = await sharing(3, {});
  pool.workers[0]?.end(1);
  for (const [call, future] of futures.entries()) {
    expect(await future.exception()).toMatchObject({ name: 'TerminatedWorkerError', reason: 'exit' });
    expect(String(await future.exception())).toContain(
      `running the task "call ${call}" and 2 others that shared it (tasksPerWorker), and it is unknown which of them ended it`,
    );
  }
});

test('a crash counts for all of them: each uses up one of its retries', async () => {
  const { pool, futures } = await sharing(3, {}, 1);
  pool.workers[0]?.end(1);
  await settled(pool);
  expect(callsOf(pool.workers[1]).sort()).toEqual([0, 1, 2]);
  pool.workers[1]?.end(1);
  for (const future of futures) expect(await future.exception()).toMatchObject({ reason: 'exit' });
});

test('what the worker has not read when it dies waits again, however few retries it has', async () => {
  const { pool, futures } = await sharing(2, {});
  const last = pool.manager.submit(callOf(2));
  await jest.advanceTimersByTimeAsync(0); // sent, and not read
  pool.workers[0]?.end(1);
  await settled(pool);
  expect(callsOf(pool.workers[1])).toEqual([2]);
  for (const future of futures) expect(await future.exception()).toMatchObject({ reason: 'exit' });
  pool.workers[1]?.finishShared(2);
  await settled(pool);
  expect(await last).toBe(2);
});

test("with 'break' one death fails everything", async () => {
  const { pool, futures } = await sharing(4, { onWorkerCrash: 'break' });
  pool.workers[0]?.end(1);
  const errors = await Promise.all(futures.map((future) => future.exception()));
  expect(new Set(errors).size).toBe(1);
  expect(String(errors[0])).toContain('"call 0" and 2 others');
});

describe('a task is cancelled with kill', () => {
  test('the others fail with an error that names it, if they may run once only', async () => {
    const { pool, futures } = await sharing(4, {});
    expect(futures[1]?.cancel({ kill: true })).toBe(true);
    await settled(pool);
    for (const call of [0, 2]) {
      expect(await futures[call]?.exception()).toMatchObject({
        reason: 'shared-worker',
        task: `call ${call}`,
      });
      expect(String(await futures[call]?.exception())).toContain(
        'it was killed because the task "call 1", which it ran at the same time (tasksPerWorker), was cancelled',
      );
    }
    expect(callsOf(living(pool)[0])).toEqual([3]); // what had waited runs elsewhere
  });

  test('the others run again as often as this happens, if they have retries', async () => {
    const { pool, futures } = await sharing(3, {}, 1);
    futures[0]?.cancel({ kill: true });
    await settled(pool);
    expect(callsOf(living(pool)[0])).toEqual([1, 2]);
    futures[1]?.cancel({ kill: true });
    await settled(pool);
    expect(callsOf(living(pool)[0])).toEqual([2]);
    living(pool)[0]?.end(1); // a crash is another matter: this is what the retry is for
    await settled(pool);
    living(pool)[0]?.finishShared(2);
    await settled(pool);
    expect(await futures[2]).toBe(2);
  });

  test('what had been answered before its worker is gone is not lost', async () => {
    const { pool, futures } = await sharing(2, {});
    pool.workers[0]?.finishShared(1);
    futures[0]?.cancel({ kill: true });
    await settled(pool);
    expect(await futures[1]).toBe(1);
  });
});

test('a task that runs too long costs the others their worker', async () => {
  const { pool, futures } = await sharing(2, {});
  const slow = pool.manager.submit(callOf(2, undefined, { timeout: 50, name: 'slow' }));
  slow.catch(() => {});
  await jest.advanceTimersByTimeAsync(100);
  await settled(pool);
  expect(await slow.exception()).toMatchObject({ name: 'TimeoutError' });
  expect(String(await futures[0]?.exception())).toContain('the task "slow", which it ran at the same time');
});

test('an operator who ends a worker cancels all that it runs', async () => {
  const { pool, futures } = await sharing(4, {});
  const [worker] = [...pool.manager.workers];
  expect(worker && pool.manager.endWorker(worker)).toBe(true);
  expect(futures.map((future) => future.cancelled())).toEqual([true, true, true, false]);
});

test('a worker is sent no more than its share of tasks, and leaves when it has answered the last of them', async () => {
  const { pool } = await sharing(6, { maxTasksPerWorker: 2 });
  const [first] = pool.workers as [FakeWorker];
  expect(callsOf(first)).toEqual([0, 1]);
  first.finishShared(1);
  await settled(pool);
  expect(callsOf(first)).toEqual([0]);
  first.finishShared(0);
  await settled(pool);
  expect(first.isGone).toBe(true);
  expect(callsOf(living(pool)[0])).toEqual([2, 3]);
});

test('of a pool that was made smaller a worker runs empty, and leaves', async () => {
  const { pool } = await sharing(8, { maxWorkers: 2 });
  pool.manager.resize(1);
  const [stays, leaves] = pool.workers as [FakeWorker, FakeWorker];
  for (const call of callsOf(stays).slice(0, 2)) stays.finishShared(call);
  await settled(pool);
  expect(callsOf(stays)).toHaveLength(3);
  for (const call of callsOf(leaves)) leaves.finishShared(call);
  await settled(pool);
  expect([stays.isGone, leaves.isGone]).toEqual([false, true]);
});

test('the task with the highest priority is the next to share a worker', async () => {
  const { pool } = await sharing(4, {});
  void pool.manager.submit(callOf(9, undefined, { priority: 5 }));
  pool.workers[0]?.finishShared(0);
  await settled(pool);
  expect(callsOf(pool.workers[0])).toEqual([1, 2, 9]);
});

describe('shutdown', () => {
  test('waits for all', async () => {
    const { pool, futures } = await sharing(4, {});
    const closed = pool.manager.shutdown({});
    for (let round = 0; round < 3; round += 1) {
      for (const call of callsOf(pool.workers[0])) pool.workers[0]?.finishShared(call);
      await settled(pool);
    }
    expect(await Promise.all(futures)).toEqual([0, 1, 2, 3]);
    expect(pool.workers[0]?.isGone).toBe(true);
    jest.useRealTimers();
    await closed;
  });

  test('with cancelFutures cancels what waits, and with killWorkers fails what runs', async () => {
    const { pool, futures } = await sharing(4, {});
    void pool.manager.shutdown({ wait: false, cancelFutures: true, killWorkers: true });
    await settled(pool);
    expect(futures[3]?.cancelled()).toBe(true);
    for (const future of futures.slice(0, 3))
      expect(await future.exception()).toMatchObject({ name: 'ShutdownExecutorError' });
  });
});

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('submit' as const) },
  { weight: 6, arbitrary: fc.constant('begin' as const) },
  { weight: 6, arbitrary: fc.constant('finish' as const) },
  { weight: 6, arbitrary: fc.constant('deliver' as const) },
  { weight: 2, arbitrary: fc.constant('kill' as const) },
  { weight: 1, arbitrary: fc.constant('crash' as const) },
  { weight: 1, arbitrary: fc.constant('resize' as const) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Play {
  readonly futures: Future<unknown>[] = [];
  readonly settled: number[] = [];
  readonly begun: number[] = [];
  readonly pool: FakePool;
  readonly limit: number;

  constructor(workers: number, limit: number) {
    this.limit = limit;
    this.pool = fakePool({
      maxWorkers: workers,
      tasksPerWorker: limit,
      maxTasksPerWorker: 7,
      onWorkerCrash: 'isolate',
    });
  }

  async take(what: Step, choice: number): Promise<void> {
    const all = living(this.pool);
    const worker = all[choice % Math.max(1, all.length)];
    if (what === 'submit') this.#submit();
    else if (what === 'begin') this.begin(worker);
    else if (what === 'finish') {
      const calls = callsOf(worker);
      if (calls.length > 0) worker?.finishShared(calls[choice % calls.length] as number);
    } else if (what === 'deliver') worker?.deliver();
    else if (what === 'kill') this.futures[choice % Math.max(1, this.futures.length)]?.cancel({ kill: true });
    else if (what === 'resize') this.pool.manager.resize(1 + (choice % 3));
    else if (worker?.isReady) worker.end(1);
    await jest.advanceTimersByTimeAsync(0);
    for (const each of this.pool.workers) if (each.isKilled) each.end(undefined);
  }

  #submit(): void {
    const call = this.futures.length;
    const future = this.pool.manager.submit(callOf(call));
    this.settled.push(0);
    this.begun.push(0);
    future.addDoneCallback(() => {
      this.settled[call] = (this.settled[call] as number) + 1;
    });
    this.futures.push(future);
  }

  begin(worker: FakeWorker | undefined): void {
    for (const call of worker?.readShared() ?? []) {
      this.begun[call] = (this.begun[call] as number) + 1;
      expect(this.begun[call]).toBe(1); // without retries no call runs twice
    }
    expect(worker?.shared.size ?? 0).toBeLessThanOrEqual(this.limit);
  }

  async finishAll(): Promise<void> {
    for (let round = 0; this.settled.some((count) => count === 0); round += 1) {
      if (round > 1_000) throw new Error(`calls that nothing runs: ${this.settled.indexOf(0)}`);
      for (const worker of living(this.pool)) {
        if (worker.isKilled) worker.end(undefined);
        if (worker.isGone) continue;
        this.begin(worker);
        for (const call of callsOf(worker)) worker.finishShared(call);
        while (worker.answers.length > 0) worker.deliver();
      }
      await jest.advanceTimersByTimeAsync(1);
    }
  }
}

test('whatever host and workers do, every call settles once, begins at most once, and has its own value', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 2, max: 4 }),
      fc.array(fc.tuple(step, fc.nat(1_000)), { minLength: 20, maxLength: 100 }),
      async (workers, limit, steps) => {
        const play = new Play(workers, limit);
        for (const [what, choice] of steps) await play.take(what, choice);
        await play.finishAll();
        expect(play.settled).toEqual(play.settled.map(() => 1));
        for (const [call, future] of play.futures.entries())
          if (!future.cancelled() && (await future.exception()) === undefined)
            expect(await future).toBe(call);
        expect([play.pool.manager.pendingCount, play.pool.manager.runningCount]).toEqual([0, 0]);
        void play.pool.manager.shutdown({ wait: false });
        for (const worker of play.pool.workers) worker.end(0);
        await jest.advanceTimersByTimeAsync(0);
      },
    ),
    { numRuns: 60 },
  );
});
