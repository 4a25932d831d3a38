/** An executor tells of its workers and tasks to those who listen, and to nobody else. */
import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import {
  type ProcessPoolExecutor,
  type TaskQueuedEvent,
  type TaskSettledEvent,
  type TaskStartedEvent,
  TimeoutError,
  type WorkerExitedEvent,
} from 'loky';
import { killSelf, poolsOfEachTest, runForEver, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

interface Heard {
  readonly names: string[];
  readonly queued: TaskQueuedEvent[];
  readonly started: TaskStartedEvent[];
  readonly settled: TaskSettledEvent[];
  readonly exited: WorkerExitedEvent[];
}

function listenTo(executor: ProcessPoolExecutor): Heard {
  const heard: Heard = { names: [], queued: [], started: [], settled: [], exited: [] };
  const note = <T>(name: string, list: T[]) => {
    return (event: T) => {
      heard.names.push(name);
      list.push(event);
    };
  };
  executor.on('workerStarted', () => heard.names.push('workerStarted'));
  executor.on('workerReady', () => heard.names.push('workerReady'));
  executor.on('taskQueued', note('taskQueued', heard.queued));
  executor.on('taskStarted', note('taskStarted', heard.started));
  executor.on('taskSettled', note('taskSettled', heard.settled));
  executor.on('workerExited', note('workerExited', heard.exited));
  return heard;
}

test('a task is queued, started and settled, in this order, with its worker and its times', async () => {
  const executor = newPool();
  const heard = listenTo(executor);
  const pid = await executor.withOptions({ name: 'who' }).submit(() => process.pid);
  await executor.shutdown();
  // The first worker boots while the call is prepared.
  const expected = 'workerStarted taskQueued workerReady taskStarted taskSettled workerExited';
  expect(heard.names.join(' ')).toBe(expected);
  const [queued, started, settled] = [heard.queued[0], heard.started[0], heard.settled[0]];
  const { executorId } = executor;
  expect(queued).toMatchObject({ executorId, name: 'who', isChunk: false });
  expect(started).toMatchObject({ executorId, id: queued?.id, name: 'who', pid, rank: 0, attempt: 1 });
  expect(settled).toMatchObject({ id: queued?.id, name: 'who', pid, rank: 0, outcome: 'succeeded' });
  expect(settled?.waitTime).toBe(started?.waitTime);
  expect((queued?.submittedAt ?? 0) + (started?.waitTime ?? 0)).toBeCloseTo(started?.startedAt ?? 0, 6);
  expect(started?.waitTime).toBeGreaterThan(0); // its process may have got ready while the call was prepared
  expect(settled?.runTime).toBeLessThan(1000);
  expect(heard.exited).toEqual([
    { executorId, pid, rank: 0, exitCode: 0, signal: undefined, reason: 'shutdown' },
  ]);
});

test('each of many short tasks, which are sent several at a time, is started before it is settled, on its worker', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const heard = listenTo(executor);
  await Promise.all(Array.from({ length: 2_000 }, (_, index) => executor.submit(square, index)));
  const ids = heard.queued.map(({ id }) => id);
  expect(new Set(ids).size).toBe(2_000);
  expect(heard.settled.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
  const begun = new Set<number>();
  const order = heard.names.filter((name) => /task(Started|Settled)/.test(name));
  const [started, settled] = [[...heard.started], [...heard.settled]];
  for (const name of order) {
    if (name === 'taskStarted') begun.add((started.shift() as TaskStartedEvent).id);
    else expect(begun).toContain((settled.shift() as TaskSettledEvent).id);
  }
  for (const { pid, rank, waitTime, runTime } of heard.settled) {
    expect([0, 1]).toContain(rank);
    expect(pid).toBeGreaterThan(0);
    expect(waitTime).toBeGreaterThanOrEqual(0);
    expect(runTime).toBeGreaterThanOrEqual(0);
  }
});

describe('the outcome of a task', () => {
  test('that throws is failed, with its error', async () => {
    const executor = newPool();
    const heard = listenTo(executor);
    const error = await executor
      .submit(() => {
        throw new RangeError('no');
      })
      .exception();
    expect(heard.settled).toMatchObject([{ outcome: 'failed', error }]);
  });

  test('that runs too long is timed-out, and its worker exits for that', async () => {
    const executor = newPool();
    const heard = listenTo(executor);
    const exited = once(executor, 'workerExited');
    const error = await executor.withOptions({ timeout: 100 }).submit(runForEver).exception();
    expect(error).toBeInstanceOf(TimeoutError);
    await exited;
    expect(heard.settled).toMatchObject([{ outcome: 'timed-out', error, rank: 0 }]);
    expect(heard.settled[0]?.runTime).toBeGreaterThan(90);
    expect(heard.exited).toMatchObject([{ reason: 'timed-out', signal: 'SIGKILL' }]);
  });

  test('that is cancelled before it began is cancelled, without a worker', async () => {
    const executor = newPool();
    const heard = listenTo(executor);
    const running = executor.submit(runForEver);
    const waiting = executor.submit(square, 1);
    waiting.cancel();
    await once(executor, 'workerReady');
    running.cancel({ kill: true });
    await executor.shutdown();
    expect(heard.settled).toMatchObject([
      { outcome: 'cancelled', pid: undefined, rank: undefined, startedAt: undefined, runTime: undefined },
      { outcome: 'cancelled', rank: 0 },
    ]);
    expect(heard.exited).toMatchObject([{ reason: 'cancelled' }]);
  });

  test('that loses its worker is lost, and is started once more for each retry', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', crashRetries: 1 });
    const heard = listenTo(executor);
    await executor.submit(killSelf).exception();
    expect(heard.queued).toHaveLength(1);
    expect(heard.started.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(heard.settled).toMatchObject([{ outcome: 'lost', error: { name: 'TerminatedWorkerError' } }]);
    expect(heard.exited.map(({ reason, signal }) => [reason, signal])).toEqual([
      ['crash', 'SIGKILL'],
      ['crash', 'SIGKILL'],
    ]);
  });

  test('of a pool that breaks, or is shut down with killWorkers, is lost', async () => {
    const [broken, ended] = [newPool(), newPool()];
    const [ofBroken, ofEnded] = [listenTo(broken), listenTo(ended)];
    const waiting = [broken.submit(killSelf), broken.submit(square, 1), ended.submit(runForEver)];
    await waiting[0]?.exception();
    await ended.shutdown({ killWorkers: true });
    await Promise.all(waiting.map((future) => future.exception()));
    expect(ofBroken.settled.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
    expect(ofEnded.settled.map(({ outcome }) => outcome)).toEqual(['lost']);
  });
});

test('why workers end is told: idle for too long, or their share of tasks is done', async () => {
  const idle = newPool({ idleTimeout: 20 });
  const shared = newPool({ maxTasksPerWorker: 1 });
  const [ofIdle, ofShared] = [listenTo(idle), listenTo(shared)];
  const exits = [once(idle, 'workerExited'), once(shared, 'workerExited')];
  await Promise.all([idle.submit(square, 1), shared.submit(square, 1), ...exits]);
  expect(ofIdle.exited).toMatchObject([{ reason: 'idle-timeout' }]);
  expect(ofShared.exited).toMatchObject([{ reason: 'recycled' }]);
});

test('somebody who begins to listen while a task runs hears of its end', async () => {
  const executor = newPool();
  const future = executor.submit(square, 3);
  const settled = once(executor, 'taskSettled');
  expect(await future).toBe(9);
  expect(await settled).toMatchObject([{ name: 'square', outcome: 'succeeded', rank: 0 }]);
});

test('a listener of tasks that throws is reported by a warning and stops nothing', async () => {
  const executor = newPool();
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    executor.on('taskSettled', () => {
      throw new Error('from the listener');
    });
    expect(await executor.submit(square, 2)).toBe(4);
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/taskSettled threw.*from the listener/s),
      expect.objectContaining({ code: 'LOKY_LISTENER_THREW' }),
    );
  } finally {
    warn.mockRestore();
  }
});

test('all ways to listen work, and who has stopped listening hears nothing', async () => {
  const executor = newPool();
  const heard: string[] = [];
  executor.addListener('taskQueued', () => heard.push('addListener'));
  executor.prependListener('taskQueued', () => heard.push('prependListener'));
  executor.once('taskQueued', () => heard.push('once'));
  executor.prependOnceListener('taskQueued', () => heard.push('prependOnceListener'));
  await executor.submit(square, 1);
  expect(heard).toEqual(['prependOnceListener', 'prependListener', 'addListener', 'once']);
  executor.removeAllListeners('taskQueued');
  await executor.submit(square, 1);
  expect(heard).toHaveLength(4);
});
