/**
 * How many inputs of `map(…, { chunkSize: 'auto' })` travel together, and when a chunk gives inputs back: functions of
 * measured times. They send nothing and read no clock.
 */

/** Milliseconds that a chunk should run: the way there and back is nothing beside it, and no other task waits long. */
const WANTED = 50;
/** A chunk is at most so many times as large as one that was measured: a measured time may have been a lucky one. */
const GROWTH = 16;
/** Milliseconds of work between two claims of a worker: what one slow input can hold behind it, in its own chunk. */
const CLAIMED_AT_ONCE = 0.05;
const MOST_CLAIMS = 4096;
/** Chunks near the end of the inputs become no shorter than this, in milliseconds. */
const SHORTEST_AT_END = 2;
/** Copying a chunk may block the event loop of the host for so many milliseconds: inputs may be large, and cheap to work on. */
const LONGEST_COPY = 10;

/** Milliseconds between two looks at the chunks that run. */
export const LOOK_EVERY = 25;
const LONG = 4 * LOOK_EVERY;

/** The mean time of an item; the latest chunks count most. */
class MeanTime {
  #time = 0;
  #items = 0;

  note(items: number, time: number): void {
    this.#time = this.#time / 2 + time;
    this.#items = this.#items / 2 + items;
  }

  /** In milliseconds; `undefined` before the first. */
  get ofItem(): number | undefined {
    return this.#items === 0 ? undefined : Math.max(this.#time / this.#items, Number.EPSILON);
  }
}

export class ChunkSizes {
  readonly #workers: number;
  readonly #run = new MeanTime();
  readonly #copy = new MeanTime();
  #largest = 1;

  /** @param workers How many run side by side. */
  constructor(workers: number) {
    this.#workers = workers;
  }

  /** A chunk of so many items ran for so many milliseconds. */
  noteRun(items: number, time: number): void {
    if (items === 0) return;
    this.#run.note(items, time);
    this.#largest = Math.max(this.#largest, items);
  }

  /** To copy a chunk of so many items took so many milliseconds on the host. */
  noteCopy(items: number, time: number): void {
    this.#copy.note(items, time);
  }

  /** @param left How many inputs there are still, if that is known. */
  next(left: number | undefined): number {
    const time = this.#run.ofItem;
    if (time === undefined) return 1;
    const copied = LONGEST_COPY / (this.#copy.ofItem ?? Number.EPSILON);
    const size = Math.min(WANTED / time, copied, this.#largest * GROWTH, this.#atEnd(left, time));
    return Math.max(1, Math.floor(size));
  }

  /** The fewer there are, the smaller the parts: no worker is at a large one when the others have nothing left. */
  #atEnd(left: number | undefined, time: number): number {
    if (left === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(Math.ceil(left / (2 * this.#workers)), SHORTEST_AT_END / time);
  }

  /** How many items of a chunk of this size a worker claims at once: the others can be revoked until it does. */
  claimedAtOnce(size: number): number {
    const time = this.#run.ofItem ?? CLAIMED_AT_ONCE;
    return Math.max(1, Math.floor(CLAIMED_AT_ONCE / time), Math.ceil(size / MOST_CLAIMS));
  }
}

/**
 * Whether a chunk is to give back the items that it has not begun: it runs much longer than it should, or a worker is
 * free that could have them.
 *
 * @param looks How often in a row it was seen running.
 */
export function shouldGiveBack(looks: number, isWorkerFree: boolean): boolean {
  return looks * LOOK_EVERY >= (isWorkerFree ? LOOK_EVERY : LONG);
}

/** Milliseconds of work that a lazily read input is ahead of its results. */
const READ_AHEAD = 5;
/** As many short calls as a worker is sent ahead. */
const MOST_AHEAD = 128;

/**
 * How many tasks of an input that is read as it is needed are sent and not yet given out.
 *
 * @param done How many tasks were done within `time` milliseconds.
 */
export function tasksAhead(workers: number, done: number, time: number): number {
  const perMillisecond = time > 0 ? done / time : 0;
  return Math.max(2 * workers, Math.min(MOST_AHEAD * workers, Math.ceil(perMillisecond * READ_AHEAD)));
}
