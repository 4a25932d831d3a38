/** Durations of many tasks in constant memory. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

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

export class Durations {
  readonly #microseconds: RecordableHistogram = createHistogram();

  /** @param duration In milliseconds. */
  record(duration: number): void {
    if (Number.isNaN(duration)) return; // tests put clocks in place of performance.now that tell nothing
    const microseconds = Math.max(1, Math.round(duration * 1000));
    this.#microseconds.record(Math.min(microseconds, Number.MAX_SAFE_INTEGER));
  }

  percentiles(): Percentiles {
    const { count, mean, min, max } = this.#microseconds;
    if (count === 0) return NOTHING;
    const at = (percentile: number) => this.#microseconds.percentile(percentile) / 1000;
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
}
