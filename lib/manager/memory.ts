/**
 * Watches the memory of workers that run tasks, each with its descendants, and ends one that passes the limit. Without a
 * limit workers are watched for as long as the figures are asked for. An idle worker is dropped at the next sample:
 * an idle pool is not polled.
 */
import { inRootContext } from '../system/root-context.ts';
import { createSampler, type Sampler } from '../watchdog/usage.ts';
import type { PoolWorker } from './worker.ts';

export interface MemoryWatch {
  /** Whether a worker that runs a task is to be watched. */
  isWanted: boolean;
  /** It runs a task. Cheap when it is watched already, or need not be. */
  watch(worker: PoolWorker): void;
  /** The figures of these workers are read, and may be again. */
  wanted(workers: Iterable<PoolWorker>): void;
  /** It has ended. */
  unwatch(worker: PoolWorker): void;
}

/** In milliseconds: a limit is to be enforced soon, figures for reports may be older. */
const LIMITED_INTERVAL = 200;
const INTERVAL = 1000;
/** What asks for figures again and again (a dashboard, a scraper) does so within this time, in milliseconds. */
const WANTED_FOR = 60_000;

/**
 * @param limit In bytes.
 * @param onIdleAbove A worker that runs nothing is above the limit.
 */
export function createMemoryWatch(
  limit: number | undefined,
  onIdleAbove: (worker: PoolWorker) => void,
): MemoryWatch {
  const workers = new Map<number, PoolWorker>();
  let wantedUntil = Number.NEGATIVE_INFINITY;
  const sampler: Sampler = createSampler({
    interval: limit === undefined ? INTERVAL : LIMITED_INTERVAL,
    onSample(pid, { rss, cpu }) {
      const worker = workers.get(pid);
      if (worker === undefined) return;
      worker.memory = rss;
      worker.cpu = cpu;
      if (limit === undefined && performance.now() >= wantedUntil) memoryWatch.isWanted = false;
      const isAbove = limit !== undefined && rss > limit;
      if (worker.state !== 'busy' || !memoryWatch.isWanted) {
        release(worker);
        if (isAbove && worker.state === 'idle') onIdleAbove(worker); // any other is about to go
      } else if (isAbove) {
        release(worker); // the figures of its end would be those of a process that gives its memory back
        worker.memoryLimit = limit;
        worker.process.kill();
      }
    },
  });

  function release(worker: PoolWorker): void {
    if (!worker.isWatched || worker.pid === undefined) return;
    worker.isWatched = false;
    workers.delete(worker.pid);
    sampler.unwatch(worker.pid);
  }

  function watch(worker: PoolWorker): void {
    if (!memoryWatch.isWanted || worker.isWatched || worker.pid === undefined) return;
    worker.isWatched = true;
    workers.set(worker.pid, worker);
    inRootContext(() => sampler.watch(worker.pid as number));
  }

  const memoryWatch: MemoryWatch = {
    isWanted: limit !== undefined,
    watch,
    wanted(all) {
      wantedUntil = performance.now() + WANTED_FOR;
      memoryWatch.isWanted = true;
      for (const worker of all) if (worker.state === 'busy') watch(worker);
    },
    unwatch: release,
  };
  return memoryWatch;
}
