/**
 * loky's protection from memory leaks, seen from inside the worker: compare the memory between two tasks with
 * what it was after the first one. It only measures and reports; the host replaces the worker.
 */
import type { LeakFigures } from '../lib/child/protocol.ts';
import { natives } from './natives.ts';

/** To be called between two tasks, after the answer was sent. */
export interface LeakCheck {
  (): undefined;
  /** While tasks run, which use memory as well: whether it is worth having none for a moment, so that there is something to compare. */
  isWanted(): boolean;
}

interface LeakListener {
  /** In bytes: what is here because the host wants it to be, and no leak. */
  held(): number;
  /** Called once, before it is sure: a replacement may be started so that it is ready in time. */
  onGrowth(): void;
  onLeak(figures: LeakFigures): void;
  /** Called once: where the system does not say it (a Linux without /proc), there is nothing to compare. */
  onUnmeasurable(error: unknown): void;
}

/** Reading the memory takes 10 to 20 microseconds: short tasks share one look, of at most so many tasks … */
const MOST_TASKS = 64;
/** … and of at most so many milliseconds. */
const LONGEST_PAUSE = 100;
/** The share of the threshold at which a replacement is worth starting. */
const GROWTH = 2 / 3;

/** After a first task that used less than this share of the threshold, garbage makes no difference to the reference. */
const NEGLIGIBLE = 0.1;

/**
 * How many tasks may pass until the next look: half of those after which the bound would be reached if they took as much
 * memory as the tasks since the last look, and at most twice as many as those.
 *
 * @param room To the bound, in bytes.
 * @param growth Since the last look, in bytes.
 */
export function tasksUntilNextLook(room: number, growth: number, tasks: number): number {
  const most = Math.min(2 * tasks, MOST_TASKS);
  if (growth <= 0) return most;
  return Math.max(1, Math.min(most, Math.floor((room * tasks) / growth / 2)));
}

/** @param checkDelay Shortest time between two forced garbage collections that found no leak, in milliseconds. */
export function createLeakCheck(threshold: number, checkDelay: number, listener: LeakListener): LeakCheck {
  const first = measure(listener.onUnmeasurable);
  if (first === undefined) return Object.assign(() => undefined, { isWanted: () => false });
  const atBoot = first;
  const own = (memory: number | undefined) => (memory === undefined ? undefined : memory - listener.held());
  let reference: number | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let lastSeen = atBoot;
  let tasks = 0;
  let nextLook = 1;
  let pause = LONGEST_PAUSE;
  let collectedAt = Number.NEGATIVE_INFINITY;
  let hasGrown = false;

  const bound = () => (reference as number) + (hasGrown ? threshold : threshold * GROWTH);

  function setReference(seen: number): void {
    reference = seen - atBoot < threshold * NEGLIGIBLE ? seen : own(measureCollected());
    lastSeen = reference ?? seen;
  }

  /** Returns the memory that is left. */
  function look(reference: number, seen: number, now: number): number {
    if (seen < bound() || now - collectedAt < checkDelay) return seen;
    const memory = own(measureCollected());
    if (memory === undefined) return seen;
    if (memory < bound())
      collectedAt = now; // it was garbage
    else if (memory - reference >= threshold) listener.onLeak({ reference, memory, threshold });
    else {
      hasGrown = true;
      listener.onGrowth();
    }
    return memory;
  }

  function isWanted(): boolean {
    const now = natives.uptime() * 1e3;
    if (now - lookedAt < LONGEST_PAUSE || now - collectedAt < checkDelay) return false;
    lookedAt = now;
    const grown = hasGrown ? threshold : threshold * GROWTH;
    if ((own(measure()) ?? 0) < (reference ?? atBoot) + grown) return false;
    nextLook = 0;
    return true;
  }

  return Object.assign(check, { isWanted });

  function check(): undefined {
    tasks += 1;
    const now = natives.uptime() * 1e3;
    if (tasks < nextLook && now - lookedAt < pause) return;
    lookedAt = now;
    const seen = own(measure());
    if (seen === undefined) return;
    if (reference === undefined) setReference(seen);
    else {
      const memory = look(reference, seen, now);
      const room = bound() - memory;
      const isForbidden = room <= 0 && now - collectedAt < checkDelay; // to collect before that
      nextLook = isForbidden ? Number.POSITIVE_INFINITY : tasksUntilNextLook(room, memory - lastSeen, tasks);
      pause = isForbidden ? collectedAt + checkDelay - now : LONGEST_PAUSE;
      lastSeen = memory;
    }
    tasks = 0;
  }
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

let collector: (() => void) | undefined;

/** The collector is fetched when it is first needed: a worker with --expose-gc takes longer to boot. */
export function collectGarbage(): void {
  collector ??= natives.gc;
  if (collector === undefined) {
    natives.setFlagsFromString('--expose-gc');
    collector = natives.runInNewContext('gc') as () => void;
    natives.setFlagsFromString('--no-expose-gc');
  }
  collector();
  // The memory of buffers is freed on another thread, after the collection: the second one waits for that.
  collector();
}
