/** When workers start and leave: on demand, ahead of time, after idling; and how many there are. */
import { describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor } from 'loky';
import { waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { killSelf, pidOfWorker, poolsOfEachTest, rejectionOf, sleepFor, square } from './pools.ts';

const newPool = poolsOfEachTest();
const pidsOf = (executor: ProcessPoolExecutor) => executor.stats().workers.map(({ pid }) => pid as number);

/** How many workers an executor has ever asked for. */
function countStarts(executor: ProcessPoolExecutor): () => number {
  let starts = 0;
  executor.on('workerStarted', () => {
    starts += 1;
  });
  return () => starts;
}

describe('workers on demand', () => {
  test('there is none before the first submit', () => {
    expect(newPool({ maxWorkers: 2 }).stats().workers).toEqual([]);
  });

  test('one task at a time needs one worker', async () => {
    const executor = newPool({ maxWorkers: 4 });
    const starts = countStarts(executor);
    for (let i = 0; i < 10; i += 1) await executor.submit(square, i);
    expect(starts()).toBe(1);
  });

  test('two tasks need two workers, whatever maxWorkers says', async () => {
    const executor = newPool({ maxWorkers: 8 });
    const starts = countStarts(executor);
    await Promise.all([executor.submit(sleepFor, 30), executor.submit(sleepFor, 30)]);
    expect(starts()).toBe(2);
  });

  test('many tasks need maxWorkers', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const starts = countStarts(executor);
    await executor.map(square, Array(100).fill(1)).toArray();
    expect(starts()).toBe(2);
  });

  test('ranks count from 0, and a replacement takes the rank that is free', async () => {
    const executor = newPool({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
    await executor.prewarm();
    const ranks = () =>
      executor
        .stats()
        .workers.map(({ rank }) => rank)
        .sort();
    expect(ranks()).toEqual([0, 1]);
    await rejectionOf(executor.submit(killSelf));
    await executor.prewarm();
    expect(ranks()).toEqual([0, 1]);
  });
});

describe('prewarm', () => {
  test('has all workers ready before the first task', async () => {
    const executor = newPool({ maxWorkers: 2 });
    await executor.prewarm();
    expect(executor.stats().workers.map(({ state }) => state)).toEqual(['idle', 'idle']);
  });

  test('starts as many as it is told, at most maxWorkers, and is content with those that are there', async () => {
    const executor = newPool({ maxWorkers: 2 });
    const starts = countStarts(executor);
    await executor.prewarm(1);
    expect(starts()).toBe(1);
    await executor.prewarm(1);
    await executor.prewarm(50);
    expect([starts(), pidsOf(executor).length]).toEqual([2, 2]);
  });

  test('comes to its end though idle workers leave sooner than others are ready', async () => {
    await newPool({ maxWorkers: 2, idleTimeout: 1 }).prewarm();
  });

  test('comes to its end though a worker is killed while it starts, with isolate', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const starts = countStarts(executor);
    const ready = executor.prewarm();
    await waitUntil(() => pidsOf(executor)[0] !== undefined, 20_000);
    process.kill(pidsOf(executor)[0] as number, 'SIGKILL');
    await ready;
    expect(starts()).toBe(2);
  });

  test('rejects when the executor is shut down meanwhile', async () => {
    const executor = newPool();
    const ready = executor.prewarm();
    const [error] = await Promise.all([rejectionOf(ready), executor.shutdown()]);
    expect(error).toMatchObject({ name: 'ShutdownExecutorError' });
  });
});

describe('idleTimeout', () => {
  test('ends workers that idle; they come back with the next submit, 5 rounds at 10 ms', async () => {
    const executor = newPool({ maxWorkers: 2, idleTimeout: 10 });
    const seen = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      const pid = await executor.submit(pidOfWorker);
      seen.add(pid);
      await waitUntil(() => executor.stats().workers.length === 0, 20_000);
      await waitUntilGone([pid], 2000);
    }
    expect(seen.size).toBe(5);
  });

  test('never loses a task that is submitted while a worker leaves', async () => {
    const executor = newPool({ maxWorkers: 1, idleTimeout: 1 });
    for (let i = 0; i < 12; i += 1) {
      expect(await executor.submit(square, i)).toBe(i * i);
      await sleepFor(i % 4);
    }
  });

  test('does not end a worker at work', async () => {
    const executor = newPool({ idleTimeout: 20 });
    expect(await executor.submit(sleepFor, 100)).toBe(100);
  });

  test('of null, the default, keeps workers', async () => {
    const executor = newPool({ idleTimeout: null });
    const pid = await executor.submit(pidOfWorker);
    await sleepFor(100);
    expect(await executor.submit(pidOfWorker)).toBe(pid);
  });

  test('leaves minWorkers alive', async () => {
    const executor = newPool({ maxWorkers: 2, minWorkers: 1, idleTimeout: 20 });
    await executor.prewarm();
    await waitUntil(() => pidsOf(executor).length === 1, 20_000);
    const [kept] = pidsOf(executor);
    await sleepFor(60);
    expect(await executor.submit(pidOfWorker)).toBe(kept);
  });
});

describe('minWorkers', () => {
  test('are there from the first submit on', async () => {
    const executor = newPool({ maxWorkers: 3, minWorkers: 2 });
    await executor.submit(square, 1);
    expect(pidsOf(executor)).toHaveLength(2);
  });

  test('come back when one dies, with isolate', async () => {
    const executor = newPool({ maxWorkers: 2, minWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
    await executor.prewarm();
    await rejectionOf(executor.submit(killSelf));
    await waitUntil(
      () => executor.stats().workers.filter(({ state }) => state === 'idle').length === 2,
      5000,
    );
  });
});

describe('events', () => {
  test('tell of a worker that starts, is ready and exits', async () => {
    const executor = newPool();
    const seen: unknown[] = [];
    for (const name of ['workerStarted', 'workerReady', 'workerExited'] as const) {
      executor.on(name, (event: unknown) => seen.push([name, event]));
    }
    const pid = await executor.submit(pidOfWorker);
    const { executorId } = executor;
    await executor.shutdown();
    expect(seen).toEqual([
      ['workerStarted', { executorId, pid, rank: 0, reason: 'demand' }],
      ['workerReady', { executorId, pid, rank: 0 }],
      ['workerExited', { executorId, pid, rank: 0, exitCode: 0, signal: undefined, reason: 'shutdown' }],
    ]);
  });

  test('of output come line by line, with the name of the task', async () => {
    const executor = newPool({ stdio: 'events' });
    const lines: unknown[] = [];
    executor.on('output', ({ stream, line, task }) => lines.push([stream, line, task]));
    await executor.withOptions({ name: 'talk' }).submit(() => {
      process.stdout.write('one\ntwo');
      process.stdout.write('\n');
      process.stderr.write('bad\n');
    });
    await executor.shutdown(); // then all has come
    expect(lines).toEqual(
      expect.arrayContaining([
        ['stdout', 'one', 'talk'],
        ['stdout', 'two', 'talk'],
        ['stderr', 'bad', 'talk'],
      ]),
    );
  });

  test('that a listener throws at are reported by a warning and stop nothing', async () => {
    const executor = newPool();
    const warnings: unknown[] = [];
    const emitWarning = process.emitWarning;
    process.emitWarning = ((text: unknown) => warnings.push(text)) as typeof process.emitWarning;
    executor.on('workerReady', () => {
      throw new Error('bad listener');
    });
    try {
      expect(await executor.submit(square, 3)).toBe(9);
    } finally {
      process.emitWarning = emitWarning;
    }
    expect(warnings).toEqual([expect.stringContaining('bad listener')]);
  });
});
