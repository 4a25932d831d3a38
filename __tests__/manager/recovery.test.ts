/** What a death means for a pool: decided from reports, counts and times, without a process. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterShortage,
  areReplacedAtOnce,
  badOnesInARow,
  exceeds,
  isShortage,
  mayStartAgain,
  RecentCount,
  RestartIntensity,
  type Shortage,
} from '../../lib/manager/recovery.ts';

describe('a start fails for a shortage', () => {
  const failedWith = (code: unknown) => Object.assign(new Error('spawn'), { code });

  test.each(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])('with %s', (code) => {
    expect(isShortage({ startError: failedWith(code), stderr: '' })).toBe(true);
    expect(isShortage({ startError: undefined, stderr: `Error: ${code}: open 'worker.cjs'` })).toBe(true);
  });

  test.each([
    'node[7]: pthread_create: Resource temporarily unavailable',
    'uv_thread_create: failed',
    'cannot load: Too many open files',
    'mmap: Cannot allocate memory',
  ])('when the worker says %j', (stderr) => {
    expect(isShortage({ startError: undefined, stderr })).toBe(true);
  });

  test.each(['ENOENT', 'EACCES', 'EPERM', 'E2BIG', 'ERR_ACCESS_DENIED', undefined])(
    'but not with %s',
    (code) => {
      expect(isShortage({ startError: failedWith(code), stderr: 'EAGAIN' })).toBe(false);
    },
  );

  test('but not with words that only contain one', () => {
    expect(isShortage({ startError: undefined, stderr: 'SEMFILES, XENOMEMX' })).toBe(false);
    const hostile = Object.defineProperty(new Error('x'), 'code', {
      get() {
        throw new Error('no');
      },
    });
    expect(isShortage({ startError: hostile, stderr: '' })).toBe(false);
  });
});

describe('after such a start', () => {
  const none = { startTimeout: 1000, ready: 0, active: 0, waitingSince: 0 };
  const some = { ...none, ready: 1, active: 1 };
  const since: Shortage = { since: 0, failures: 1, awaitedSince: 0, hadWorkers: false };

  test('another one is tried until startTimeout is over for those who wait', () => {
    const first = afterShortage(undefined, { ...none, now: 5 });
    expect(first).toEqual({
      shortage: { since: 5, failures: 1, awaitedSince: 5, hadWorkers: false },
      verdict: 'wait',
      longestPause: 1000,
    });
    const next = afterShortage(first.shortage, { ...none, now: 1004 });
    expect(next).toMatchObject({
      verdict: 'wait',
      longestPause: 1,
      shortage: { failures: 2, awaitedSince: 5 },
    });
    expect(afterShortage(next.shortage, { ...none, now: 1005 }).verdict).toBe('give-up');
  });

  test('a worker that still starts may be the way out', () => {
    const { verdict, longestPause } = afterShortage(since, { ...none, active: 1, now: 1000 });
    expect([verdict, longestPause]).toEqual(['wait', Number.POSITIVE_INFINITY]);
  });

  test('a pool with workers never gives up; whoever prewarms is told, and the next one waits as long', () => {
    const before = { ...since, hadWorkers: true };
    const told = afterShortage(before, { ...some, now: 1000 });
    expect(told).toMatchObject({ verdict: 'fail-prewarming', shortage: { since: 0, awaitedSince: 1000 } });
    expect(afterShortage(told.shortage, { ...some, now: 1999 }).verdict).toBe('wait');
  });

  test('the patience begins anew when the last worker has gone, and while nobody waits', () => {
    const before = { ...since, hadWorkers: true };
    expect(afterShortage(before, { ...none, now: 5000 })).toMatchObject({
      verdict: 'wait',
      shortage: { since: 0, awaitedSince: 5000, hadWorkers: false },
    });
    const idle = afterShortage(since, { ...none, waitingSince: undefined, now: 5000 });
    expect(idle).toMatchObject({ verdict: 'wait', shortage: { awaitedSince: 5000 } });
  });

  test('a task that came later waits as long as the others had', () => {
    const late = afterShortage(since, { ...none, waitingSince: 900, now: 1000 });
    expect(late).toMatchObject({ verdict: 'wait', longestPause: 900, shortage: { awaitedSince: 900 } });
  });

  test('startTimeout: Infinity waits for ever', () => {
    expect(afterShortage(since, { ...none, startTimeout: Number.POSITIVE_INFINITY, now: 1e12 }).verdict).toBe(
      'wait',
    );
  });
});

test('a worker that a signal ends while it starts is started again, three times in a row, with isolate', () => {
  const killed = { signal: 'SIGKILL' } as const;
  expect([1, 2, 3].map((inARow) => mayStartAgain(killed, inARow, true))).toEqual([true, true, false]);
  expect(mayStartAgain(killed, 1, false)).toBe(false);
  expect(mayStartAgain({ signal: undefined }, 1, true)).toBe(false);
});

test('workers that die young are counted until one has lived, or has run a task', () => {
  expect([badOnesInARow(2, 999, 0), badOnesInARow(2, 1000, 0), badOnesInARow(2, 5, 1)]).toEqual([3, 0, 0]);
  expect([areReplacedAtOnce(3), areReplacedAtOnce(4)]).toEqual([true, false]);
});

describe('restartIntensity', () => {
  const limit = { max: 20, window: 60_000, share: 0.1 };

  test.each([
    ['50 requests a second, 1 % of crashes', 30, 2970, false],
    ['50 requests a second, 9 % of crashes', 270, 2730, false],
    ['50 requests a second, 20 % of crashes', 600, 2400, true],
    ['20 crashes and nothing else', 20, 0, false],
    ['21 crashes and nothing else', 21, 0, true],
    ['exactly one in ten', 30, 270, false],
    ['one more than one in ten', 31, 270, true],
  ])('%s', (_, deaths, finished, breaks) => {
    expect(exceeds(limit, deaths, finished)).toBe(breaks);
  });

  test('share: 0 counts deaths alone, share: 1 never breaks a pool', () => {
    expect(exceeds({ ...limit, share: 0 }, 21, 1e9)).toBe(true);
    expect(exceeds({ ...limit, share: 1 }, 1e9, 0)).toBe(false);
  });

  /** When a pool breaks that runs so many tasks a second, of which so many in a hundred crash; within ten minutes. */
  function breaksAfter(perSecond: number, crashes: number, goodMinutes = 0): number | undefined {
    const intensity = new RestartIntensity(limit);
    const begin = goodMinutes * 60 * perSecond;
    let due = 0;
    for (let task = 0; task < begin + 600 * perSecond; task += 1) {
      const now = 1e6 + (task / perSecond) * 1000;
      if (task >= begin) due += crashes;
      if (due < 100) intensity.noteFinished(now, 1);
      else {
        due -= 100;
        if (intensity.noteDeath(now) !== undefined) return Math.round((task - begin) / perSecond);
      }
    }
    return undefined;
  }

  test('the table of docs/production.md is right', () => {
    expect([breaksAfter(50, 1), breaksAfter(50, 9), breaksAfter(500, 1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([breaksAfter(50, 20), breaksAfter(50, 100), breaksAfter(1, 30)]).toEqual([2, 0, undefined]);
    expect([breaksAfter(1, 50), breaksAfter(1, 100)]).toEqual([41, 20]);
    expect(breaksAfter(50, 100, 2)).toBe(6); // all was good for two minutes, then nothing
  });
});

test('each item of a chunk counts, and the pool says why it gives up', () => {
  const intensity = new RestartIntensity({ max: 1, window: 1_000, share: 0.1 });
  intensity.noteFinished(0, 25);
  expect([intensity.noteDeath(1), intensity.noteDeath(2)]).toEqual([undefined, undefined]);
  expect(intensity.noteDeath(3)).toBe(
    '3 workers died within 1000 ms, while 25 calls finished: more than restartIntensity allows ({ max: 1, window: 1000, share: 0.1 }), so the executor is broken and accepts no more tasks. Create another one.',
  );
});

describe('what happened within a window', () => {
  test('is forgotten when the window is over, not before', () => {
    const count = new RecentCount(6400);
    for (let n = 0; n < 5; n += 1) count.add(1000);
    count.add(5000);
    expect([count.total(7400), count.total(7600), count.total(11_600)]).toEqual([6, 1, 0]);
    count.add(1e9);
    expect(count.total(1e9)).toBe(1);
  });

  test.each([0, 1, Number.POSITIVE_INFINITY])('of %d milliseconds', (window) => {
    const count = new RecentCount(window);
    count.add(5);
    expect(count.total(5)).toBe(1);
    expect(count.total(1e6)).toBe(window === Number.POSITIVE_INFINITY ? 1 : 0);
  });

  test('is counted to one slice exactly, whatever the times', () => {
    const times = fc.array(fc.nat(500), { maxLength: 200 });
    fc.assert(
      fc.property(times, fc.integer({ min: 64, max: 5000 }), (gaps, window) => {
        const count = new RecentCount(window);
        const at: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          at.push(now);
          count.add(now);
        }
        const within = (span: number) => at.filter((time) => now - time < span).length;
        const slice = window / 64;
        expect(count.total(now)).toBeGreaterThanOrEqual(within(window));
        expect(count.total(now)).toBeLessThanOrEqual(within(window + slice));
      }),
    );
  });
});
