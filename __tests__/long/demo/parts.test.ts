/** The demo's own arithmetic, and what it says of its figures. */
import { describe, expect, test } from '@jest/globals';

interface InputFile {
  path: string;
  bytes: number;
}
interface Result {
  took: number;
  others: number;
  spans: { from: number; to: number }[][];
}
interface Parts {
  chunksBySize(files: InputFile[], chunks: number): InputFile[][];
  fixedShares(chunks: InputFile[][], shares: number): InputFile[][][];
  sizeOf(files: InputFile[]): number;
  quantile(values: number[], share: number): number;
  ticks(most: number, wanted: number): number[];
  verdictOfSpeed(act: { workers: number; results: Result[] }): string[];
}

/** The demo is JavaScript: a user's machine runs it as it is. */
const load = (file: string): Promise<Parts> => import(`../../../scripts/demo/${file}`) as Promise<Parts>;

const { chunksBySize, fixedShares, sizeOf } = await load('files.js');
const { quantile } = await load('statistics.js');
const { ticks } = await load('page/html.js');
const { verdictOfSpeed } = await load('speed/report.js');

const files = Array.from({ length: 500 }, (_, n) => ({ path: `${n}.js`, bytes: (n * 7919) % 20_000 }));
const withLarge = [...files, { path: 'large.js', bytes: 4_000_000 }];

describe('files', () => {
  test('are all in one chunk each, the largest chunk first', () => {
    const chunks = chunksBySize(withLarge, 20);
    expect(new Set(chunks.flat())).toEqual(new Set(withLarge));
    expect(chunks.flat()).toHaveLength(withLarge.length);
    expect(chunks[0]).toEqual([{ path: 'large.js', bytes: 4_000_000 }]);
  });

  test('of about the same size make about as many chunks as were asked for', () => {
    expect(Math.abs(chunksBySize(files, 20).length - 20)).toBeLessThanOrEqual(1);
  });

  test('are shared out so that nobody has much more than the others', () => {
    const shares = fixedShares(chunksBySize(files, 40), 3).map((chunks) => sizeOf(chunks.flat()));
    expect(shares.reduce((sum, size) => sum + size, 0)).toBe(sizeOf(files));
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.2);
  });
});

test('a quantile is one of the values', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5, 5]);
});

test.each([0.4, 1, 3.7, 12, 600])('an axis up to %d has a few round marks', (most) => {
  const marks = ticks(most, 5);
  expect(marks.length).toBeGreaterThanOrEqual(3);
  expect(marks.length).toBeLessThanOrEqual(7);
  expect(marks.at(-1)).toBeLessThanOrEqual(most);
});

describe('what is said of the speed', () => {
  const said = (workers: number, took: number[], others = 0, longest = 100) =>
    verdictOfSpeed({
      workers,
      results: took.map((each) => ({ took: each, others, spans: [[{ from: 0, to: longest }]] })),
    }).join(' ');

  test('is short when the pool does what it should', () => {
    expect(said(2, [2000, 1050, 1030])).toBe(
      'The pool is 1.90 × as fast as one process: 98 % of what 2 plain processes without a pool reach (1.94 ×).',
    );
  });

  test.each([
    ['others keep the machine busy', said(2, [2000, 1900, 1800], 0.7), /kept 0.7 processors busy/],
    [
      'the machine gives no more to plain processes',
      said(2, [2000, 1650, 1600]),
      /Plain processes get no further/,
    ],
    ['the pool costs something', said(2, [2000, 1400, 1100]), /what the pool costs/],
    ['one file is what takes so long', said(8, [2000, 650, 600], 0, 550), /largest file alone takes 0.55 s/],
    ['there is one processor', said(1, [2000, 2010, 2000], 0.7), /one processor/],
  ])('names the cause when %s', (_, text, cause) => {
    expect(text).toMatch(cause);
  });
});
