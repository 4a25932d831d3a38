/** What the page makes of messages, without a browser. */
import { describe, expect, test } from '@jest/globals';
import type {
  Delta,
  HostInfo,
  Point,
  PoolRow,
  Slice,
  Snapshot,
  WorkerRow,
} from '../../lib/view/aggregate/messages.ts';
import { amount, bytes, duration } from '../../lib/view/page/format.ts';
import { apply, fromJson, fromSnapshot, functionName, linesOf, toJson } from '../../lib/view/page/model.ts';
import { pageWith } from '../../lib/view/page/saved-page.ts';
import { toTrace } from '../../lib/view/page/trace.ts';
import { placesOf } from '../../lib/view/page/tracks.ts';
import { withPolicy } from '../../lib/view/page-file.ts';

const host: HostInfo = {
  program: 'p.js',
  pid: 7,
  machine: 'm',
  node: 'v22.0.0',
  loky: '1',
  timeOrigin: 1e12,
  actions: false,
};
const point = (at: number): Point => ({
  ...{ at, done: 1, failed: 0, pending: 3, running: 2, cpu: 1, memory: 2 },
  ...{ waitP50: 1, waitP99: 1, runP50: 1, runP99: 1, loopP50: 1, loopP99: 1 },
});
const slice = (
  row: number,
  from: number,
  more: Partial<{ fn: number; kind: number; count: number }> = {},
): Slice => [row, from, 100, more.fn ?? 1, more.kind ?? 0, more.count ?? 1, 100, 5, 0];
const worker = (row: number, state: string, pid: number): WorkerRow => ({
  ...{ key: `w1:${pid}`, row, pool: 1, rank: row % 10_000, pid, state, isRetiring: false, ahead: 0, done: 0 },
  ...{ memory: 1, growth: 0, cpu: 0, tasks: [], running: 0 },
});
const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({ now: 0, host, ...more });

describe('model', () => {
  test('takes changes in, and lets go what is older than the stream', () => {
    const model = fromSnapshot(
      snapshot({ workers: [worker(10_000, 'busy', 1)], slices: [slice(10_000, 0)] }),
    );
    apply(model, {
      now: 1_000,
      functions: [[1, 'a', 1, 1, 1, 0]],
      slices: [slice(10_000, 900)],
      gone: ['w1:1'],
    });
    expect(model.workers.size).toBe(0);
    expect(functionName(model, 1)).toBe('a');
    expect(functionName(model, 99)).toBe('(other names)');
    expect(model.slices.get(10_000)).toHaveLength(2);
    apply(model, { now: 63_500 });
    expect(model.slices.get(10_000)).toHaveLength(1);
    apply(model, { now: 70_000 });
    expect(model.slices.size).toBe(0);
  });

  test('is flat: an hour of deltas leaves no more than ten minutes', () => {
    const model = fromSnapshot(snapshot());
    for (let second = 1; second < 3_600; second += 1) {
      const delta: Delta = {
        ...{ now: second * 1000, points: [point(second * 1000)], slices: [slice(10_000, second * 1000)] },
        failures: [
          {
            ...{ id: second, at: second, kind: 'failed', pool: 1, count: 1, message: 'x' },
            ...{ rank: 0, pid: 1, task: 't', stack: undefined, report: undefined },
          },
        ],
      };
      apply(model, delta);
    }
    expect([model.points.length, model.slices.get(10_000)?.length, model.failures.size]).toEqual([
      600, 64, 60,
    ]);
  });

  test('keeps the settings of a pool, which are sent once', () => {
    const pool: PoolRow = {
      ...{
        key: 'p1',
        id: 1,
        state: 'open',
        pending: 0,
        running: 0,
        maxWorkers: 1,
        outcomes: {},
        exits: {},
        recycled: {},
      },
      ...{ shortage: undefined, memoryLimit: undefined, leakThreshold: 1 },
    };
    const model = fromSnapshot(snapshot({ pools: [{ ...pool, settings: [['stdio', 'inherit']] }] }));
    apply(model, { now: 1, pools: [{ ...pool, pending: 4 }] });
    expect(model.pools.get('p1')).toMatchObject({ pending: 4, settings: [['stdio', 'inherit']] });
  });

  test('goes on with its curves after a lost connection, but not with those of another process', () => {
    const former = fromSnapshot(snapshot({ now: 5_000, points: [point(1_000), point(2_000)] }));
    const next = snapshot({ now: 9_000, points: [point(8_000)] });
    expect(fromSnapshot(next, former).points.map(({ at }) => at)).toEqual([1_000, 2_000, 8_000]);
    expect(fromSnapshot({ ...next, host: { ...host, pid: 8 } }, former).points).toHaveLength(1);
  });

  test('a place shows who works there; another process of it is beside', () => {
    const model = fromSnapshot(
      snapshot({
        workers: [worker(10_000, 'leaving', 1), worker(10_000, 'busy', 2), worker(10_001, 'idle', 3)],
        slices: [slice(10_004, 0)],
      }),
    );
    expect(linesOf(model).map(({ row, worker: at, other }) => [row, at?.pid, other?.pid])).toEqual([
      [10_000, 2, 1],
      [10_001, 3, undefined],
      [10_004, undefined, undefined],
    ]);
  });

  test('is the same after a file', () => {
    const model = fromSnapshot(
      snapshot({ workers: [worker(1, 'idle', 1)], slices: [slice(1, 0)], functions: [[1, 'a', 1, 1, 1, 0]] }),
    );
    expect(toJson(fromJson(toJson(model)))).toBe(toJson(model));
    expect(fromJson(toJson(model)).functions.get(1)).toEqual([1, 'a', 1, 1, 1, 0]);
  });
});

test('a saved timeline has the rows and slices of traceTimeline', () => {
  const model = fromSnapshot(
    snapshot({
      functions: [[1, 'resize', 1, 1, 1, 0]],
      slices: [slice(10_002, 5), slice(10_002, 200, { count: 9 }), slice(10_002, 300, { kind: 5, fn: 0 })],
      marks: [[10_002, 400, 0, 77, 'crash']],
      points: [point(1_000)],
    }),
  );
  const { traceEvents, displayTimeUnit } = toTrace(model);
  expect(displayTimeUnit).toBe('ms');
  expect(traceEvents).toEqual([
    { ph: 'M', name: 'process_name', pid: 7, tid: 0, args: { name: 'loky' } },
    { ph: 'M', name: 'thread_name', pid: 7, tid: 10_002, args: { name: 'executor 1, worker 2' } },
    { ph: 'M', name: 'thread_sort_index', pid: 7, tid: 10_002, args: { sort_index: 10_002 } },
    {
      ph: 'X',
      name: 'resize',
      cat: 'task',
      pid: 7,
      tid: 10_002,
      ts: 5_000,
      dur: 100_000,
      args: { id: 5, outcome: 'succeeded' },
    },
    expect.objectContaining({
      name: '9 tasks, mostly resize',
      args: { count: 9, outcome: 'succeeded', busy: 100 },
    }),
    expect.objectContaining({ name: 'start', cat: 'worker' }),
    expect.objectContaining({ ph: 'i', name: 'crashed: crash', args: { pid: 77 } }),
    expect.objectContaining({ ph: 'C', args: { pending: 3, running: 2 } }),
  ]);
});

test('tasks that ran beside others in one worker have rows of their own in a saved timeline', () => {
  const beside = (from: number, track: number): Slice => [10_002, from, 100, 1, 0, 1, 100, 5, track];
  const model = fromSnapshot(
    snapshot({ slices: [beside(0, 0), beside(10, 1), beside(20, 2), beside(150, 1)] }),
  );
  const { traceEvents } = toTrace(model);
  const tids = traceEvents.filter(({ ph }) => ph === 'X').map(({ tid }) => tid);
  expect(tids).toEqual([10_002, 15_001, 15_002, 15_001]);
  expect(traceEvents).toContainEqual({
    ...{ ph: 'M', name: 'thread_sort_index', pid: 7, tid: 15_002 },
    args: { sort_index: 10_002 },
  });
});

test('running tasks lie in the first track that was free when they began', () => {
  const task = (id: number, since: number) => ({
    ...{ id, name: 'a', fn: 1, since },
    ...{ loading: undefined, progress: undefined },
  });
  const done = (from: number, track: number): Slice => [10_002, from, 100, 1, 0, 1, 100, 5, track];
  const placed = placesOf({ slices: [done(0, 0), done(50, 1)], running: [task(1, 120), task(2, 130)] });
  expect(placed.count).toBe(3);
  expect(placed.running.map(({ task: { id }, track }) => [id, track])).toEqual([
    [1, 0],
    [2, 2],
  ]);
  expect(placesOf({ slices: [done(0, 0)], running: [task(3, 90)] })).toMatchObject({
    count: 1,
    running: [{ track: 0 }],
  });
});

test('a name in a saved page cannot end its element', () => {
  const model = fromSnapshot(
    snapshot({ functions: [[1, '</script><script>alert(1)</script><!--', 1, 1, 1, 0]] }),
  );
  const html = pageWith(model, 'run()', 'a{}');
  expect(html.match(/<script/g)).toHaveLength(2);
  expect(html).not.toContain('<!--');
  const [, data = ''] = /<script type="application\/json" id="loky-view">(.*?)<\/script>/s.exec(html) ?? [];
  expect(functionName(fromJson(data), 1)).toContain('alert(1)');
});

test('the policy lets the own script and style run by their hashes, and nothing else', () => {
  const { policy } = withPolicy(Buffer.from('<style>a{}</style><body><script>run()</script>'));
  expect(policy).toMatch(/script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='/);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

test('figures are read by people', () => {
  expect([0.05, 0.5, 5.25, 50, 5_250, 75_000, 3_600_000 * 5, 3_600_000 * 50].map(duration)).toEqual([
    ...['50 µs', '0.5 ms', '5.3 ms', '50 ms', '5.25 s', '1 min 15 s', '5 h 0 min', '2 d 2 h'],
  ]);
  expect([undefined, 1_500, 5e6, 2.5e9, -2e6].map((each) => bytes(each))).toEqual([
    '–',
    '2 kB',
    '5 MB',
    '2.5 GB',
    '−2 MB',
  ]);
  expect([3, 1_234, 45_600, 3e6].map(amount)).toEqual(['3', '1,234', '45.6 k', '3 M']);
});
