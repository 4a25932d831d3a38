/** What the system does not give: the pool goes on with what it has, or says what is missing. Nothing is lost. */
import { describe, expect } from '@jest/globals';
import { addressSpace, descriptors, limitedPrograms, processes, smallDisk, testUnder } from './limited.ts';

const runUnder = limitedPrograms();

/** 60 tasks for six workers; what became of them, how many workers there were, and whether that was told. */
const SIX_WORKERS = `
const executor = new ProcessPoolExecutor({ maxWorkers: 6, stdio: 'ignore', startTimeout: 4000 });
const pids = new Set();
const task = async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return process.pid;
};
const outcomes = await Promise.allSettled(Array.from({ length: 60 }, () => executor.submit(task)));
for (const { value } of outcomes) if (value !== undefined) pids.add(value);
await executor.shutdown();
say({ ...count(outcomes), workers: pids.size, warnings: [...new Set(warnings)], message: outcomes[0].reason?.message });
`;

describe('with too few descriptors', () => {
  const few = descriptors(100);

  testUnder(few, 'for all workers, tasks run on those that there are', async () => {
    const { said, code } = await runUnder(few, `leaveDescriptors(20);${SIX_WORKERS}`);
    expect({ code, said }).toMatchObject({
      code: 0,
      said: { values: 60, warnings: ['LOKY_WORKER_SHORTAGE'] },
    });
    expect((said as { workers: number }).workers).toBeLessThan(6);
  });

  testUnder(few, 'for a single worker, every task fails in the end with an error that says so', async () => {
    const { said, code } = await runUnder(few, `leaveDescriptors(5);${SIX_WORKERS}`);
    expect({ code, said }).toMatchObject({
      code: 0,
      said: {
        WorkerStartupError: 60,
        message: expect.stringMatching(/could not be started: .*EMFILE.*for 4000 ms \(startTimeout\)/),
      },
    });
  });

  testUnder(few, 'prewarm says that it cannot have as many workers as it wants', async () => {
    const { said } = await runUnder(
      few,
      `leaveDescriptors(20);
       const executor = new ProcessPoolExecutor({ maxWorkers: 6, startTimeout: 4000 });
       const error = await executor.prewarm().then(() => undefined, (error) => error);
       const value = await executor.submit(() => 'works');
       await executor.shutdown();
       say({ name: error?.name, message: error?.message, value });`,
    );
    expect(said).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringMatching(/EMFILE.* for 4000 ms .*; the executor goes on/),
      value: 'works',
    });
  });

  testUnder(few, 'a pool starts the missing workers once there are some again', async () => {
    const { said } = await runUnder(
      few,
      `const executor = new ProcessPoolExecutor({ maxWorkers: 2, stdio: 'ignore' });
       await executor.submit(() => 1);
       const giveBack = leaveDescriptors(0);
       const first = executor.submit(() => new Promise(() => setInterval(() => {}, 1000)));
       const second = executor.submit(() => 'needs a second worker');
       await wait(500);
       const state = second.state;
       giveBack();
       const value = await second;
       first.cancel({ kill: true });
       await executor.shutdown();
       say({ state, value, warnings });`,
    );
    expect(said).toEqual({
      state: 'pending',
      value: 'needs a second worker',
      warnings: ['LOKY_WORKER_SHORTAGE'],
    });
  });
});

describe('for a moment without descriptors', () => {
  const few = descriptors(100);

  testUnder(few, 'a pool without a worker waits for it, however many there are too few', async () => {
    const { said, code } = await runUnder(
      few,
      `const outcomes = [];
       for (let free = 0; free <= 10; free += 2) {
         const executor = new ProcessPoolExecutor({ maxWorkers: 2, spareWorkers: 1, stdio: 'ignore' });
         const giveBack = leaveDescriptors(free);
         const first = executor.submit(() => 1);
         const ready = executor.prewarm();
         await wait(150);
         giveBack();
         await ready;
         outcomes.push(await first + await executor.submit(() => 1), executor.stats().shortage);
         await executor.shutdown();
       }
       say(outcomes);`,
    );
    expect({ code, said }).toEqual({ code: 0, said: Array(6).fill([2, null]).flat() });
  });
});

describe('with too few processes and threads', () => {
  testUnder(processes(30), 'for all workers, tasks run on those that there are', async () => {
    const { said, code } = await runUnder(processes(30), SIX_WORKERS);
    expect({ code, said }).toMatchObject({
      code: 0,
      said: { values: 60, warnings: ['LOKY_WORKER_SHORTAGE'] },
    });
  });

  testUnder(
    processes(11),
    'for a single worker, every task fails in the end with an error that says so',
    async () => {
      const { said, code } = await runUnder(processes(11), SIX_WORKERS);
      expect({ code, said }).toMatchObject({ code: 0, said: { WorkerStartupError: 60 } });
    },
  );
});

describe('with little address space', () => {
  testUnder(addressSpace(6e9), 'a task that needs more fails, and the others do not', async () => {
    const { said, code } = await runUnder(
      addressSpace(6e9),
      `const executor = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate', stdio: 'ignore' });
       const hungry = () => {
         const all = [];
         for (let left = 10; left > 0; left -= 1) all.push(new ArrayBuffer(1e9));
         return all.length;
       };
       const outcomes = await Promise.allSettled([
         executor.submit(hungry),
         ...Array.from({ length: 20 }, (_, n) => executor.submit((n) => n, n)),
       ]);
       await executor.shutdown();
       say({ ...count(outcomes), message: outcomes[0].reason?.message });`,
    );
    expect({ code, said }).toEqual({
      code: 0,
      said: { values: 20, RangeError: 1, message: 'Array buffer allocation failed' },
    });
  });
});

const RUNS_AHEAD = `
const executor = new ProcessPoolExecutor({ maxWorkers: 2, stdio: 'ignore' });
const futures = Array.from({ length: 5000 }, (_, n) => executor.submit((n) => n * 2, n));
const cancelled = futures.filter((future, n) => n % 7 === 0 && future.cancel()).length;
const outcomes = await Promise.allSettled(futures);
const right = outcomes.every(({ status, value }, n) => status === 'rejected' || value === 2 * n);
await executor.shutdown();
say({ ...count(outcomes), cancelled, right });
`;

describe('with a full disk', () => {
  for (const [what, limit] of [
    ['room for one page of claims', smallDisk(4096, 100)],
    ['no file to be had', smallDisk(4096, 1)],
  ] as const) {
    testUnder(limit, `${what}: short tasks run, and cancelling stays exact`, async () => {
      const { code, stderr, said } = await runUnder(limit, RUNS_AHEAD);
      const { cancelled, ...rest } = said as { cancelled: number };
      expect({ code, stderr, rest }).toEqual({
        code: 0,
        stderr: '',
        rest: { values: 5000 - cancelled, CancelledError: cancelled, right: true },
      });
    });
  }
});
