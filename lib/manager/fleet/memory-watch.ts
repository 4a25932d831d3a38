/**
 * Watches the memory of workers that run tasks, each with its descendants, and ends one that passes the limit.
 * A worker that rests is let go at the next sample: an idle pool is not polled.
 */
import { inRootContext } from '../../system/root-context.ts';
import { createSampler, type Sampler } from '../../watchdog/sampler.ts';
import type { PoolWorker } from './pool-worker.ts';

export interface MemoryWatch {
  /** It runs a task. Cheap when it is watched already. */
  watch(worker: PoolWorker): void;
  /** It has ended. */
  unwatch(worker: PoolWorker): void;
}

/** In milliseconds: a limit is to be enforced soon, figures for reports may be older. */
const LIMITED_INTERVAL = 200;
const INTERVAL = 1000;

/**
 * @param limit In bytes.
 * @param onIdleAbove A worker that runs nothing is above the limit.
 */
export function createMemoryWatch(
  limit: number | undefined,
  onIdleAbove: (worker: PoolWorker) => void,
): MemoryWatch {
  const workers = new Map<number, PoolWorker>();
  const sampler: Sampler = createSampler({
    interval: limit === undefined ? INTERVAL : LIMITED_INTERVAL,
    onSample(pid, { rss, cpu }) {
      const worker = workers.get(pid);
      if (worker === undefined) return;
      worker.memory = rss;
      worker.cpu = cpu;
      const isAbove = limit !== undefined && rss > limit;
      if (worker.state !== 'busy') {
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

  return {
    watch(worker) {
      if (worker.isWatched || worker.pid === undefined) return;
      worker.isWatched = true;
      workers.set(worker.pid, worker);
      inRootContext(() => sampler.watch(worker.pid as number));
    },
    unwatch: release,
  };
}
