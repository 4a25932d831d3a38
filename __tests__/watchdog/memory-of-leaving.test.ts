/** A worker that is about to go is not taken for one that rests above the limit: it would be replaced once more. */
import { expect, test } from '@jest/globals';
import { MemoryWatch } from '../../lib/manager/memory.ts';
import { PoolWorker, type WorkerState } from '../../lib/manager/worker.ts';
import { waitUntil } from '../helpers/processes.ts';

test.each<[WorkerState, number]>([
  ['leaving', 0],
  ['killed', 0],
  ['idle', 1],
])('one that is %s and above the limit is told of %d times', async (state, times) => {
  const told: PoolWorker[] = [];
  const watch = new MemoryWatch(1, (worker) => told.push(worker));
  const worker = new PoolWorker(0, false);
  worker.process = { ...worker.process, pid: process.pid };
  worker.state = state;
  watch.watch(worker);
  await waitUntil(() => !worker.isWatched, 10_000);
  expect(told).toHaveLength(times);
});
