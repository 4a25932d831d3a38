/** Executors for tests: each is shut down when its test or file is over, and a shutdown that takes long fails. */
import { afterAll, afterEach } from '@jest/globals';
import { type ExecutorOptions, ProcessPoolExecutor } from 'loky';

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

export { rejectionOf } from './rejection.ts';
