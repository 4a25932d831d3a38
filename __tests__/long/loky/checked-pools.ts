/**
 * Executors for the tests of this folder. After each test they are looked at as loky's own suite does: broken exactly
 * if the test said so and else still working, shut down in less than 5 s, and no process of them left.
 */
import { afterEach, beforeEach, expect } from '@jest/globals';
import { BrokenProcessPool, type ExecutorOptions, getReusableExecutor, ProcessPoolExecutor } from 'loky';
import { killTree } from '../../../lib/watchdog/kill.ts';
import { aliveDescendants, type LivingProcess, waitUntil } from '../../helpers/processes.ts';

/** In milliseconds. */
const SHUTDOWN_LIMIT = 5_000;
/** Ended processes need a moment to leave the process table. */
const GRACE = 2_000;

export interface CheckedPools {
  newPool(options?: ExecutorOptions): ProcessPoolExecutor;
  /** One of `newPool` that must be broken at the end of the test; the others must not. */
  expectBroken(executor: ProcessPoolExecutor): void;
}

/** Some workers are late, which shows races that workers of the same speed hide. */
const sometimesLate = async (): Promise<void> => {
  if (Math.random() < 0.2) await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
};

/**
 * To be called once in a test file, outside of every `describe`.
 *
 * @param options With `reusable`, after each test a reusable executor of two workers must be had, and work.
 */
export function checkedPools({ reusable = false } = {}): CheckedPools {
  const made = new Set<ProcessPoolExecutor>();
  const broken = new Set<ProcessPoolExecutor>();
  let before = new Set<number>();
  const leftBehind = (): LivingProcess[] =>
    process.platform === 'linux' ? aliveDescendants().filter(({ pid }) => !before.has(pid)) : [];

  beforeEach(() => {
    before = new Set(process.platform === 'linux' ? aliveDescendants().map(({ pid }) => pid) : []);
  });

  afterEach(async () => {
    try {
      for (const executor of made) await expectGoodEnd(executor, broken.has(executor));
      if (reusable) await expectReusableToWork(leftBehind);
      await waitUntil(
        () => leftBehind().length === 0,
        GRACE,
        () => `the test to leave no process behind, but these are left: ${listOf(leftBehind())}`,
      );
    } finally {
      for (const executor of made) void executor.shutdown({ wait: false, killWorkers: true });
      for (const { pid } of leftBehind()) killTree(pid);
      made.clear();
      broken.clear();
    }
  }, 30_000);

  return {
    newPool(options) {
      const executor = new ProcessPoolExecutor({ maxWorkers: 5, initializer: sometimesLate, ...options });
      made.add(executor);
      return executor;
    },
    expectBroken(executor) {
      broken.add(executor);
    },
  };
}

async function expectGoodEnd(executor: ProcessPoolExecutor, shouldBeBroken: boolean): Promise<void> {
  const probed = probe(executor);
  if (shouldBeBroken) expect(probed).toBeInstanceOf(BrokenProcessPool);
  else if (probed instanceof Error) expect(probed).toMatchObject({ name: 'ShutdownExecutorError' });
  else expect(await probed).toBe('works');
  await shutDownInTime(executor);
}

/** What becomes of one more task; the error if the executor takes none. */
function probe(executor: ProcessPoolExecutor): PromiseLike<string> | Error {
  try {
    return executor.submit(() => 'works');
  } catch (error) {
    return error as Error;
  }
}

async function shutDownInTime(executor: ProcessPoolExecutor): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Expected the shutdown to take less than ${SHUTDOWN_LIMIT} ms`)),
      SHUTDOWN_LIMIT,
    );
  });
  await Promise.race([executor.shutdown(), tooLong]).finally(() => clearTimeout(timer));
}

/** Whatever the test did to the one that it had. */
async function expectReusableToWork(leftBehind: () => LivingProcess[]): Promise<void> {
  const executor = getReusableExecutor({ maxWorkers: 2 });
  expect(await executor.map(Math.sqrt, [1, 4, 9]).toArray()).toEqual([1, 2, 3]);
  await waitUntil(
    () => leftBehind().filter(({ cmd }) => cmd.includes('worker.cjs')).length <= 2,
    SHUTDOWN_LIMIT,
    () => `two workers at most, but there are: ${listOf(leftBehind())}`,
  );
  await shutDownInTime(executor);
}

function listOf(processes: readonly LivingProcess[]): string {
  return processes.map(({ pid, cmd }) => `\n  ${pid} ${cmd}`).join('');
}
