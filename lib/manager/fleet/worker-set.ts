/** Looking through the workers of a pool. */
import type { PoolWorker } from './pool-worker.ts';

export type Workers = ReadonlySet<PoolWorker>;

export function countWorkers(workers: Workers, matches: (worker: PoolWorker) => boolean): number {
  let count = 0;
  for (const worker of workers) if (matches(worker)) count += 1;
  return count;
}
