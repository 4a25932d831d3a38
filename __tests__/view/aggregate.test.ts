/** How tasks become what a page shows: figures that are small however many tasks there are. */
import { describe, expect, test } from '@jest/globals';
import { Changes } from '../../lib/view/aggregate/changes.ts';
import { wordsOf } from '../../lib/view/aggregate/error-words.ts';
import { Failures } from '../../lib/view/aggregate/failures.ts';
import { Functions, OTHERS } from '../../lib/view/aggregate/functions.ts';
import { LogHistogram } from '../../lib/view/aggregate/histogram.ts';
import { Lanes } from '../../lib/view/aggregate/lanes.ts';
import { markKinds, type Slice, sliceKinds } from '../../lib/view/aggregate/messages.ts';
import { readProgress } from '../../lib/view/aggregate/progress.ts';
import { Series } from '../../lib/view/aggregate/series.ts';

const kindOf = (slice: Slice | undefined) => sliceKinds[slice?.[4] ?? -1];

describe('lanes', () => {
  test('a long task is a slice of its own, with its outcome', () => {
    const lanes = new Lanes();
    const lane = lanes.of(3);
    lanes.answered(lane, 7, 1000, 250, 42);
    expect(lanes.take(2000).slices).toEqual([[3, 1000, 250, 7, 0, 1, 250, 42, 0]]);
    lanes.answered(lane, 7, 2000, 250, 43);
    lanes.lastFailed(lane);
    expect(kindOf(lanes.take(3000).slices[0])).toBe('failed');
  });

  test('a failure changes no slice that a page has already', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0);
    lanes.answered(lane, 1, 0, 200, 1);
    lanes.take(1000);
    lanes.lastFailed(lane);
    expect(kindOf(lanes.all().slices[0])).toBe('succeeded');
    expect(lanes.take(2000).slices).toEqual([]);
  });

  test('brief tasks of one cell are one slice of the function that took most of the time', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0);
    for (let n = 0; n < 10; n += 1) lanes.answered(lane, n < 8 ? 5 : 6, n * 10, 4, n);
    const { slices } = lanes.take(1000);
    expect(slices).toEqual([[0, 0, 94, 5, 0, 10, 40, 0, 0]]);
  });

  test('a failed brief task shows in its cell', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0);
    lanes.answered(lane, 1, 0, 1, 1);
    lanes.lastFailed(lane);
    lanes.answered(lane, 1, 5, 1, 2);
    expect(lanes.take(1000).slices.map(kindOf)).toEqual(['failed']);
  });

  test('a cell that is not over yet stays until it is', () => {
    const lanes = new Lanes();
    lanes.answered(lanes.of(0), 1, 130, 1, 1);
    expect(lanes.take(200).slices).toEqual([]);
    expect(lanes.take(260).slices).toHaveLength(1);
    expect(lanes.take(300).slices).toEqual([]);
  });

  test('answers that arrive together are laid one after the other', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0);
    lanes.answered(lane, 1, 0, 150, 1);
    lanes.answered(lane, 1, 10, 150, 2);
    const [, second] = lanes.take(1000).slices;
    expect(second?.slice(1, 3)).toEqual([150, 150]);
  });

  test('tasks that a worker ran at the same time overlap, each in the first track that was free', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0, true);
    lanes.answered(lane, 1, 100, 200, 1); // 100 to 300
    lanes.answered(lane, 1, 0, 500, 2); // 0 to 500: began first, was answered last
    lanes.answered(lane, 1, 300, 300, 3);
    lanes.ended(lane, 1, 250, 700, 'killed', 4);
    const { slices } = lanes.take(1000);
    expect(slices.map(([, from, length, , , , , id, track]) => [id, from, from + length, track])).toEqual([
      [1, 100, 300, 0],
      [2, 0, 500, 1],
      [3, 300, 600, 0],
      [4, 250, 700, 2],
    ]);
  });

  test('brief tasks that overlap are one slice of the time in which they came to their end', () => {
    const lanes = new Lanes();
    const lane = lanes.of(0, true);
    for (let n = 0; n < 12; n += 1) lanes.answered(lane, 5, n % 2 === 0 ? 60 : 130, 70 + n, n);
    expect(
      lanes.take(1000).slices.map(([, from, length, , , count]) => [from, from + length, count]),
    ).toEqual([[60, 211, 12]]);
  });

  test('50,000 tasks a minute on 64 workers are at most 24 slices a second for each worker, and a minute is kept', () => {
    const lanes = new Lanes();
    let most = 0;
    for (let tick = 0; tick < 4 * 120; tick += 1) {
      for (let n = 0; n < 208; n += 1) lanes.answered(lanes.of(n % 64), n % 9, tick * 250 + n, n % 40, n);
      most = Math.max(most, lanes.take(tick * 250 + 250).slices.length);
    }
    expect(most).toBeLessThanOrEqual((64 * 24) / 4);
    const { slices } = lanes.all();
    expect(Math.min(...slices.map(([, from]) => from))).toBeGreaterThan(45_000);
    expect(slices.length).toBeLessThan(64 * 24 * 72);
  });

  test('ends and marks are told apart by kind', () => {
    const lanes = new Lanes();
    lanes.ended(lanes.of(1), 2, 100, 400, 'timed-out', 9);
    lanes.mark(1, 400, 'killed', 77, 'timed-out');
    const { slices, marks } = lanes.take(1000);
    expect(slices).toEqual([[1, 100, 300, 2, sliceKinds.indexOf('timed-out'), 1, 300, 9, 0]]);
    expect(marks).toEqual([[1, 400, markKinds.indexOf('killed'), 77, 'timed-out']]);
  });
});

describe('functions', () => {
  test('counts, sums, finds the longest, and tells what has changed', () => {
    const functions = new Functions();
    Functions.note(functions.of('a'), 2);
    Functions.note(functions.of('a'), 6);
    Functions.noteError(functions.of('a'));
    expect(functions.takeChanged()).toEqual([[1, 'a', 2, 8, 6, 1]]);
    expect(functions.takeChanged()).toEqual([]);
    Functions.note(functions.of('b'), 1);
    expect(functions.takeChanged()).toEqual([[2, 'b', 1, 1, 1, 0]]);
    expect(functions.all()).toHaveLength(2);
  });

  test('a name for each task fills no memory, and no time is lost', () => {
    const functions = new Functions();
    for (let n = 0; n < 5_000; n += 1) {
      Functions.note(functions.of(`resize ${n}`), 1);
      if (n % 500 === 0) functions.putTogether();
    }
    functions.putTogether();
    const all = functions.all();
    expect(all.length).toBeLessThanOrEqual(201);
    expect(all.reduce((sum, [, , count]) => sum + count, 0)).toBe(5_000);
    expect(all.at(-1)?.[1]).toBe(OTHERS);
  });

  test('those that were put together are told with no tasks left', () => {
    const functions = new Functions();
    for (let n = 0; n < 300; n += 1) Functions.note(functions.of(`n${n}`), n);
    functions.takeChanged();
    functions.putTogether();
    const changed = functions.takeChanged();
    expect(changed.filter(([, name]) => name === '')).toHaveLength(200);
    expect(changed.at(-1)?.slice(1, 3)).toEqual([OTHERS, 200]);
  });

  test('a very long name is cut', () => {
    const functions = new Functions();
    functions.of('x'.repeat(1000));
    expect(functions.all()[0]?.[1].length).toBe(201);
  });
});

describe('histogram', () => {
  test('a percentile is right within five per cent, from microseconds to days', () => {
    for (const scale of [0.001, 1, 1000, 1e6]) {
      const histogram = new LogHistogram();
      for (let n = 1; n <= 1000; n += 1) histogram.record(n * scale);
      for (const share of [0.5, 0.99]) {
        const exact = 1000 * share * scale;
        const error = Math.abs((histogram.percentile(share) as number) - exact);
        expect(error).toBeLessThan(exact * 0.05 + 0.001);
      }
    }
  });

  test('nothing recorded has no percentile, also after a reset', () => {
    const histogram = new LogHistogram();
    expect(histogram.percentile(0.5)).toBeUndefined();
    histogram.record(-1);
    histogram.record(Number.MAX_VALUE);
    expect(histogram.count).toBe(2);
    histogram.reset();
    expect(histogram.percentile(0.5)).toBeUndefined();
  });
});

test('series: a point for each second from figures that only grow, ten minutes of them', () => {
  const series = new Series();
  const base = { pending: 1, running: 2, loopP50: 0.5, loopP99: 3, memory: 5 };
  expect(series.close({ ...base, at: 0, done: 100, failed: 1, cpuTime: 50 })).toBeUndefined();
  series.runTime.record(10);
  const point = series.close({ ...base, at: 2000, done: 300, failed: 3, cpuTime: 550 });
  expect(point).toMatchObject({ at: 2000, done: 100, failed: 1, cpu: 25, loopP99: 3, waitP50: undefined });
  expect(point?.runP50).toBeCloseTo(10, 0);
  for (let n = 3; n < 1000; n += 1)
    series.close({ ...base, at: n * 1000, done: 300, failed: 3, cpuTime: 550 });
  expect(series.all()).toHaveLength(600);
  expect(series.all().at(-1)?.runP50).toBeUndefined();
});

describe('failures', () => {
  const input = { at: 1, kind: 'failed', pool: 1 } as const;
  const words = () => ({ message: 'it failed', stack: undefined });

  test('the same error for many tasks is one entry with a count', () => {
    const failures = new Failures();
    const error = new Error('broken');
    for (let n = 0; n < 1_000; n += 1) failures.add({ ...input, kind: 'lost' }, error, words);
    expect(failures.takeChanged(2)).toMatchObject([{ kind: 'lost', count: 1_000, message: 'it failed' }]);
    expect(failures.takeChanged(3)).toEqual([]);
  });

  test('what the death of a worker cost is counted to it', () => {
    const failures = new Failures();
    failures.add({ ...input, kind: 'died', pid: 5 }, undefined, words);
    failures.add({ ...input, kind: 'lost', pid: 5 }, new Error('a'), words);
    failures.add({ ...input, kind: 'lost', pid: 5 }, new Error('b'), words);
    failures.add({ ...input, kind: 'lost', pid: 6 }, new Error('c'), words);
    expect(failures.all().map(({ kind, count }) => [kind, count])).toEqual([
      ['died', 2],
      ['lost', 1],
    ]);
  });

  test('of a flood ten are put into words, the rest is counted, and the list stays short', () => {
    const failures = new Failures();
    let worded = 0;
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 100; n += 1)
        failures.add(input, new Error('x'), () => {
          worded += 1;
          return words();
        });
      const changed = failures.takeChanged(round);
      expect(changed).toHaveLength(11);
      expect(changed.at(-1)?.count).toBe(90);
    }
    expect(worded).toBe(200);
    expect(failures.all()).toHaveLength(60);
  });

  test('long texts are cut', () => {
    const failures = new Failures();
    failures.add(input, 1, () => ({ message: 'm'.repeat(1e6), stack: 's'.repeat(1e6) }));
    expect(JSON.stringify(failures.all()).length).toBeLessThan(10_000);
  });
});

test('an error in words, with its causes; whatever was thrown', () => {
  const error = new TypeError('outer', { cause: new RangeError('inner') });
  const { message, stack } = wordsOf(error);
  expect(message).toBe('TypeError: outer');
  expect(stack).toMatch(/^TypeError: outer\n[\s\S]*Caused by: RangeError: inner/);
  expect(wordsOf('text')).toEqual({ message: 'text', stack: undefined });
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  expect(wordsOf(hostile)).toEqual({ message: 'a value that has no text', stack: undefined });
});

test('progress is shown if it is a measure, and nothing else of what a task reports', () => {
  expect(readProgress(0.25)).toEqual({ share: 0.25, text: '25 %' });
  expect(readProgress({ done: 3, of: 4, secret: 'x' })).toEqual({ share: 0.75, text: '3 of 4' });
  expect(readProgress({ done: 3, total: 2 })).toMatchObject({ share: 1 });
  expect(readProgress({ done: 7 })).toEqual({ share: undefined, text: '7' });
  for (const other of [
    'secret',
    { secret: 1 },
    null,
    undefined,
    Number.NaN,
    -1,
    [],
    { done: 'secret', of: 2 },
  ])
    expect(readProgress(other)).toBeUndefined();
});

test('changes: new and other rows, and keys that are gone', () => {
  const changes = new Changes<{ key: string; n: number }>();
  expect(changes.take([{ key: 'a', n: 1 }])).toEqual({ changed: [{ key: 'a', n: 1 }], gone: [] });
  expect(changes.take([{ key: 'a', n: 1 }])).toEqual({ changed: [], gone: [] });
  expect(changes.take([{ key: 'b', n: 1 }])).toEqual({ changed: [{ key: 'b', n: 1 }], gone: ['a'] });
});
