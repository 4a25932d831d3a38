/** Nobody is told of the start of a task that its worker never began. */
import { describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor, TaskSettledEvent } from 'loky';
import { pidOfWorker, poolsOfEachTest } from '../../executor/pools.ts';

const newPool = poolsOfEachTest();

const spin = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

/** Its worker runs a long task, and has been sent short ones behind it. */
async function sendAhead(
  executor: ProcessPoolExecutor,
): Promise<{ started: number[]; ended: TaskSettledEvent[] }> {
  await Promise.all(Array.from({ length: 200 }, () => executor.submit(spin, 0))); // known to be short
  const started: number[] = [];
  const ended: TaskSettledEvent[] = [];
  executor.on('taskStarted', ({ id }) => started.push(id));
  executor.on('taskSettled', (event) => ended.push(event));
  executor.submit(spin, 60_000);
  for (let i = 0; i < 10; i += 1) executor.submit(spin, 0);
  await Promise.resolve(); // what is submitted in one go is sent ahead in one go
  expect(executor.stats()).toMatchObject({ running: 1, pending: 10 });
  return { started, ended };
}

describe('tasks that were sent ahead of their turn, and then', () => {
  test('were lost when the pool was shut down with killWorkers, have not been started', async () => {
    const executor = newPool();
    const { started, ended } = await sendAhead(executor);
    await executor.shutdown({ killWorkers: true });
    expect(ended.map(({ outcome }) => outcome)).toEqual(Array(11).fill('lost'));
    expect(started).toEqual([ended[0]?.id]);
    for (const { pid, startedAt, runTime } of ended.slice(1))
      expect({ pid, startedAt, runTime }).toEqual({
        pid: undefined,
        startedAt: undefined,
        runTime: undefined,
      });
  });

  test('were cancelled by a shutdown, never begin', async () => {
    const executor = newPool();
    const { started, ended } = await sendAhead(executor);
    const closed = executor.shutdown({ cancelFutures: true });
    expect(ended.map(({ outcome }) => outcome)).toEqual(Array(10).fill('cancelled'));
    await executor.shutdown({ killWorkers: true });
    await closed;
    expect(started).toEqual([ended[10]?.id]);
  });

  test('are settled, whatever a listener does that hears of the start of another one', async () => {
    const executor = newPool();
    await Promise.all(Array.from({ length: 200 }, () => executor.submit(spin, 0)));
    executor.on('taskSettled', () => {}); // tasks are watched from the start
    const futures = [20, 60_000, 0, 0, 0].map((ms) => executor.submit(spin, ms));
    await new Promise(setImmediate); // they are on their way
    spin(60); // the second one has begun, which nobody has heard of
    executor.on('taskStarted', () => {
      for (const future of futures) future.cancel({ kill: true });
    });
    await executor.shutdown({ killWorkers: true });
    expect(futures.filter((future) => !future.done())).toEqual([]);
  });
});

test('a task that its worker died without having read is started once, by the next one', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate' });
  const pid = await executor.submit(pidOfWorker);
  process.kill(pid, 'SIGSTOP');
  const future = executor.submit(pidOfWorker);
  await new Promise(setImmediate); // it is on its way
  const attempts: number[] = [];
  executor.on('taskStarted', ({ attempt }) => attempts.push(attempt));
  process.kill(pid, 'SIGKILL');
  expect(await future).not.toBe(pid);
  expect(attempts).toEqual([1]);
});
