/**
 * Running ahead against a model: random interleavings of all that host and workers do, played on the real manager without
 * a process. Host and worker agree on every call, whichever of them is faster.
 */
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { Future } from '../../lib/futures/future.ts';
import { callOf, type FakePool, type FakeWorker, fakePool } from './fake-workers.ts';

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('submit' as const) },
  { weight: 6, arbitrary: fc.constant('begin' as const) },
  { weight: 6, arbitrary: fc.constant('finish' as const) },
  { weight: 6, arbitrary: fc.constant('deliver' as const) },
  { weight: 3, arbitrary: fc.constant('wait' as const) },
  { weight: 2, arbitrary: fc.constant('cancel' as const) },
  { weight: 1, arbitrary: fc.constant('kill' as const) },
  { weight: 1, arbitrary: fc.constant('crash' as const) },
  { weight: 1, arbitrary: fc.constant('recycle' as const) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The period after which what waits behind a long task is revoked, in milliseconds. */
const PATIENCE = 2;

class Play {
  readonly pool: FakePool;
  readonly futures: Future<unknown>[] = [];
  /** How often each call has begun. */
  readonly begun: number[] = [];
  readonly cancelled = new Set<number>();
  readonly settled: number[] = [];
  readonly #killGrace: number;
  /** Calls of `recycle` that are not over. */
  recycling = 0;

  /** @param killGrace Of every call, in milliseconds. */
  constructor(workers: number, killGrace = 0) {
    this.#killGrace = killGrace;
    this.pool = fakePool({
      maxWorkers: workers,
      onWorkerCrash: 'isolate',
      restartIntensity: { max: 1_000_000, window: 1_000 },
    });
  }

  async take(what: Step, choice: number): Promise<void> {
    const living = this.pool.workers.filter(({ isGone }) => !isGone);
    const worker = living[choice % Math.max(1, living.length)];
    const call = choice % Math.max(1, this.futures.length);
    switch (what) {
      case 'submit':
        for (let count = choice % 7; count >= 0; count -= 1) this.#submit();
        await Promise.resolve(); // what is submitted in one go is sent in one go
        break;
      case 'begin':
        if (worker !== undefined) this.#begin(worker.read());
        break;
      case 'finish':
        worker?.finish();
        break;
      case 'deliver':
        worker?.deliver();
        break;
      case 'wait':
        await jest.advanceTimersByTimeAsync(PATIENCE);
        break;
      case 'cancel':
      case 'kill':
        if (this.futures[call]?.cancel({ kill: what === 'kill' })) this.cancelled.add(call);
        await jest.advanceTimersByTimeAsync(0);
        for (const each of this.pool.workers) if (each.isKilled) each.end(undefined);
        break;
      case 'crash':
        if (worker?.isReady) worker.end(1);
        break;
      case 'recycle':
        this.#recycle();
        break;
    }
  }

  /** None of the workers of this moment is left when it is over. */
  #recycle(): void {
    const before = this.pool.workers.filter(({ isGone }) => !isGone);
    this.recycling += 1;
    void this.pool.manager.recycle().then(() => {
      this.recycling -= 1;
      expect(before.filter(({ isGone }) => !isGone)).toEqual([]);
    });
  }

  #submit(): void {
    const call = this.futures.length;
    const future = this.pool.manager.submit(callOf(call, undefined, { killGrace: this.#killGrace }));
    this.begun.push(0);
    this.settled.push(0);
    future.addDoneCallback(() => {
      this.settled[call] = (this.settled[call] as number) + 1;
    });
    this.futures.push(future);
  }

  #begin(call: number | undefined): void {
    if (call === undefined) return;
    // What was revoked and cancelled never runs; what was asked to end may be about to begin.
    if (this.#killGrace === 0) expect(this.settled[call]).toBe(0);
    this.begun[call] = (this.begun[call] as number) + 1;
    expect(this.begun[call]).toBe(1); // without retries no call runs twice
  }

  /** What was sent ahead and waits behind another call: which worker has which call. */
  waitingBehind(): string[] {
    return [...this.pool.manager.workers].flatMap(({ pid, sent }) =>
      sent.tasks.slice(1).map(({ name }) => `${pid}: ${name}`),
    );
  }

  /** Every worker works until nothing is left to do. */
  async finishAll(): Promise<void> {
    const { manager } = this.pool;
    const isOver = (): boolean => !this.settled.includes(0) && manager.runningCount + this.recycling === 0;
    for (let round = 0; !isOver(); round += 1) {
      if (round > 10_000) throw new Error(`calls that nothing runs: ${this.settled.indexOf(0)}`);
      for (const worker of this.pool.workers) {
        if (worker.isKilled) worker.end(undefined);
        if (worker.isGone) continue;
        this.#begin(worker.read());
        worker.finish();
        while (worker.answers.length > 0) worker.deliver();
      }
      await jest.advanceTimersByTimeAsync(PATIENCE);
    }
  }

  async end(): Promise<void> {
    void this.pool.manager.shutdown({ wait: false });
    for (const worker of this.pool.workers) {
      worker.read();
      worker.end(0);
    }
    await jest.advanceTimersByTimeAsync(0);
  }
}

describe('whatever host and workers do, in whatever order', () => {
  test.each([0, 20])(
    'every call settles once, with its own value, and none that was cancelled runs (killGrace: %i)',
    async (killGrace) => {
      jest.useFakeTimers();
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.integer({ min: 1, max: 3 }),
            fc.array(fc.tuple(step, fc.nat(1_000)), { minLength: 20, maxLength: 120 }),
            async (workers, steps) => {
              const play = new Play(workers, killGrace);
              for (const [what, choice] of steps) await play.take(what, choice);
              await play.finishAll();
              expect(play.settled).toEqual(play.settled.map(() => 1));
              for (const [call, future] of play.futures.entries()) {
                if (play.cancelled.has(call)) expect(future.cancelled()).toBe(true);
                else if ((await future.exception()) === undefined) expect(await future).toBe(call);
              }
              expect([play.pool.manager.pendingCount, play.pool.manager.runningCount]).toEqual([0, 0]);
              await play.end();
            },
          ),
          { numRuns: 60 },
        );
      } finally {
        jest.useRealTimers();
      }
    },
  );

  test('no call waits behind a long one for longer than two periods', async () => {
    jest.useFakeTimers();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(step, fc.nat(1_000)), { minLength: 10, maxLength: 80 }),
          async (steps) => {
            const play = new Play(2);
            for (const [what, choice] of steps) await play.take(what, choice);
            for (const worker of play.pool.workers) while (worker.answers.length > 0) worker.deliver();
            const before = play.waitingBehind();
            await jest.advanceTimersByTimeAsync(2 * PATIENCE + 1); // an immediate takes a millisecond of this time
            // No worker has answered in the meantime. What was revoked may wait behind a call of another worker now.
            const after = play.waitingBehind();
            expect(before.filter((pair) => after.includes(pair))).toEqual([]);
            await play.finishAll();
            await play.end();
          },
        ),
        { numRuns: 40 },
      );
    } finally {
      jest.useRealTimers();
    }
  });
});

test('calls that are sent ahead are shared out among the workers that are busy', async () => {
  const { manager, workers } = fakePool({ maxWorkers: 2 });
  let calls = 0;
  const submit = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 1) {
      void manager.submit(callOf(calls));
      calls += 1;
    }
    await Promise.resolve();
  };
  const work = (): void => {
    for (const worker of workers) {
      worker.read();
      worker.finish();
      while (worker.answers.length > 0) worker.deliver();
    }
  };
  await submit(2);
  while (manager.pendingCount + manager.runningCount > 0) work(); // the function is known to be short
  await submit(2 + 6);
  expect([...manager.workers].map(({ sent }) => sent.tasks.length)).toEqual([4, 4]);
  while (manager.pendingCount + manager.runningCount > 0) work();
  void manager.shutdown({ wait: false });
  for (const worker of workers) {
    worker.read();
    worker.end(0);
  }
});

test('what a worker has begun, and the host has not heard of, is not pending once it could not be cancelled', async () => {
  const { manager, workers } = fakePool({ maxWorkers: 1 });
  void manager.submit(callOf(0));
  await Promise.resolve();
  const worker = workers[0] as FakeWorker;
  const deliverAll = (): void => {
    while (worker.answers.length > 0) worker.deliver();
  };
  while (manager.pendingCount + manager.runningCount > 0) {
    worker.read();
    worker.finish();
    deliverAll(); // the function is known to be short
  }
  const futures = [1, 2, 3, 4, 5, 6].map((call) => manager.submit(callOf(call)));
  await Promise.resolve();
  // The worker has run three of them, and is at the fourth.
  for (let call = 1; call <= 4; call += 1) {
    expect(worker.read()).toBe(call);
    if (call < 4) worker.finish();
  }
  expect(futures.map((future) => future.cancel())).toEqual([false, false, false, false, true, true]);
  expect([manager.pendingCount, manager.runningCount]).toEqual([0, 4]);
  worker.finish();
  deliverAll();
  expect([manager.pendingCount, manager.runningCount]).toEqual([0, 0]);
  void manager.shutdown({ wait: false });
  worker.read();
  worker.end(0);
});
