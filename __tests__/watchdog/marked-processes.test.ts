/** What a task started in a session of its own, and whose parent is gone, is ended with its worker all the same. */
import { expect, test } from '@jest/globals';
import { ProcessPoolExecutor } from 'loky';
import { isRunning, waitUntilGone } from '../helpers/processes.ts';

async function startDetached(thenExit: boolean): Promise<number> {
  const { spawn } = await import('node:child_process');
  const { writeFileSync } = await import('node:fs');
  const { pid } = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  writeFileSync(process.env.PID_FILE as string, String(pid));
  if (thenExit) process.exit(5);
  return pid as number;
}

test.each([
  ['its worker crashes', true],
  ['its worker leaves', false],
])('a detached process of a task is gone after shutdown when %s', async (_, thenExit) => {
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(join(tmpdir(), 'loky-detached-'));
  const file = join(folder, 'pid');
  const executor = new ProcessPoolExecutor({
    maxWorkers: 1,
    onWorkerCrash: 'isolate',
    env: { PID_FILE: file },
  });
  await executor.submit(startDetached, thenExit).exception();
  const pid = Number(readFileSync(file, 'utf8'));
  expect(pid).toBeGreaterThan(1);
  await executor.shutdown();
  await waitUntilGone([pid], 2000);
  expect(isRunning(pid)).toBe(false);
  rmSync(folder, { recursive: true });
});
