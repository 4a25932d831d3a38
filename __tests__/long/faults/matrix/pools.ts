/**
 * Pools for the matrix: one that is well after a case is used for the next one. Each knows the processes it had,
 * and its end is checked: quick, and with nothing left.
 */
import { expect } from '@jest/globals';
import { type ExecutorOptions, ProcessPoolExecutor } from 'loky';
import { isRunning } from '../../../helpers/processes.ts';
import type { CrashRule } from './expected.ts';
import { reducers } from './stages.ts';

const SHUTDOWN_LIMIT = 5_000;

export interface MatrixPool {
  readonly executor: ProcessPoolExecutor;
  readonly rule: CrashRule;
  /** Of all workers that it ever had. */
  readonly pids: readonly number[];
}

const resting: MatrixPool[] = [];

export function openPool(rule: CrashRule, options: ExecutorOptions = {}): MatrixPool {
  const executor = new ProcessPoolExecutor({
    maxWorkers: 2,
    onWorkerCrash: rule,
    stdio: 'ignore',
    execArgv: ['--max-old-space-size=30'],
    ...reducers,
    ...options,
  });
  const pids: number[] = [];
  executor.on('workerStarted', ({ pid }) => {
    if (pid !== undefined) pids.push(pid);
  });
  return { executor, rule, pids };
}

/** One that is well, with both workers ready. */
export async function takePool(rule: CrashRule): Promise<MatrixPool> {
  const index = resting.findIndex((each) => each.rule === rule);
  const pool = index < 0 ? openPool(rule) : (resting.splice(index, 1)[0] as MatrixPool);
  await pool.executor.prewarm(2);
  return pool;
}

export function returnPool(pool: MatrixPool): void {
  resting.push(pool);
}

export async function closePool({ executor, pids }: MatrixPool): Promise<void> {
  const start = performance.now();
  await executor.shutdown();
  expect(performance.now() - start).toBeLessThan(SHUTDOWN_LIMIT);
  expect(pids.filter(isRunning)).toEqual([]);
}

export async function closeRestingPools(): Promise<void> {
  await Promise.all(resting.splice(0).map(closePool));
}
