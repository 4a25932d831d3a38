/**
 * loky's protection from memory leaks, seen from inside the worker: compare the memory between two tasks with
 * what it was after the first one. It only measures and tells; the host replaces the worker.
 */
import type { LeakFigures } from '../lib/channel/leak-figures.ts';
import { natives } from './natives.ts';

/** To be called between two tasks, after the answer was sent. */
export type LeakCheck = () => undefined;

export interface LeakListener {
  /** Told once, before it is sure: a replacement may be started so that it is ready in time. */
  onGrowth(): void;
  onLeak(figures: LeakFigures): void;
  /** Told once: where the system does not tell it (a Linux without /proc), there is nothing to compare. */
  onUnmeasurable(error: unknown): void;
}

/** Reading the memory takes 10 to 20 microseconds: short tasks share one look. In milliseconds. */
const LOOK_DELAY = 0.5;
/** The share of the threshold at which a replacement is worth starting. */
const GROWTH = 2 / 3;

/** After a first task that used less than this share of the threshold, garbage makes no difference to the reference. */
const NEGLIGIBLE = 0.1;

/** @param checkDelay Shortest time between two forced garbage collections that found no leak, in milliseconds. */
export function createLeakCheck(threshold: number, checkDelay: number, listener: LeakListener): LeakCheck {
  const atBoot = measure(listener.onUnmeasurable);
  if (atBoot === undefined) return () => undefined;
  let reference: number | undefined;
  let lookedAt = 0;
  let collectedAt = Number.NEGATIVE_INFINITY;
  let hasGrown = false;

  return () => {
    const now = natives.now();
    if (now - lookedAt < LOOK_DELAY) return;
    lookedAt = now;
    const before = measure();
    if (before === undefined) return;
    if (reference === undefined) {
      reference = before - atBoot < threshold * NEGLIGIBLE ? before : measureCollected();
      return;
    }
    const bound = hasGrown ? threshold : threshold * GROWTH;
    if (before - reference < bound || now - collectedAt < checkDelay) return;
    const memory = measureCollected();
    if (memory === undefined) return;
    if (memory - reference < bound)
      collectedAt = now; // it was garbage
    else if (memory - reference >= threshold) listener.onLeak({ reference, memory, threshold });
    else {
      hasGrown = true;
      listener.onGrowth();
    }
  };
}

/** `undefined` where it cannot be read, which may be for a moment only: it takes a descriptor, and a task may have them all. */
function measure(onError?: (error: unknown) => void): number | undefined {
  try {
    return natives.rss();
  } catch (error) {
    onError?.(error);
    return undefined;
  }
}

function measureCollected(): number | undefined {
  collectGarbage();
  return measure();
}

let collector = natives.gc;

/** The collector is fetched when it is first needed: a worker with --expose-gc takes longer to boot. */
function collectGarbage(): void {
  if (collector === undefined) {
    natives.setFlagsFromString('--expose-gc');
    collector = natives.runInNewContext('gc') as () => void;
    natives.setFlagsFromString('--no-expose-gc');
  }
  collector();
  // The memory of buffers is given back beside the main thread, after the collection: the second one waits for that.
  collector();
}
