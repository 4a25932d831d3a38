/** Durations of many tasks in constant memory. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export class Clock {
  readonly #microseconds: RecordableHistogram = createHistogram();

  /** @param duration In milliseconds. */
  record(duration: number): void {
    this.#microseconds.record(Math.max(1, Math.round(duration * 1000)));
  }

  /** In milliseconds; all zero if nothing was recorded. */
  percentiles(): { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number } {
    const histogram = this.#microseconds;
    const at = (percentile: number) => (histogram.count === 0 ? 0 : histogram.percentile(percentile) / 1000);
    return { p50: at(50), p90: at(90), p99: at(99), max: at(100) };
  }
}
