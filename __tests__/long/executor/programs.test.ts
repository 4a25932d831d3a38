/** Programs that tasks run by execa: they end with their task, however it ends, and their memory counts. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();

/** Starts a shell that starts a program in the background, and reports the pids of both. */
async function runShell(): Promise<void> {
  const { execa } = await import('execa');
  const { reportProgress } = (await import('loky')) as typeof import('loky');
  const program = execa('sh', ['-c', 'sleep 1000 & echo $! ; echo $$ ; wait']);
  for await (const line of program) reportProgress(Number(line));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const gone = (pids: readonly number[]): Promise<void> =>
  waitUntil(
    () => !pids.some(isAlive),
    5000,
    () => 'the program and its child to be gone',
  );

async function pidsOf(future: { onProgress(fn: (value: unknown) => void): unknown }): Promise<number[]> {
  const pids: number[] = [];
  future.onProgress((pid) => pids.push(pid as number));
  await waitUntil(
    () => pids.length === 2,
    20_000,
    () => 'two pids',
  );
  expect(pids.every(isAlive)).toBe(true);
  return pids;
}

test('cancel({ kill }), a timeout and shutdown end the program with what it has started', async () => {
  const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  const cancelled = executor.submit(runShell);
  const first = await pidsOf(cancelled);
  cancelled.cancel({ kill: true });
  await gone(first);
  const late = executor.withOptions({ timeout: 2000 }).submit(runShell);
  const second = await pidsOf(late);
  expect(await rejectionOf(late)).toMatchObject({ name: 'TimeoutError' });
  await gone(second);
  const last = executor.submit(runShell);
  const third = await pidsOf(last);
  await executor.shutdown({ killWorkers: true });
  await gone(third);
});

test('its memory counts for memory.limit', async () => {
  const executor = newPool({
    maxWorkers: 1,
    onWorkerCrash: 'isolate',
    memory: { limit: 400e6 },
    stdio: 'ignore',
  });
  const grow = async () => {
    const { execa } = await import('execa');
    const text = 'import time\nkept = bytearray(600 * 1000 * 1000)\ntime.sleep(60)';
    await execa('python3', ['-c', text]);
  };
  expect(await rejectionOf(executor.submit(grow))).toMatchObject({ reason: 'memory-limit' });
});

test('its exit code and what it wrote to stderr are in the error', async () => {
  const executor = newPool({ maxWorkers: 1 });
  const fail = async () => {
    const { execa } = await import('execa');
    await execa('sh', ['-c', 'echo broken >&2; exit 7']);
  };
  expect(await rejectionOf(executor.submit(fail))).toMatchObject({ exitCode: 7, stderr: 'broken' });
});
