/** How chunks are sized, by the rules alone and in whole maps whose time is counted and not spent. */
import { describe, expect, test } from '@jest/globals';
import { ChunkSizes, LOOK_EVERY, shouldGiveBack, tasksAhead } from '../../lib/executor/chunk-sizes.ts';

describe('the size of a chunk', () => {
  test('is 1 until a run was measured', () => {
    const sizes = new ChunkSizes(2);
    expect([sizes.next(1e6), sizes.next(undefined), sizes.claimedAtOnce(1)]).toEqual([1, 1, 1]);
  });

  test.each([
    [0.002, 25_000],
    [0.05, 1000],
    [1, 50],
    [20, 2],
    [500, 1],
  ])('of items of %p ms comes to %p', (time, size) => {
    const sizes = new ChunkSizes(2);
    for (let round = 0; round < 20; round += 1) {
      const next = sizes.next(undefined);
      sizes.noteRun(next, next * time);
    }
    expect(sizes.next(undefined)).toBeGreaterThan(size * 0.99);
    expect(sizes.next(undefined)).toBeLessThan(size * 1.01 + 1);
  });

  test('grows sixteenfold at most', () => {
    const sizes = new ChunkSizes(2);
    sizes.noteRun(1, 0.001);
    expect(sizes.next(undefined)).toBe(16);
    sizes.noteRun(16, 0.016);
    expect(sizes.next(undefined)).toBe(256);
  });

  test('shrinks as soon as items take longer', () => {
    const sizes = new ChunkSizes(2);
    for (let round = 0; round < 9; round += 1) sizes.noteRun(1000, 50);
    sizes.noteRun(500, 5000);
    expect(sizes.next(undefined)).toBeLessThan(20);
  });

  test('is no larger than what is copied in 10 ms', () => {
    const sizes = new ChunkSizes(2);
    for (let round = 0; round < 9; round += 1) sizes.noteRun(100, 0.1);
    sizes.noteCopy(100, 100);
    expect(sizes.next(undefined)).toBe(10);
  });

  test('falls toward the end, and not below 2 ms of work', () => {
    const sizes = new ChunkSizes(2);
    for (let round = 0; round < 9; round += 1) sizes.noteRun(5000, 10);
    expect([1e6, 40_000, 8000, 100].map((left) => sizes.next(left))).toEqual([25_000, 10_000, 2000, 1000]);
  });

  test('leaves at most 50 µs of work to one claim, but an item', () => {
    for (const [time, claimed] of [
      [0.002, 25],
      [0.05, 1],
      [1, 1],
    ] as const) {
      const sizes = new ChunkSizes(2);
      sizes.noteRun(100, 100 * time);
      expect(sizes.claimedAtOnce(1000)).toBe(claimed);
    }
    const sizes = new ChunkSizes(2);
    sizes.noteRun(100, 5);
    expect(sizes.claimedAtOnce(40_960)).toBe(10); // of more than 4096 claims nobody has anything
  });

  test('a run of no item says nothing', () => {
    const sizes = new ChunkSizes(1);
    sizes.noteRun(0, 1000);
    expect(sizes.next(undefined)).toBe(1);
  });
});

test('a chunk gives back what it has not begun when it runs for 100 ms, or for 25 while a worker is free', () => {
  const looks = [0, 1, 2, 3, 4].map((look) => look);
  expect(looks.map((look) => shouldGiveBack(look, false))).toEqual([false, false, false, false, true]);
  expect(looks.map((look) => shouldGiveBack(look, true))).toEqual([false, true, true, true, true]);
});

test.each([
  [0, 5, 4],
  [1, 5, 4],
  [50, 5, 50],
  [500, 5, 256],
  [10, 0, 4],
])('with two workers, %p tasks in %p ms are read %p ahead', (done, time, ahead) => {
  expect(tasksAhead(2, done, time)).toBe(ahead);
});

/** Milliseconds that a chunk costs a worker beside its items. */
const THERE_AND_BACK = 0.15;

interface Simulated {
  readonly total: number;
  readonly first: number;
  /** When all items behind the slowest one were done. */
  readonly behind: number;
}

interface Chunk {
  /** Those that it keeps. */
  items: number[];
  readonly begun: number;
  /** When each of them is done. */
  readonly ends: number[];
  readonly claimed: number;
  looks: number;
}

const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));

/** A map of items that take so long, on two workers, looked at every 25 ms. Time is counted. */
function simulate(times: readonly number[], size: number | 'auto'): Simulated {
  const sizes = size === 'auto' ? new ChunkSizes(2) : undefined;
  const slowest = times.indexOf(largest(times));
  const done: number[] = [];
  const returned: number[][] = [];
  const running: (Chunk | undefined)[] = [undefined, undefined];
  let taken = 0;
  let first = Number.POSITIVE_INFINITY;
  let now = 0;
  const left = () => times.length - taken + returned.reduce((sum, { length }) => sum + length, 0);
  const begin = (): Chunk | undefined => {
    const wanted = sizes?.next(left()) ?? (size as number);
    let items = returned.shift();
    if (items === undefined) {
      items = Array.from({ length: Math.min(wanted, times.length - taken) }, (_, index) => taken + index);
      taken += items.length;
    } else if (items.length > wanted) returned.unshift(items.splice(wanted));
    if (items.length === 0) return undefined;
    let at = now + THERE_AND_BACK;
    const ends = items.map((item) => (at += times[item] as number));
    return { items, begun: now, ends, claimed: sizes?.claimedAtOnce(items.length) ?? 0, looks: 0 };
  };
  const endOf = (chunk: Chunk | undefined) =>
    chunk === undefined ? Number.POSITIVE_INFINITY : (chunk.ends[chunk.items.length - 1] as number);
  for (let nextLook = LOOK_EVERY; ; ) {
    for (const place of [0, 1]) running[place] ??= begin();
    now = Math.min(nextLook, endOf(running[0]), endOf(running[1]));
    if (running.every((chunk) => chunk === undefined)) break;
    for (const [place, chunk] of running.entries()) {
      if (chunk === undefined || endOf(chunk) > now) continue;
      for (const item of chunk.items) done[item] = now;
      sizes?.noteRun(chunk.items.length, now - chunk.begun - THERE_AND_BACK);
      first = Math.min(first, now);
      running[place] = undefined;
    }
    if (now < nextLook) continue;
    nextLook += LOOK_EVERY;
    for (const chunk of running) {
      if (chunk === undefined || sizes === undefined) continue;
      chunk.looks += 1;
      if (!shouldGiveBack(chunk.looks, running.includes(undefined) && returned.length === 0)) continue;
      const begun = chunk.ends.filter((end) => end <= now).length + 1;
      const kept = Math.ceil(begun / chunk.claimed) * chunk.claimed;
      if (kept < chunk.items.length) returned.unshift(chunk.items.splice(kept));
    }
  }
  return { total: largest(done), first, behind: largest(done.slice(slowest + 1)) };
}

/** The same numbers each time, from 0 to 1. */
function numbers(): () => number {
  let seed = 7;
  return () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
}

describe('a whole map', () => {
  const random = numbers();
  const mix = Array.from({ length: 3000 }, () => [0.002, 0.05, 1, 20][Math.floor(random() * 4)] as number);
  const rising = Array.from({ length: 20_000 }, (_, item) => (item < 10_000 ? 0.002 : 0.5));
  const falling = [...rising].reverse();

  test.each([
    ['2 µs', Array<number>(200_000).fill(0.002)],
    ['50 µs', Array<number>(20_000).fill(0.05)],
    ['1 ms', Array<number>(5000).fill(1)],
    ['20 ms', Array<number>(500).fill(20)],
    ['a mix', mix],
    ['rising costs', rising],
    ['falling costs', falling],
  ])('of items of %s is at least 0.9 times as quick as with the best of all sizes', (_, times) => {
    const sizes = [1, 8, 64, 512, 4096, 32_768];
    const best = Math.min(...sizes.map((size) => simulate(times, size).total));
    const auto = simulate(times, 'auto');
    expect(best / auto.total).toBeGreaterThan(0.9);
    expect(auto.first).toBeLessThanOrEqual(2 * simulate(times, 1).first);
  });

  test.each([0.002, 0.05, 1])('of items of %p ms holds nothing behind a slow one', (time) => {
    for (const place of [0, 0.1, 0.5, 0.9, 0.999]) {
      const times = Array<number>(20_000).fill(time);
      times[Math.floor(place * times.length)] = 60_000;
      const slice = Math.max(1, Math.floor(0.05 / time)); // what its worker had claimed with it
      const { behind, total } = simulate(times, 'auto');
      expect(total).toBeLessThan(60_000 + times.length * time + 100);
      // With claims of one item, nothing at all waits for it.
      if (slice === 1) expect(behind).toBeLessThan(2 * times.length * time + 200);
    }
  });
});
