/** Executors inside of workers: they know where they are, go only so deep, and end with their worker. */
import { describe, expect, test } from '@jest/globals';
import { workerInfo } from 'loky';
import { packageUrl, scriptFolder, WELL } from '../executor/host-script.ts';
import { poolsOfEachTest, rejectionOf, square } from '../executor/pools.ts';
import { aliveDescendants, waitUntil, waitUntilGone } from '../helpers/processes.ts';

const pool = poolsOfEachTest();
type Loky = typeof import('loky');

/** How deep executors could be nested below this process, up to `wanted`, and what stopped it. */
const nest = async (url: string, wanted: number, self: unknown): Promise<string[]> => {
  const { ProcessPoolExecutor, workerInfo } = (await import(url)) as Loky;
  const here = `depth ${workerInfo()?.depth}`;
  if (wanted === 0) return [here];
  try {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    const below = await executor.submit(self as typeof nest, url, wanted - 1, self);
    await executor.shutdown();
    return [here, ...below];
  } catch (error) {
    return [here, `${(error as Error).name}: ${(error as Error).message}`];
  }
};

test('executors can be nested as deep as LOKY_MAX_DEPTH says, and no deeper', async () => {
  const executor = pool({ env: { LOKY_MAX_DEPTH: '3' } });
  expect(await executor.submit(nest, packageUrl, 2, nest)).toEqual(['depth 1', 'depth 2', 'depth 3']);
  const tooDeep = await executor.submit(nest, packageUrl, 3, nest);
  expect(tooDeep.slice(0, 3)).toEqual(['depth 1', 'depth 2', 'depth 3']);
  expect(tooDeep[3]).toMatch(/^LokyRecursionError: .*depth 4.*maximum of 3.*LOKY_MAX_DEPTH/);
});

test.each(['0', '-1'])('with LOKY_MAX_DEPTH=%s there is no limit', async (depth) => {
  const executor = pool({ env: { LOKY_MAX_DEPTH: depth, LOKY_DEPTH: '40' } });
  expect(await executor.submit(nest, packageUrl, 1, nest)).toEqual(['depth 1', 'depth 2']);
});

describe('workerInfo', () => {
  test('is undefined in a main process', () => {
    expect(workerInfo()).toBeUndefined();
  });

  test('tells rank, depth and executor; ranks are those of the living workers', async () => {
    const executor = pool({ maxWorkers: 2, onWorkerCrash: 'isolate' });
    await executor.prewarm();
    const infoOf = async (url: string) => {
      const loky = (await import(url)) as Loky;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return loky.workerInfo();
    };
    const infos = await Promise.all([
      executor.submit(infoOf, packageUrl),
      executor.submit(infoOf, packageUrl),
    ]);
    const { executorId } = executor;
    const expected = [0, 1].map((rank) => ({ rank, depth: 1, executorId }));
    expect([...infos].sort((a, b) => (a?.rank ?? 0) - (b?.rank ?? 0))).toEqual(expected);
    await rejectionOf(executor.submit(() => process.exit(1)));
    await executor.prewarm();
    const again = await Promise.all([
      executor.submit(infoOf, packageUrl),
      executor.submit(infoOf, packageUrl),
    ]);
    expect(new Set(again.map((info) => info?.rank)).size).toBe(2);
  });
});

test('a task that is killed takes its nested executor along, with what that runs', async () => {
  const executor = pool();
  const future = executor.submit(async (url: string) => {
    const { getReusableExecutor } = (await import(url)) as Loky;
    const nested = getReusableExecutor({ maxWorkers: 2 });
    await nested.prewarm();
    nested.submit(() => {
      for (;;);
    });
    await new Promise((resolve) => setTimeout(resolve, 1e6));
  }, packageUrl);
  const worker = () => executor.stats().workers[0]?.pid as number;
  const below = () => aliveDescendants(worker()).filter(({ cmd }) => cmd.includes('worker.cjs'));
  await waitUntil(() => future.running() && below().length === 2, 10_000);
  const pids = aliveDescendants(worker()).map(({ pid }) => pid);
  expect(future.cancel({ kill: true })).toBe(true);
  await waitUntilGone(pids, 2_000);
  expect(await executor.submit(square, 3)).toBe(9);
});

test('a shutdown with killWorkers ends two levels in less than five seconds', async () => {
  const executor = pool({ maxWorkers: 2 });
  const deep = async (url: string) => {
    const { ProcessPoolExecutor } = (await import(url)) as Loky;
    const nested = new ProcessPoolExecutor({ maxWorkers: 2 });
    await nested.map((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)), [1e6, 1e6]).toArray();
  };
  const futures = [executor.submit(deep, packageUrl), executor.submit(deep, packageUrl)];
  const workers = () => aliveDescendants().filter(({ cmd }) => cmd.includes('worker.cjs'));
  await waitUntil(() => workers().length === 6, 15_000);
  const pids = aliveDescendants().filter(({ cmd }) => /worker\.cjs|loky guardian/.test(cmd));
  const start = performance.now();
  await executor.shutdown({ killWorkers: true });
  expect(performance.now() - start).toBeLessThan(5_000);
  // `shutdown` waits for its workers alone: on a busy machine a guardian of theirs was seen 100 ms later.
  await waitUntilGone(
    pids.map(({ pid }) => pid),
    2_000,
  );
  for (const future of futures) expect((await rejectionOf(future)).name).toBe('ShutdownExecutorError');
});

describe('a program', () => {
  const run = scriptFolder();

  test('with nested reusable executors that nobody shuts down ends by itself', async () => {
    const script = run(`
      const { getReusableExecutor } = await import(${JSON.stringify(packageUrl)});
      const outer = getReusableExecutor({ maxWorkers: 2 });
      const sums = await outer.map(async (url, n) => {
        const { getReusableExecutor } = await import(url);
        const inner = getReusableExecutor({ maxWorkers: 2 });
        const squares = await inner.map((x) => x * x, [n, n + 1]).toArray();
        return squares[0] + squares[1];
      }, [${JSON.stringify(packageUrl)}, ${JSON.stringify(packageUrl)}], [1, 2]).toArray();
      say(sums);`);
    const ended = await script.ended;
    expect(ended).toMatchObject({ ...WELL, said: [[5, 13]] });
    expect(ended.took).toBeLessThan(10_000);
  });

  test('whose task has an error in a nested call says nothing but that error', async () => {
    const script = run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const error = await executor.submit(async (url) => {
        const { ProcessPoolExecutor } = await import(url);
        const nested = new ProcessPoolExecutor({ maxWorkers: 1 });
        await nested.submit(() => { throw new RangeError('from two levels below'); });
      }, ${JSON.stringify(packageUrl)}).exception();
      say([error.name, error.message]);`);
    expect(await script.ended).toMatchObject({ ...WELL, said: [['RangeError', 'from two levels below']] });
  });
});
