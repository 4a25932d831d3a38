/** What became of the tasks of a pool, and how long they took: counted, not remembered, in constant memory. */
import { createHistogram, type Histogram, type RecordableHistogram } from 'node:perf_hooks';
import type { TaskOutcome } from './task.ts';

/** The distribution of a duration over all tasks that were answered. In milliseconds; all 0 while there is none. */
export interface Percentiles {
  /** How many were measured. */
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  /** Half of them took at most so long. */
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

const NOTHING: Percentiles = { count: 0, mean: 0, min: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };

export function percentilesOf(microseconds: Histogram): Percentiles {
  const { count, mean, min, max } = microseconds;
  if (count === 0) return NOTHING;
  const at = (percentile: number) => microseconds.percentile(percentile) / 1000;
  return {
    count,
    mean: mean / 1000,
    min: min / 1000,
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    max: max / 1000,
  };
}

export class TaskCounts {
  /** Tasks that a worker has answered. */
  answered = 0;
  readonly outcomes: Record<TaskOutcome, number> = {
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    'timed-out': 0,
    lost: 0,
  };
  /** Both in microseconds. */
  readonly waitTime: RecordableHistogram = createHistogram();
  readonly runTime: RecordableHistogram = createHistogram();

  /** Both in milliseconds. */
  noteAnswered(waitTime: number, runTime: number): void {
    this.answered += 1;
    // Twice the same: each of a task's functions counts (`__tests__/manager/call-budget.test.ts`). What is no number is not
    // recorded: tests put clocks in place of performance.now that give none.
    const [wait, run] = [Math.max(1, Math.round(waitTime * 1000)), Math.max(1, Math.round(runTime * 1000))];
    if (wait <= Number.MAX_SAFE_INTEGER) this.waitTime.record(wait);
    if (run <= Number.MAX_SAFE_INTEGER) this.runTime.record(run);
  }
}
