/**
 * Watches the memory of workers that run tasks, each with its descendants, and ends one that passes the limit. Without a
 * limit workers are watched for as long as the figures are asked for. An idle worker is dropped at the next sample:
 * an idle pool is not polled.
 */
import { inRootContext } from '../system/root-context.ts';
import { type Sample, Sampler } from '../watchdog/usage.ts';
import type { PoolWorker } from './worker.ts';

/** In milliseconds: a limit is to be enforced soon, figures for reports may be older. */
const LIMITED_INTERVAL = 200;
const INTERVAL = 1000;
/** What asks for figures again and again (a dashboard, a scraper) does so within this time, in milliseconds. */
const WANTED_FOR = 60_000;

export class MemoryWatch {
  /** Whether a worker that runs a task is to be watched. */
  isWanted: boolean;
  readonly #limit: number | undefined;
  readonly #onIdleAbove: (worker: PoolWorker) => void;
  readonly #workers = new Map<number, PoolWorker>();
  readonly #sampler: Sampler;
  #wantedUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param limit In bytes.
   * @param onIdleAbove A worker that runs nothing is above the limit.
   */
  constructor(limit: number | undefined, onIdleAbove: (worker: PoolWorker) => void) {
    this.isWanted = limit !== undefined;
    this.#limit = limit;
    this.#onIdleAbove = onIdleAbove;
    this.#sampler = new Sampler({
      interval: limit === undefined ? INTERVAL : LIMITED_INTERVAL,
      onSample: (pid, sample) => {
        const worker = this.#workers.get(pid);
        if (worker !== undefined) this.#look(worker, sample);
      },
    });
  }

  /** It runs a task. Cheap when it is watched already, or need not be. */
  watch(worker: PoolWorker): void {
    const { pid } = worker;
    if (!this.isWanted || worker.isWatched || pid === undefined) return;
    worker.isWatched = true;
    this.#workers.set(pid, worker);
    inRootContext(() => this.#sampler.watch(pid));
  }

  /** The figures of these workers are read, and may be again. */
  wanted(all: Iterable<PoolWorker>): void {
    this.#wantedUntil = performance.now() + WANTED_FOR;
    this.isWanted = true;
    for (const worker of all) if (worker.state === 'busy') this.watch(worker);
  }

  /** It has ended, or runs nothing. */
  unwatch(worker: PoolWorker): void {
    if (!worker.isWatched || worker.pid === undefined) return;
    worker.isWatched = false;
    this.#workers.delete(worker.pid);
    this.#sampler.unwatch(worker.pid);
  }

  #look(worker: PoolWorker, { rss, cpu }: Sample): void {
    worker.memory = rss;
    worker.cpu = cpu;
    const limit = this.#limit;
    if (limit === undefined && performance.now() >= this.#wantedUntil) this.isWanted = false;
    const isAbove = limit !== undefined && rss > limit;
    if (worker.state !== 'busy' || !this.isWanted) {
      this.unwatch(worker);
      if (isAbove && worker.state === 'idle') this.#onIdleAbove(worker); // any other is about to go
    } else if (isAbove) {
      this.unwatch(worker); // the figures of its end would be those of a process that gives its memory back
      worker.memoryLimit = limit;
      worker.process.kill();
    }
  }
}
