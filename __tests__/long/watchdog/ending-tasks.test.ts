/** Every way to end a task ends its worker with all its descendants, and touches nobody else's task. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Future, ProcessPoolExecutor } from 'loky';
import { poolsOfEachTest, rejectionOf, sleepFor, square } from '../../executor/pools.ts';
import { aliveDescendants, waitUntil, waitUntilGone } from '../../helpers/processes.ts';

const pool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-ending-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Ends when the file is there. */
const pidOnceThereIs = async (file: string) => {
  const { existsSync } = process.getBuiltinModule('node:fs');
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return process.pid;
};

/** Starts a grandchild in its group and one in a session of its own; both spin, and so does the task. */
const startFamily = async (mark: string) => {
  const { spawn } = await import('node:child_process');
  const spin = ['-c', 'while :; do :; done', mark];
  spawn('/bin/sh', spin, { stdio: 'ignore' });
  spawn('/bin/sh', spin, { stdio: 'ignore', detached: true });
  for (;;);
};

let families = 0;
interface Family {
  readonly future: Future<never>;
  readonly pids: () => number[];
}

/** Resolves when its task has begun and its grandchildren run. */
async function family(executor: Pick<ProcessPoolExecutor, 'submit'>): Promise<Family> {
  families += 1;
  const mark = `family-${process.pid}-${families}`;
  const pids = () =>
    aliveDescendants()
      .filter(({ cmd }) => cmd.includes(mark))
      .map(({ pid }) => pid);
  const future = executor.submit(startFamily, mark) as Future<never>;
  await waitUntil(() => pids().length === 2 || future.done(), 10_000);
  return { future, pids };
}

const workersOf = (executor: ProcessPoolExecutor): number[] =>
  executor.stats().workers.flatMap(({ pid, state }) => (pid !== undefined && state === 'busy' ? [pid] : []));

/** A second worker is at work and others wait while `end` ends the family; all of them must go well. */
async function endAmongOthers(
  executor: ProcessPoolExecutor,
  tasks: Pick<ProcessPoolExecutor, 'submit'>,
  end: (future: Future<never>) => void,
): Promise<Error> {
  const { future, pids } = await family(tasks);
  const [worker] = workersOf(executor);
  const tree = [worker as number, ...pids()];
  const gate = join(folder, `gate-${families}`);
  const neighbour = executor.submit(pidOnceThereIs, gate);
  const queued = Array.from({ length: 50 }, (_, n) => executor.submit(square, n));
  await waitUntil(() => neighbour.running(), 10_000);
  const neighbourPid = workersOf(executor).find((pid) => pid !== worker);
  end(future);
  const error = await rejectionOf(future);
  await waitUntilGone(tree, 2_000);
  writeFileSync(gate, '');
  expect(await neighbour).toBe(neighbourPid);
  expect(await Promise.all(queued)).toEqual(queued.map((_, n) => n * n));
  const pid = await executor.submit(() => process.pid);
  expect(pid).not.toBe(worker);
  return error;
}

describe.each(['break', 'isolate'] as const)("with onWorkerCrash: '%s'", (onWorkerCrash) => {
  test('cancel({ kill: true }) ends the tree', async () => {
    const executor = pool({ maxWorkers: 2, onWorkerCrash });
    const error = await endAmongOthers(executor, executor, (future) => {
      expect(future.cancel()).toBe(false);
      expect(future.cancel({ kill: true })).toBe(true);
      expect(future.cancelled()).toBe(true);
    });
    expect(error.name).toBe('CancelledError');
  });

  test('a timeout ends the tree', async () => {
    const executor = pool({ maxWorkers: 2, onWorkerCrash });
    const error = await endAmongOthers(executor, executor.withOptions({ timeout: 1_500 }), () => {});
    expect(error.name).toBe('TimeoutError');
  });

  test('an aborted signal ends the tree', async () => {
    const executor = pool({ maxWorkers: 2, onWorkerCrash });
    const controller = new AbortController();
    const reason = new Error('nobody wants it any more');
    const error = await endAmongOthers(executor, executor.withOptions({ signal: controller.signal }), () =>
      controller.abort(reason),
    );
    expect(error).toMatchObject({ name: 'CancelledError', cause: reason });
  });
});

test.each(['killWorkers', 'kill_workers'])(
  'shutdown({ %s: true }) ends the trees of all',
  async (spelling) => {
    const executor = pool({ maxWorkers: 2 });
    const families = [await family(executor), await family(executor)];
    const waiting = executor.submit(square, 2);
    const tree = [...workersOf(executor), ...families.flatMap(({ pids }) => pids())];
    expect(tree).toHaveLength(6);
    const start = performance.now();
    await executor.shutdown({ [spelling]: true });
    expect(performance.now() - start).toBeLessThan(5_000);
    await waitUntilGone(tree, 2_000); // `shutdown` waits for its workers alone, not for what these have started
    for (const future of [...families.map(({ future }) => future), waiting]) {
      expect(await rejectionOf(future)).toMatchObject({
        name: 'ShutdownExecutorError',
        message: 'The Executor was shutdown with `killWorkers: true` before this job could complete.',
      });
    }
  },
);

describe('memory.limit', () => {
  test.each([
    [
      'of the worker alone',
      async () => {
        const kept: Buffer[] = [];
        for (;;) {
          kept.push(Buffer.alloc(20e6, 1));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
    ],
    [
      'of a descendant',
      async () => {
        const { spawn } = await import('node:child_process');
        spawn(
          process.execPath,
          ['-e', 'globalThis.kept = Buffer.alloc(400e6, 1); setInterval(() => {}, 1e6)'],
          {
            stdio: 'ignore',
          },
        );
        return new Promise<never>(() => setInterval(() => {}, 1e6));
      },
    ],
  ])('ends a task in the middle by the memory %s, and says the figures', async (_, task) => {
    const executor = pool({ maxWorkers: 2, onWorkerCrash: 'isolate', memory: { limit: 300e6 } });
    const future = executor.withOptions({ name: 'hungry' }).submit(task);
    const neighbours = executor.map(square, [1, 2, 3]).toArray();
    await waitUntil(() => future.running(), 10_000);
    const error = await rejectionOf(future);
    expect(error).toMatchObject({ name: 'TerminatedWorkerError', reason: 'memory-limit', task: 'hungry' });
    expect((error as Error & { memory: number }).memory).toBeGreaterThan(300e6);
    expect(error.message).toMatch(/used \d+ MB with its descendants, more than memory\.limit \(300 MB\)/);
    expect(await neighbours).toEqual([1, 4, 9]);
    expect(await executor.submit(square, 5)).toBe(25);
  });
});

describe('who was in time', () => {
  test('a task that has answered is not ended for a timeout that this process was too busy to notice', async () => {
    const executor = pool();
    await executor.prewarm();
    const future = executor.withOptions({ timeout: 100 }).submit(square, 3);
    const end = performance.now() + 400;
    while (performance.now() < end);
    expect(await future).toBe(9);
  });

  test('a timeout does not count the time that a task waits, nor that of a worker that starts', async () => {
    const executor = pool({ initializer: () => new Promise((resolve) => setTimeout(resolve, 1_100)) });
    const timed = executor.withOptions({ timeout: 1_000 });
    const futures = [timed.submit(square, 2), executor.submit(sleepFor, 1_100), timed.submit(square, 3)];
    expect(await Promise.all(futures)).toEqual([4, 1_100, 9]);
  });
});

test('no signal is sent to a pid whose exit was seen', async () => {
  const executor = pool({ onWorkerCrash: 'isolate' });
  const controller = new AbortController();
  const pid = await executor.submit(() => process.pid);
  const future = executor.withOptions({ signal: controller.signal }).submit(() => process.exit(1));
  await rejectionOf(future);
  const original = process.kill;
  const signalled: number[] = [];
  process.kill = (target, signal) => {
    if (signal !== 0) signalled.push(Math.abs(target));
    return original.call(process, target, signal);
  };
  try {
    await waitUntil(() => !executor.stats().workers.some((worker) => worker.pid === pid), 5_000);
    signalled.length = 0;
    controller.abort();
    future.cancel({ kill: true });
    await executor.shutdown({ killWorkers: true });
    expect(signalled).not.toContain(pid);
  } finally {
    process.kill = original;
  }
});

test('a pending task that is cancelled keeps no shutdown waiting, also with killWorkers', async () => {
  for (const killWorkers of [false, true]) {
    const executor = pool();
    const first = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 100, 'first')));
    const second = executor.submit(square, 2);
    expect(second.cancel()).toBe(true);
    await Promise.all([executor.shutdown({ killWorkers }), first.exception()]);
    expect(second.cancelled()).toBe(true);
  }
});

test('a pending task that is cancelled before a crash takes no other with it', async () => {
  const executor = pool({ onWorkerCrash: 'isolate' });
  const crash = executor.submit(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(process.pid, 'SIGKILL');
  });
  const [second, third] = [executor.submit(square, 2), executor.submit(square, 3)];
  expect(second.cancel()).toBe(true);
  expect((await rejectionOf(crash)).name).toBe('TerminatedWorkerError');
  expect(await third).toBe(9);
});
