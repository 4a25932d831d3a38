/** Executors for tests: each is shut down when its test or file is over, and a shutdown that takes long fails. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from '@jest/globals';
import { type Executor, type ExecutorOptions, type Future, ProcessPoolExecutor } from 'loky';
import { waitUntil } from '../helpers/processes.ts';

/** In milliseconds. */
const SHUTDOWN_PATIENCE = 10_000;

async function shutDown(executor: ProcessPoolExecutor): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the executor did not shut down in time')), SHUTDOWN_PATIENCE);
  });
  await Promise.race([executor.shutdown({ killWorkers: true }), tooLong]).finally(() => clearTimeout(timer));
}

/** Makes executors that live until the end of the test that made them. */
export function poolsOfEachTest(): (options?: ExecutorOptions) => ProcessPoolExecutor {
  const made: ProcessPoolExecutor[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map(shutDown));
  });
  return (options) => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, ...options });
    made.push(executor);
    return executor;
  };
}

/**
 * One executor for all tests of a `describe`. To be called inside one: hooks outside run after the check that
 * the file leaves no process behind.
 */
export function poolOfAllTests(options?: ExecutorOptions): ProcessPoolExecutor {
  const executor = new ProcessPoolExecutor({ maxWorkers: 2, ...options });
  afterAll(() => shutDown(executor));
  return executor;
}

// Tasks that many tests use. They are self-contained: nothing outside of them is looked at.

export const square = (x: number): number => x * x;
export const pidOfWorker = (): number => process.pid;
export const sleepFor = (ms: number): Promise<number> =>
  new Promise((resolve) => setTimeout(() => resolve(ms), ms));
/** Keeps its worker busy until it is killed. */
export const runForEver = (): Promise<never> => new Promise(() => setInterval(() => {}, 1000));
export const killSelf = (): void => {
  process.kill(process.pid, 'SIGKILL');
};

/** A task that sleeps, and the process that is executing it: it has read it, not only been sent it. */
export async function beginSleeping(
  executor: Executor,
  ms: number,
): Promise<{ readonly future: Future<void>; readonly pid: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'loky-sleep-'));
  const file = join(folder, 'pid');
  try {
    const future = executor.submit(
      async function sleepAndTell(path: string, duration: number) {
        process.getBuiltinModule('node:fs').writeFileSync(path, `${process.pid}\n`);
        await new Promise((resolve) => setTimeout(resolve, duration));
      },
      file,
      ms,
    );
    const told = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await waitUntil(() => told().endsWith('\n'), 10_000);
    return { future, pid: Number(told()) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export { rejectionOf } from './rejection.ts';
