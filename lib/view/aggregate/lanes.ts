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
const KEPT_FOR = 65_000;
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
  /** Where the last slice of each track ends, of a worker that runs several tasks at once: they overlap. */
  readonly tracks: number[] | undefined;
}

const SUCCEEDED = sliceKinds.indexOf('succeeded');
const FAILED = sliceKinds.indexOf('failed');

export class Lanes {
  readonly #lanes = new Map<number, Lane>();
  #slices: Slice[] = [];
  #marks: Mark[] = [];
  #takenSlices = 0;
  #takenMarks = 0;

  of(row: number, isShared = false): Lane {
    let lane = this.#lanes.get(row);
    if (lane === undefined) {
      lane = { row, end: 0, cell: undefined, tracks: isShared ? [] : undefined };
      this.#lanes.set(row, lane);
    }
    return lane;
  }

  /** A task was answered. */
  answered(lane: Lane, fn: number, startedAt: number, runTime: number, id: number): void {
    const { tracks } = lane;
    const from = tracks === undefined ? Math.max(startedAt, lane.end) : startedAt;
    const to = from + runTime;
    lane.end = to;
    if (runTime >= LONG) {
      this.#close(lane);
      const duration = round(runTime);
      const track = takeTrack(tracks, from, to);
      this.#slices.push([lane.row, round(from), duration, fn, SUCCEEDED, 1, duration, id, track]);
      return;
    }
    // Of those that overlap, the ones that began first may be answered last.
    const number = Math.floor((tracks === undefined ? from : to) / CELL);
    let cell = lane.cell;
    if (cell === undefined || cell.number !== number) {
      this.#close(lane);
      cell = { number, from, to, busy: 0, count: 0, fn, vote: 0, kind: SUCCEEDED };
      lane.cell = cell;
    }
    if (from < cell.from) cell.from = from;
    if (to > cell.to) cell.to = to;
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
      const [row, from, duration, fn, , ...more] = slice;
      this.#slices[index] = [row, from, duration, fn, FAILED, ...more];
    }
  }

  /** A task that had no answer, or the start of a worker (which has no function: 0). */
  ended(lane: Lane, fn: number, from: number, to: number, kind: SliceKind, id: number): void {
    this.#close(lane);
    if (kind !== 'start') lane.end = to;
    const duration = round(Math.max(0, to - from));
    const track = kind === 'start' ? 0 : takeTrack(lane.tracks, from, to);
    this.#slices.push([
      lane.row,
      round(from),
      duration,
      fn,
      sliceKinds.indexOf(kind),
      1,
      duration,
      id,
      track,
    ]);
  }

  mark(row: number, at: number, kind: MarkKind, pid: number | undefined, why: string): void {
    this.#marks.push([row, round(at), markKinds.indexOf(kind), pid ?? 0, why]);
  }

  #close(lane: Lane): void {
    const { cell } = lane;
    if (cell === undefined) return;
    lane.cell = undefined;
    const { from, to, fn, kind, count, busy } = cell;
    this.#slices.push([lane.row, round(from), round(to - from), fn, kind, count, round(busy), 0, 0]);
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

/** The first track that is free at `from`. */
function takeTrack(tracks: number[] | undefined, from: number, to: number): number {
  if (tracks === undefined) return 0;
  const free = tracks.findIndex((end) => end <= from);
  const track = free === -1 ? tracks.length : free;
  tracks[track] = to;
  return track;
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
