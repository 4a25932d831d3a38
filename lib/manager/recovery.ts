/**
 * What the death of a worker means for its pool: whether the pool continues, and when another worker may be started.
 * Everything here is decided from reports, counts and times alone: nothing is started, ended or settled, and no timer is
 * held.
 */

import type { ExitReport } from '../child/exit-report.ts';
import { isShortageCode, reportsShortage } from '../system/shortage.ts';

// Shortages

/** Whether the system had no process, thread, descriptor or memory to spare for a worker: it may have some later. */
export function isShortage({ startError, stderr }: Pick<ExitReport, 'startError' | 'stderr'>): boolean {
  return startError === undefined ? reportsShortage(stderr) : isShortageCode(textOf(startError, 'code'));
}

/** Code of the user may have thrown it, with a getter that throws in turn. */
export function textOf(error: Error, key: 'code' | 'path' | 'permission'): string {
  try {
    return (error as Error & { [each in typeof key]?: string })[key] ?? '';
  } catch {
    return '';
  }
}

/** A time in which no worker can be started. Times are in milliseconds of `performance.now()`. */
export interface Shortage {
  /** When the first start failed. */
  readonly since: number;
  /** Starts that have failed since then. */
  readonly failures: number;
  /** Since when tasks or callers of `prewarm` have waited without success. */
  readonly awaitedSince: number;
  /** Whether there was a worker that runs tasks. */
  readonly hadWorkers: boolean;
}

interface FailedStart {
  readonly now: number;
  /** In milliseconds. */
  readonly startTimeout: number;
  /** Workers that run tasks, or could. */
  readonly ready: number;
  /** The same, and those that still start. */
  readonly active: number;
  /** Since when the next task, or a caller of `prewarm`, has waited; `undefined` if neither waits. */
  readonly waitingSince: number | undefined;
}

/**
 * - `wait`: another start is tried after a pause
 * - `fail-prewarming`: a caller of `prewarm` has waited for too long. Other workers run the tasks: the pool keeps trying
 * - `give-up`: tasks have waited for too long, and there is no worker
 */
type ShortageVerdict = 'wait' | 'fail-prewarming' | 'give-up';

/** What a start that failed for a shortage leads to, and for how long at most nothing is started after it. */
export function afterShortage(
  before: Shortage | undefined,
  { now, startTimeout, ready, active, waitingSince }: FailedStart,
): { readonly shortage: Shortage; readonly verdict: ShortageVerdict; readonly longestPause: number } {
  const hadWorkers = ready > 0;
  const goesOn = before !== undefined && before.hadWorkers === hadWorkers;
  const awaitedSince =
    goesOn && waitingSince !== undefined ? Math.max(before.awaitedSince, waitingSince) : now;
  const left = awaitedSince + startTimeout - now;
  const isOver = left <= 0 && waitingSince !== undefined;
  const verdict = isOver ? verdictOf(ready, active) : 'wait';
  return {
    shortage: {
      since: before?.since ?? now,
      failures: (before?.failures ?? 0) + 1,
      awaitedSince: verdict === 'fail-prewarming' ? now : awaitedSince,
      hadWorkers,
    },
    verdict,
    longestPause: left > 0 ? left : Number.POSITIVE_INFINITY,
  };
}

function verdictOf(ready: number, active: number): ShortageVerdict {
  if (ready > 0) return 'fail-prewarming';
  return active > 0 ? 'wait' : 'give-up'; // one that still starts may be the way out
}

// Failed starts

/** Workers that a signal from outside ends while they start are started again so often in a row. */
const FAILED_STARTS_IN_A_ROW = 3;

/** @param inARow How many have failed to start, with this one, since one was ready. */
export function mayStartAgain(
  { signal }: Pick<ExitReport, 'signal'>,
  inARow: number,
  isolates: boolean,
): boolean {
  return isolates && signal !== undefined && inARow < FAILED_STARTS_IN_A_ROW;
}

// Deaths of workers that no task waits for

/** A worker that lived so long, or has run a task, was a good one. In milliseconds. */
const HEALTHY_LIFE = 1_000;
/** So many bad ones in a row are replaced at once. */
const REPLACED_AT_ONCE = 3;

/** How many workers in a row have died soon after they were ready. `age` in milliseconds. */
export function badOnesInARow(before: number, age: number, tasksDone: number): number {
  return age >= HEALTHY_LIFE || tasksDone > 0 ? 0 : before + 1;
}

export function areReplacedAtOnce(badOnes: number): boolean {
  return badOnes <= REPLACED_AT_ONCE;
}

// Restart intensity

interface RestartLimit {
  readonly max: number;
  /** In milliseconds. */
  readonly window: number;
  /** Of the tasks that came to an end, from 0 to 1. */
  readonly share: number;
}

/** Whether a pool only crashes: more deaths than `max`, and more than its share of all that ran. */
export function exceeds({ max, share }: RestartLimit, deaths: number, finished: number): boolean {
  return deaths > max && deaths > share * (deaths + finished);
}

const BUCKETS = 64;

/** Counts what happened within a window, in slices of it: what is older is forgotten slice by slice. */
export class RecentCount {
  readonly #slice: number;
  readonly #counts = new Float64Array(BUCKETS + 1); // the oldest slice is part of the window still
  #newest = 0;

  /** @param window In milliseconds. */
  constructor(window: number) {
    this.#slice = Math.max(1, window / BUCKETS);
  }

  /** @param at In milliseconds. Times may come a little out of their order: they count as late as what came before. */
  add(at: number, count = 1): void {
    this.#moveTo(at);
    this.#counts[this.#newest % this.#counts.length] = this.#current + count;
  }

  total(now: number): number {
    this.#moveTo(now);
    let total = 0;
    for (const count of this.#counts) total += count;
    return total;
  }

  get #current(): number {
    return this.#counts[this.#newest % this.#counts.length] as number;
  }

  #moveTo(at: number): void {
    const slice = Math.max(this.#newest, Math.floor(at / this.#slice));
    const { length } = this.#counts;
    const forgotten = Math.min(slice - this.#newest, length);
    for (let back = 0; back < forgotten; back += 1) this.#counts[(slice - back) % length] = 0;
    this.#newest = slice;
  }
}

/** Erlang's restart intensity as a share: too many unexpected deaths among all tasks that ended break the pool. */
export class RestartIntensity {
  readonly #limit: RestartLimit;
  readonly #deaths: RecentCount;
  readonly #finished: RecentCount;

  constructor(limit: RestartLimit) {
    this.#limit = limit;
    this.#deaths = new RecentCount(limit.window);
    this.#finished = new RecentCount(limit.window);
  }

  /** A worker has answered so many calls: each item of a chunk is one. */
  noteFinished(at: number, calls: number): void {
    this.#finished.add(at, calls);
  }

  /** A worker has died unexpectedly. Returns why the pool breaks, as a sentence; `undefined` if the pool continues. */
  noteDeath(now: number): string | undefined {
    this.#deaths.add(now);
    const { max, window, share } = this.#limit;
    const [deaths, finished] = [this.#deaths.total(now), this.#finished.total(now)];
    if (!exceeds(this.#limit, deaths, finished)) return undefined;
    return (
      `${deaths} workers died within ${window} ms, while ${finished} calls finished: more than ` +
      `restartIntensity allows ({ max: ${max}, window: ${window}, share: ${share} }), so the executor is broken and accepts no more tasks. Create another one.`
    );
  }
}
