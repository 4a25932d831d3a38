/**
 * What each worker did in the last minute, in as few slices as a screen can show: a task of a tenth of a second or more is a
 * slice of its own, briefer ones that begin in the same cell of time are one together. So a row gets some 20 slices a second at
 * most, however many tasks it runs.
 */

import { round } from './functions.ts';
import { type Mark, type MarkKind, markKinds, type Slice, type SliceKind, sliceKinds } from './messages.ts';

/** Milliseconds of a cell: two pixels of a minute on a wide screen. */
const CELL = 125;
const LONG = 100;
/** A minute, and what is on its way to a page. */
export const KEPT_FOR = 65_000;
/** What a page of 64 workers may have to draw. */
const MOST = 60_000;

interface Cell {
  readonly number: number;
  from: number;
  to: number;
  busy: number;
  count: number;
  /** The function that most of the time went to, found by a vote weighted by time. */
  fn: number;
  vote: number;
  kind: number;
}

export interface Lane {
  readonly row: number;
  /** Where its last slice ends: answers of brief tasks arrive together, and are laid one after the other. */
  end: number;
  cell: Cell | undefined;
}

const SUCCEEDED = sliceKinds.indexOf('succeeded');
const FAILED = sliceKinds.indexOf('failed');

export class Lanes {
  readonly #lanes = new Map<number, Lane>();
  #slices: Slice[] = [];
  #marks: Mark[] = [];
  #takenSlices = 0;
  #takenMarks = 0;

  of(row: number): Lane {
    let lane = this.#lanes.get(row);
    if (lane === undefined) {
      lane = { row, end: 0, cell: undefined };
      this.#lanes.set(row, lane);
    }
    return lane;
  }

  /** A task was answered. */
  answered(lane: Lane, fn: number, startedAt: number, runTime: number, id: number): void {
    const from = Math.max(startedAt, lane.end);
    const to = from + runTime;
    lane.end = to;
    if (runTime >= LONG) {
      this.#close(lane);
      this.#slices.push([lane.row, round(from), round(runTime), fn, SUCCEEDED, 1, round(runTime), id]);
      return;
    }
    const number = Math.floor(from / CELL);
    let cell = lane.cell;
    if (cell === undefined || cell.number !== number) {
      this.#close(lane);
      cell = { number, from, to, busy: 0, count: 0, fn, vote: 0, kind: SUCCEEDED };
      lane.cell = cell;
    }
    cell.to = to;
    cell.busy += runTime;
    cell.count += 1;
    vote(cell, fn, runTime);
  }

  /** The task that was answered last in this row has failed. */
  lastFailed(lane: Lane): void {
    if (lane.cell !== undefined) {
      lane.cell.kind = FAILED;
      return;
    }
    const index = this.#slices.findLastIndex(([row]) => row === lane.row);
    const slice = this.#slices[index];
    if (slice !== undefined && index >= this.#takenSlices) {
      const [row, from, duration, fn, , count, busy, id] = slice;
      this.#slices[index] = [row, from, duration, fn, FAILED, count, busy, id];
    }
  }

  /** A task that had no answer, or the start of a worker (which has no function: 0). */
  ended(lane: Lane, fn: number, from: number, to: number, kind: SliceKind, id: number): void {
    this.#close(lane);
    if (kind !== 'start') lane.end = to;
    const duration = round(Math.max(0, to - from));
    this.#slices.push([lane.row, round(from), duration, fn, sliceKinds.indexOf(kind), 1, duration, id]);
  }

  mark(row: number, at: number, kind: MarkKind, pid: number | undefined, why: string): void {
    this.#marks.push([row, round(at), markKinds.indexOf(kind), pid ?? 0, why]);
  }

  #close(lane: Lane): void {
    const { cell } = lane;
    if (cell === undefined) return;
    lane.cell = undefined;
    const { from, to, fn, kind, count, busy } = cell;
    this.#slices.push([lane.row, round(from), round(to - from), fn, kind, count, round(busy), 0]);
  }

  /** What is complete since this was asked last. */
  take(now: number): { slices: Slice[]; marks: Mark[] } {
    const current = Math.floor(now / CELL);
    for (const lane of this.#lanes.values())
      if (lane.cell !== undefined && lane.cell.number < current) this.#close(lane);
    const taken = {
      slices: this.#slices.slice(this.#takenSlices),
      marks: this.#marks.slice(this.#takenMarks),
    };
    this.#forget(now);
    this.#takenSlices = this.#slices.length;
    this.#takenMarks = this.#marks.length;
    return taken;
  }

  /** All that was taken, of the last minute. */
  all(): { slices: Slice[]; marks: Mark[] } {
    return {
      slices: this.#slices.slice(0, this.#takenSlices),
      marks: this.#marks.slice(0, this.#takenMarks),
    };
  }

  /** In steps: an array is not cut for each slice. */
  #forget(now: number): void {
    const oldest = now - KEPT_FOR;
    const [first] = this.#slices;
    if (first !== undefined && (first[1] + first[2] < oldest - 5_000 || this.#slices.length > MOST)) {
      const kept = this.#slices.filter(([, from, duration]) => from + duration >= oldest);
      this.#slices = kept.length > MOST ? kept.slice(-MOST / 2) : kept;
    }
    if ((this.#marks[0]?.[1] ?? now) < oldest - 5_000)
      this.#marks = this.#marks.filter(([, at]) => at >= oldest);
  }
}

/** Who is left with votes had most of the time, if anyone had more than half of it. */
function vote(cell: Cell, fn: number, weight: number): void {
  const time = weight + 0.001; // a task of no time counts, too
  if (cell.fn === fn) cell.vote += time;
  else if (cell.vote >= time) cell.vote -= time;
  else {
    cell.fn = fn;
    cell.vote = time - cell.vote;
  }
}
