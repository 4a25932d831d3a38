/** Workers in reserve take over at once; others are kept whatever the idle timeout says. */
import { describe, expect, test } from '@jest/globals';
import type { ProcessPoolExecutor } from 'loky';
import { scriptFolder, WELL } from '../executor/host-script.ts';
import { pidOfWorker, poolsOfEachTest, rejectionOf, square } from '../executor/pools.ts';
import { waitUntil } from '../helpers/processes.ts';

const pool = poolsOfEachTest();
const runScript = scriptFolder();
const spares = (executor: ProcessPoolExecutor): (number | undefined)[] =>
  executor.stats().workers.flatMap(({ state, pid }) => (state === 'spare' ? [pid] : []));

describe('a spare worker', () => {
  test('takes over when a task is ended for its timeout', async () => {
    const executor = pool({ spareWorkers: 1 });
    await executor.prewarm();
    for (let round = 0; round < 3; round += 1) {
      await waitUntil(() => spares(executor).length === 1, 10_000);
      const [spare] = spares(executor);
      const future = executor.withOptions({ timeout: 100 }).submit(() => {
        for (;;);
      });
      await waitUntil(() => future.running(), 20_000);
      const next = executor.submit(pidOfWorker);
      expect((await rejectionOf(future)).name).toBe('TimeoutError');
      expect(await next).toBe(spare);
    }
  });

  test('has loaded the modules of the functions that were called of late', async () => {
    const { said, ...end } = await runScript(`
      import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
      import { tmpdir } from 'node:os';
      const folder = mkdtempSync(tmpdir() + '/loky-test-');
      process.on('exit', () => rmSync(folder, { recursive: true }));
      writeFileSync(folder + '/module.mjs', \`
        import { writeFileSync } from 'node:fs';
        writeFileSync(new URL(process.pid + '.loaded', import.meta.url), '');
        export const pid = () => process.pid;\`);
      const { pid } = await import(folder + '/module.mjs');
      const hasLoadedIt = (worker) => existsSync(folder + '/' + worker + '.loaded');
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, spareWorkers: 1, onWorkerCrash: 'isolate' });
      const spare = () => executor.stats().workers.find(({ state }) => state === 'spare')?.pid;
      const until = async (condition) => { while (!condition()) await sleep(2); };
      await executor.prewarm();
      await until(spare);
      const first = spare();
      const worker = await executor.submit(pid);
      await until(() => hasLoadedIt(first)); // it was there already
      process.kill(worker, 'SIGKILL');
      await until(() => executor.stats().workers.length === 1);
      say((await executor.submit(pid)) === first);
      await until(() => spare() !== undefined && spare() !== first);
      await until(() => hasLoadedIt(spare())); // it came later
      await executor.shutdown();
    `).ended;
    expect(end).toMatchObject(WELL);
    expect(said).toEqual([true]);
  });

  test.each(['SIGKILL', 'SIGSEGV'] as const)('takes over when a worker dies by %s', async (signal) => {
    const executor = pool({ spareWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore' });
    await executor.submit(square, 1);
    await waitUntil(() => spares(executor).length === 1, 10_000);
    const [spare] = spares(executor);
    const future = executor.submit((name: string) => {
      process.kill(process.pid, name);
      for (;;);
    }, signal);
    const next = executor.submit(pidOfWorker);
    expect((await rejectionOf(future)).message).toContain(signal);
    expect(await next).toBe(spare);
    await waitUntil(() => spares(executor).length === 1, 10_000);
    expect(spares(executor)).not.toContain(spare);
  });

  test('is not what prewarm waits for', async () => {
    for (let round = 0; round < 4; round += 1) {
      const executor = pool({ maxWorkers: 1, spareWorkers: 1 });
      await executor.prewarm();
      expect(executor.stats().workers.map(({ state }) => state)).toContain('idle');
    }
  });

  test('is initialized, runs nothing meanwhile, and is no worker of maxWorkers', async () => {
    const executor = pool({
      maxWorkers: 1,
      spareWorkers: 2,
      initializer: () => {
        (globalThis as { ready?: boolean }).ready = true;
      },
    });
    const ready = () => [process.pid, (globalThis as { ready?: boolean }).ready] as const;
    const [first] = await executor.submit(ready);
    await waitUntil(() => spares(executor).length === 2, 10_000);
    const pids = await Promise.all(Array.from({ length: 50 }, () => executor.submit(pidOfWorker)));
    expect(new Set(pids)).toEqual(new Set([first]));
    const future = executor.submit(() => {
      for (;;);
    });
    await waitUntil(() => future.running(), 20_000);
    future.cancel({ kill: true });
    expect((await executor.submit(ready))[1]).toBe(true);
  });
});

test('minWorkers stay, however long they are idle; the others leave', async () => {
  const executor = pool({ maxWorkers: 3, minWorkers: 1, idleTimeout: 50 });
  await executor.prewarm();
  await waitUntil(() => executor.stats().workers.length === 1, 20_000);
  const [kept] = executor.stats().workers;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await executor.submit(pidOfWorker)).toBe(kept?.pid);
});
