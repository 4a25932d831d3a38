/**
 * How jobs get into a pool of this machine. They always come from the same place, so no submit site is recorded: it would
 * cost as much as all else that is done to submit one, and users would learn nothing from it.
 */
import { submitUnseen } from '../executor/pool-view.ts';
import { executorInternals, type ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import { withTaskOptions } from '../executor/view.ts';
import type { Future } from '../futures/future.ts';
import type { TaskOptions } from '../options/task-options.ts';

/** As `submit` of an executor. */
export type PoolCall = <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => Future<Awaited<R>>;

/** Calls with these options. @throws TypeError, RangeError */
export function poolCall(executor: ProcessPoolExecutor, options: TaskOptions): PoolCall {
  const settings = withTaskOptions(executorInternals.taskSettingsOf(executor), options);
  return (fn, ...args) =>
    submitUnseen(executorInternals.routeOf(executor), settings, fn as never, args) as Future<never>;
}

/** As many jobs as the pool can run at once. It changes when a reusable executor is resized or replaced. */
export function workersOf(executor: ProcessPoolExecutor): number {
  return executorInternals.routeOf(executor).maxWorkers;
}
