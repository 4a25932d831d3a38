/** The resource tracker as tasks use it: workers at any depth count together with the main process. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ProcessPoolExecutor, resourceTracker } from 'loky';
import { packageUrl, scriptFolder } from '../executor/host-script.ts';
import { poolsOfEachTest } from '../executor/pools.ts';
import { aliveDescendants, ignoresSignals, waitUntil } from '../helpers/processes.ts';

const temporary = mkdtempSync(join(tmpdir(), 'loky-resources-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let count = 0;
function create(): string {
  count += 1;
  const path = join(temporary, `file ${count}`);
  writeFileSync(path, 'contents');
  return path;
}

/** The guardian searches all processes before it removes files: of a busy machine, that takes seconds. */
const gone = (path: string, ms = 20_000) =>
  waitUntil(
    () => !existsSync(path),
    ms,
    () => `${path} to be removed`,
  );

const order = async (url: string, verb: 'register' | 'unregister' | 'maybeUnlink', path: string) => {
  const loky = (await import(url)) as typeof import('loky');
  loky.resourceTracker[verb](path, 'file');
};

describe('in this process', () => {
  const pool = poolsOfEachTest();

  test('what a worker has registered is removed with the last user, whoever that is', async () => {
    const executor = pool();
    const path = create();
    resourceTracker.register(path, 'file');
    await executor.submit(order, packageUrl, 'register', path);
    resourceTracker.maybeUnlink(path, 'file');
    await executor.submit(order, packageUrl, 'register', path);
    await executor.submit(order, packageUrl, 'maybeUnlink', path);
    expect(existsSync(path)).toBe(true);
    await executor.submit(order, packageUrl, 'maybeUnlink', path);
    await gone(path);
  });

  test('the host has carried out what a task ordered by the time that it has its result', async () => {
    const executor = pool();
    for (let round = 0; round < 20; round += 1) {
      const path = create();
      await executor.submit(order, packageUrl, 'register', path);
      resourceTracker.maybeUnlink(path, 'file');
      await gone(path);
    }
  });

  test('the workers of a nested executor count together with all others', async () => {
    const path = create();
    resourceTracker.register(path, 'file');
    await pool().submit(
      async (url: string, file: string, run: typeof order) => {
        const loky = (await import(url)) as typeof import('loky');
        const nested = new loky.ProcessPoolExecutor({ maxWorkers: 1 });
        loky.resourceTracker.register(file, 'file');
        await nested.submit(run, url, 'maybeUnlink', file);
        await nested.shutdown();
      },
      packageUrl,
      path,
      order,
    );
    expect(existsSync(path)).toBe(true);
    resourceTracker.maybeUnlink(path, 'file');
    await gone(path);
  });

  test('an order of a worker that is killed right after it is not lost', async () => {
    const executor = pool({ onWorkerCrash: 'isolate' });
    const path = create();
    const lost = executor.submit(
      async (url: string, file: string) => {
        const loky = (await import(url)) as typeof import('loky');
        loky.resourceTracker.register(file, 'file');
        process.kill(process.pid, 'SIGKILL');
        for (;;);
      },
      packageUrl,
      path,
    );
    expect((await lost.exception())?.name).toBe('TerminatedWorkerError');
    expect(existsSync(path)).toBe(true);
    resourceTracker.maybeUnlink(path, 'file'); // would warn, and leave it, if it did not know of it
    await gone(path);
  });

  test('a shutdown waits until the helper process is gone', async () => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const path = create();
    await executor.submit(order, packageUrl, 'register', path);
    await executor.submit(order, packageUrl, 'maybeUnlink', path);
    await executor.shutdown();
    expect(existsSync(path)).toBe(false);
  });
});

describe('in a program that is killed', () => {
  const run = scriptFolder();

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s, what a worker that spins has registered is removed',
    async (signal) => {
      const path = create();
      // With the result of a task, its host has carried out what the task ordered.
      const script = run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      await executor.submit(async (url, path) => {
        const { resourceTracker } = await import(url);
        resourceTracker.register(path, 'file');
      }, ${JSON.stringify(packageUrl)}, ${JSON.stringify(path)});
      executor.submit(() => { for (;;); });
      console.log('"begun"');`);
      await script.line();
      const hasBegun = () => {
        const all = aliveDescendants(script.child.pid);
        const helper = all.find(({ cmd }) => cmd.includes('# loky guardian'));
        return helper !== undefined && ignoresSignals(helper.pid);
      };
      await waitUntil(hasBegun, 10_000);
      script.child.kill(signal);
      await gone(path);
      const { stderr } = await script.ended;
      expect(stderr.trim()).toBe(
        `loky resource tracker: removing 1 leaked file that process ${script.child.pid} had registered and left behind`,
      );
    },
  );
});
