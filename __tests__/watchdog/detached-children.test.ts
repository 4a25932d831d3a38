/** A child that a task detached, with an environment of its own, goes with its worker when that is asked to leave. */
import { describe, expect, test } from '@jest/globals';
import { poolsOfEachTest } from '../executor/pools.ts';
import { isRunning, waitUntilGone } from '../helpers/processes.ts';

const newPool = poolsOfEachTest();

const detach = (): number | undefined => {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const env = { PATH: process.env['PATH'] };
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env });
  child.unref();
  return child.pid;
};

describe('it is gone', () => {
  test('after shutdown', async () => {
    const executor = newPool();
    const pid = (await executor.submit(detach)) as number;
    expect(isRunning(pid)).toBe(true);
    await executor.shutdown();
    await waitUntilGone([pid], 2_000); // it was told to end, and the system takes a moment for it
  });

  test('when its worker was idle for too long', async () => {
    const executor = newPool({ idleTimeout: 100 });
    const pid = (await executor.submit(detach)) as number;
    await waitUntilGone([pid], 10_000);
  });

  test('when its worker was recycled', async () => {
    const executor = newPool({ maxTasksPerWorker: 1 });
    const pid = (await executor.submit(detach)) as number;
    await waitUntilGone([pid], 10_000);
  });
});
