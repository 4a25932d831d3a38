/** `traceTimeline` gives what Perfetto and chrome://tracing open, in bounded memory, and leaves no listener behind. */
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { type TraceEvent, traceTimeline } from 'loky';
import { createTraceEvents } from '../../lib/observing/trace-events.ts';
import { writeTo } from '../../lib/observing/trace-sinks.ts';
import { killSelf, poolsOfEachTest, sleepFor, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

/** What every reader of the format relies on. */
function expectTraceFormat(events: readonly TraceEvent[]): void {
  for (const event of events) {
    expect(event).toMatchObject({ name: expect.any(String), pid: process.pid, tid: expect.any(Number) });
    expect(['X', 'i', 'M']).toContain(event.ph);
    if (event.ph !== 'M') expect(event.ts).toBeGreaterThan(0);
    if (event.ph === 'X') expect(event.dur).toBeGreaterThanOrEqual(0);
    if (event.ph === 'i') expect(event.s).toBe('t');
  }
}

/** No two slices of one row overlap. */
function expectRowsInOrder(events: readonly TraceEvent[]): void {
  const ends = new Map<number, number>();
  const slices = events.filter(({ ph }) => ph === 'X').sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0));
  for (const { tid, ts = 0, dur = 0 } of slices) {
    expect(ts).toBeGreaterThanOrEqual((ends.get(tid) ?? 0) - 0.01);
    ends.set(tid, ts + dur);
  }
}

test('has a row for each worker, with its start, its tasks and its end', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const timeline = traceTimeline(executor);
  await executor.prewarm(); // else the first worker could be done before the second one is there
  const named = executor.withOptions({ name: 'nap' });
  await Promise.all([named.submit(sleepFor, 50), named.submit(sleepFor, 50)]);
  await executor.shutdown();
  const { traceEvents, displayTimeUnit } = JSON.parse(JSON.stringify(timeline)) as ReturnType<
    typeof timeline.toJSON
  >;
  timeline.stop();
  expect(displayTimeUnit).toBe('ms');
  expectTraceFormat(traceEvents);
  expectRowsInOrder(traceEvents);
  const rows = traceEvents.filter(({ name }) => name === 'thread_name');
  expect(rows.map(({ args }) => args?.['name'])).toEqual(
    [0, 1].map((rank) => `executor ${executor.executorId}, worker ${rank}`),
  );
  for (const { tid } of rows) {
    const names = traceEvents
      .filter((event) => event.tid === tid && event.ph !== 'M')
      .map(({ name }) => name);
    expect(names).toEqual(['start', 'nap', 'exit: shutdown']);
  }
  const naps = traceEvents.filter(({ name }) => name === 'nap');
  for (const { dur, args } of naps) {
    expect(dur).toBeGreaterThan(45_000); // microseconds
    expect(args).toMatchObject({ outcome: 'succeeded', waitTime: expect.any(Number) });
  }
});

test('short tasks that were answered together lie one after the other', async () => {
  const executor = newPool();
  const timeline = traceTimeline(executor);
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => executor.submit(square, index)));
  const { traceEvents } = timeline.toJSON();
  timeline.stop();
  expect(traceEvents.filter(({ cat }) => cat === 'task')).toHaveLength(1_000);
  expectRowsInOrder(traceEvents);
});

test('shows crashes, tasks that run again, and recycling as instants in the row', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate', crashRetries: 1, maxTasksPerWorker: 1 });
  const timeline = traceTimeline(executor);
  await executor.submit(killSelf).exception();
  await executor.submit(square, 1);
  await executor.shutdown();
  const instants = timeline
    .toJSON()
    .traceEvents.filter(({ ph }) => ph === 'i')
    .map(({ name }) => name);
  timeline.stop();
  const sorted = ['died: crash', 'died: crash', 'recycled: max-tasks', 'runs again'];
  expect(instants.filter((name) => !name.startsWith('exit')).sort()).toEqual(sorted);
});

test('keeps the latest events only, and says how many it dropped', async () => {
  const executor = newPool();
  await executor.prewarm();
  const timeline = traceTimeline(executor, { maxEvents: 10 });
  for (let index = 0; index < 25; index += 1)
    await executor.withOptions({ name: `task ${index}` }).submit(square, index);
  const events = timeline.toJSON().traceEvents.filter(({ ph }) => ph !== 'M');
  expect(events.map(({ name }) => name)).toEqual(
    Array.from({ length: 10 }, (_, index) => `task ${index + 15}`),
  );
  expect(timeline.dropped).toBe(15);
  timeline.stop();
});

test('stop, and using, leave no listener and add nothing more', async () => {
  const executor = newPool();
  const timeline = traceTimeline(executor);
  expect(executor.eventNames().length).toBeGreaterThan(0);
  timeline[Symbol.dispose]();
  timeline.stop();
  expect(executor.eventNames()).toEqual([]);
  await executor.submit(square, 1);
  expect(timeline.toJSON().traceEvents).toEqual([]);
});

describe('into a stream', () => {
  test('it is one JSON array, complete after stop, and the stream stays open', async () => {
    const executor = newPool();
    const stream = new PassThrough();
    const timeline = traceTimeline(executor, { to: stream });
    await executor.submit(square, 1);
    timeline.stop();
    expect(stream.writableEnded).toBe(false);
    expect(stream.listenerCount('drain')).toBe(0);
    const events = JSON.parse(String(stream.read())) as TraceEvent[];
    expectTraceFormat(events);
    expect(events.filter(({ ph }) => ph === 'X').map(({ name }) => name)).toEqual(['start', 'square']);
    expect(timeline.toJSON().traceEvents).toEqual([]);
  });

  test('without any event it is an empty array', () => {
    const stream = new PassThrough();
    traceTimeline(newPool(), { to: stream }).stop();
    expect(JSON.parse(String(stream.read()))).toEqual([]);
  });

  const event = (name: string): TraceEvent => ({ ph: 'i', name, pid: 1, tid: 1, ts: 1, s: 't' });

  test('one that is too slow holds a bounded number back; later ones are dropped, and the array stays whole', () => {
    let text = '';
    let goOn: (() => void) | undefined;
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk, _, callback) {
        text += String(chunk);
        goOn = callback;
      },
    });
    const sink = writeTo(stream, 3);
    for (const name of 'abcdefg') sink.add(event(name));
    expect(sink.dropped()).toBe(3); // one is on its way, three are held back
    sink.end();
    for (let left = goOn; left !== undefined; left = goOn) {
      goOn = undefined;
      left();
    }
    expect((JSON.parse(text) as TraceEvent[]).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('one that was destroyed is left alone', () => {
    const stream = new PassThrough();
    const sink = writeTo(stream, 3);
    sink.add(event('a'));
    stream.destroy();
    sink.add(event('b'));
    sink.end();
    expect(sink.dropped()).toBe(1);
  });
});

test('options that are wrong are named', () => {
  const executor = newPool();
  expect(() => traceTimeline(executor, { to: 'a file' as never })).toThrow(
    /to must be a writable stream, got/,
  );
  expect(() => traceTimeline(executor, { maxEvents: 0 })).toThrow(/maxEvents/);
  expect(() => traceTimeline(executor, { limit: 1 } as never)).toThrow(
    /unknown option limit of traceTimeline/,
  );
  expect(executor.eventNames()).toEqual([]);
});

test('a worker that was ready before the timeline began has a row, and no start', () => {
  const added: TraceEvent[] = [];
  const described: TraceEvent[] = [];
  const trace = createTraceEvents(
    3,
    (event) => added.push(event),
    (event) => described.push(event),
  );
  trace.workerReady({ executorId: 3, pid: 9, rank: 2 });
  expect(added).toEqual([]);
  trace.workerExited({
    executorId: 3,
    pid: 9,
    rank: 2,
    exitCode: 0,
    signal: undefined,
    reason: 'idle-timeout',
    error: undefined,
    task: undefined,
  });
  expect(added).toMatchObject([{ ph: 'i', name: 'exit: idle-timeout', args: { pid: 9, exitCode: 0 } }]);
  expect(described.map(({ name }) => name)).toEqual(['process_name', 'thread_name', 'thread_sort_index']);
});

test('a worker that starts while another one of its rank still runs has a row of its own', () => {
  const added: TraceEvent[] = [];
  const trace = createTraceEvents(
    0,
    (event) => added.push(event),
    () => {},
  );
  const start = (pid: number, rank: number) => {
    trace.workerStarted({ executorId: 0, pid, rank });
    trace.workerReady({ executorId: 0, pid, rank });
  };
  const end = (pid: number, rank: number) =>
    trace.workerExited({
      executorId: 0,
      pid,
      rank,
      exitCode: 0,
      signal: undefined,
      reason: 'recycled',
      error: undefined,
      task: undefined,
    });
  start(7, 0);
  start(8, 0);
  end(7, 0);
  start(9, 0);
  end(8, 0);
  expect(added.map(({ name, tid, args }) => [name, tid, args?.pid])).toEqual([
    ['start', 0, 7],
    ['start', 1, 8],
    ['exit: recycled', 0, 7],
    ['start', 0, 9],
    ['exit: recycled', 1, 8],
  ]);
});
