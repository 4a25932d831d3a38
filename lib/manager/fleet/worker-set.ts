/** Looking through the workers of a pool. */
import type { PoolWorker } from './pool-worker.ts';

export type Workers = ReadonlySet<PoolWorker>;

export function findWorker(
  workers: Workers,
  matches: (worker: PoolWorker) => boolean,
): PoolWorker | undefined {
  for (const worker of workers) if (matches(worker)) return worker;
  return undefined;
}

export function countWorkers(workers: Workers, matches: (worker: PoolWorker) => boolean): number {
  let count = 0;
  for (const worker of workers) if (matches(worker)) count += 1;
  return count;
}

/** The first place that nobody has who goes on. */
export function freeRank(workers: Workers): number {
  const taken = new Set<number>();
  for (const { rank, state } of workers) if (state !== 'gone' && state !== 'killed') taken.add(rank);
  let rank = 0;
  while (taken.has(rank)) rank += 1;
  return rank;
}
