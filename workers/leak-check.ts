/**
 * loky's protection from memory leaks, seen from inside the worker: compare the memory between two tasks with
 * what it was after the first one. It only measures and tells; the host replaces the worker.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LeakFigures } from '../lib/channel/leak-figures.ts';

/** To be called between two tasks, after the answer was sent. */
export type LeakCheck = () => undefined;

export interface LeakListener {
  /** Told once, before it is sure: a replacement may be started so that it is ready in time. */
  onGrowth(): void;
  onLeak(figures: LeakFigures): void;
}

/** Reading the memory takes 10 to 20 microseconds: short tasks share one look. In milliseconds. */
const LOOK_DELAY = 0.5;
/** The share of the threshold at which a replacement is worth starting. */
const GROWTH = 2 / 3;

/** After a first task that used less than this share of the threshold, garbage makes no difference to the reference. */
const NEGLIGIBLE = 0.1;

/** @param checkDelay Shortest time between two forced garbage collections that found no leak, in milliseconds. */
export function createLeakCheck(threshold: number, checkDelay: number, listener: LeakListener): LeakCheck {
  const atBoot = process.memoryUsage.rss();
  let reference: number | undefined;
  let lookedAt = 0;
  let collectedAt = Number.NEGATIVE_INFINITY;
  let hasGrown = false;

  return () => {
    const now = performance.now();
    if (now - lookedAt < LOOK_DELAY) return;
    lookedAt = now;
    if (reference === undefined) {
      reference = process.memoryUsage.rss();
      if (reference - atBoot < threshold * NEGLIGIBLE) return;
      collectGarbage();
      reference = process.memoryUsage.rss();
      return;
    }
    const bound = hasGrown ? threshold : threshold * GROWTH;
    if (process.memoryUsage.rss() - reference < bound || now - collectedAt < checkDelay) return;
    collectGarbage();
    const memory = process.memoryUsage.rss();
    if (memory - reference < bound)
      collectedAt = now; // it was garbage
    else if (memory - reference >= threshold) listener.onLeak({ reference, memory, threshold });
    else {
      hasGrown = true;
      listener.onGrowth();
    }
  };
}

let collector: (() => void) | undefined;

/** The collector is fetched when it is first needed: a worker with --expose-gc takes longer to boot. */
function collectGarbage(): void {
  if (collector === undefined) {
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collector();
  // The memory of buffers is given back beside the main thread, after the collection: the second one waits for that.
  collector();
}
