/** What a task sends has left its worker when the call returns, also if the host is busy and the task gives way to nothing. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { reportProgress, resourceTracker } from 'loky';
import { packageUrl } from '../executor/host-script.ts';
import { pidOfWorker, poolsOfEachTest, sleepFor } from '../executor/pools.ts';
import { waitUntil } from '../helpers/processes.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-to-the-end-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing is read meanwhile. */
function beBusyUntil(path: string, andThen: number): void {
  const patience = performance.now() + 20_000;
  while (!existsSync(path) && performance.now() < patience);
  const end = performance.now() + andThen;
  while (performance.now() < end);
}

test('a large report arrives while the task that made it blocks its thread', async () => {
  const heard = join(folder, 'heard');
  const future = newPool().submit(
    (report: typeof reportProgress, path: string) => {
      const { existsSync } = process.getBuiltinModule('node:fs');
      const clock = new Int32Array(new SharedArrayBuffer(4));
      report(Buffer.alloc(4_000_000));
      while (!existsSync(path)) Atomics.wait(clock, 0, 0, 10);
      return 'heard';
    },
    reportProgress,
    heard,
  );
  future.onProgress(() => writeFileSync(heard, ''));
  await expect(future.result({ timeout: 30_000 })).resolves.toBe('heard');
});

test('a host that reads nothing does not hold up a task that reports: the latest report is kept', async () => {
  const reported = join(folder, 'reported');
  const executor = newPool();
  await executor.submit(pidOfWorker);
  const future = executor.submit(
    (report: typeof reportProgress, path: string) => {
      const { writeFileSync } = process.getBuiltinModule('node:fs');
      const clock = new Int32Array(new SharedArrayBuffer(4));
      for (let round = 0; round <= 1_000; round += 1) {
        report(round);
        Atomics.wait(clock, 0, 0, 1);
      }
      writeFileSync(path, '');
    },
    reportProgress,
    reported,
  );
  const reports: unknown[] = [];
  future.onProgress((value) => reports.push(value));
  await sleepFor(20); // the call has left this process
  beBusyUntil(reported, 0);
  await future;
  expect(reports.at(-1)).toBe(1_000);
});

test('all that a task had registered before it was killed is known, though the host was busy', async () => {
  const files = join(folder, 'registered');
  const begun = join(folder, 'begun');
  const executor = newPool({ onWorkerCrash: 'isolate' });
  await executor.submit(pidOfWorker);
  const lost = executor.submit(
    async (url: string, path: string, sign: string) => {
      const { mkdirSync, writeFileSync } = await import('node:fs');
      const loky = (await import(url)) as typeof import('loky');
      mkdirSync(path);
      writeFileSync(sign, '');
      for (let index = 0; index < 2_000; index += 1) {
        writeFileSync(`${path}/${index}`, '');
        loky.resourceTracker.register(`${path}/${index}`, 'file');
      }
      process.kill(process.pid, 'SIGKILL');
    },
    packageUrl,
    files,
    begun,
  );
  await sleepFor(20); // the call has left this process
  beBusyUntil(begun, 500);
  await expect(lost).rejects.toMatchObject({ name: 'TerminatedWorkerError' });
  expect(readdirSync(files)).toHaveLength(2_000);
  for (const name of readdirSync(files)) resourceTracker.maybeUnlink(join(files, name), 'file');
  await waitUntil(() => readdirSync(files).length === 0, 10_000);
});
