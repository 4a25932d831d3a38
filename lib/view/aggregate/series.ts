/** The curves: one point a second, of the last ten minutes. */

import { round } from './functions.ts';
import { LogHistogram } from './histogram.ts';
import type { Point } from './messages.ts';

/** What is read when a second is over. */
interface SecondInput {
  readonly at: number;
  /** Tasks that have come to their end since the pools were made, and those of them that did not succeed. */
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
  readonly running: number;
  readonly loopP50: number | undefined;
  readonly loopP99: number | undefined;
  /** Milliseconds of CPU of the host so far. */
  readonly cpuTime: number;
  readonly memory: number;
}

const KEPT = 600;

export class Series {
  readonly waitTime = new LogHistogram();
  readonly runTime = new LogHistogram();
  readonly #points: Point[] = [];
  #last: SecondInput | undefined;

  /** Returns the point of the second that is over; none for the first call, which has nothing to compare with. */
  close(input: SecondInput): Point | undefined {
    const last = this.#last;
    this.#last = input;
    const { waitTime, runTime } = this;
    if (last === undefined) {
      waitTime.reset();
      runTime.reset();
      return undefined;
    }
    const seconds = Math.max(0.001, (input.at - last.at) / 1000);
    const point: Point = {
      at: Math.round(input.at),
      // A pool that was collected takes its counts along.
      done: Math.max(0, Math.round((input.done - last.done) / seconds)),
      failed: Math.max(0, Math.round((input.failed - last.failed) / seconds)),
      pending: input.pending,
      running: input.running,
      waitP50: rounded(waitTime.percentile(0.5)),
      waitP99: rounded(waitTime.percentile(0.99)),
      runP50: rounded(runTime.percentile(0.5)),
      runP99: rounded(runTime.percentile(0.99)),
      loopP50: rounded(input.loopP50),
      loopP99: rounded(input.loopP99),
      cpu: Math.round(((input.cpuTime - last.cpuTime) / seconds / 10) * 10) / 10,
      memory: input.memory,
    };
    waitTime.reset();
    runTime.reset();
    this.#points.push(point);
    if (this.#points.length > KEPT) this.#points.shift();
    return point;
  }

  all(): Point[] {
    return [...this.#points];
  }
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : round(value);
}
