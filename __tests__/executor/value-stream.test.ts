/** The caller's end of a stream, with the test in the place of the manager. No process is near. */
import { expect, test } from '@jest/globals';
import { nextWindow, USUAL_WINDOW, ValueStream } from '../../lib/executor/value-stream.ts';

const iterator = {};

interface Driven {
  readonly stream: ValueStream;
  readonly granted: number[];
  stops: number;
}

function driven(bufferSize?: number): Driven {
  const granted: number[] = [];
  const driven: Driven = { stream: new ValueStream(bufferSize), granted, stops: 0 };
  driven.stream.control = {
    grant: (count) => void granted.push(count),
    stop: () => {
      driven.stops += 1;
    },
  };
  return driven;
}

const send = (stream: ValueStream, value: unknown): void => stream.receive(8, () => value);
const next = (stream: ValueStream): ReturnType<ValueStream['next']> => stream.next(iterator);

test('values come in their order, those that are waited for and those that wait', async () => {
  const { stream } = driven();
  expect(stream.begin()).toBe(USUAL_WINDOW);
  const early = [next(stream), next(stream)];
  for (const value of [1, undefined, 3]) send(stream, value);
  const late = [next(stream), next(stream)];
  stream.settled('succeeded', undefined);
  expect(await Promise.all([...early, ...late])).toEqual([
    { value: 1, done: false },
    { value: undefined, done: false },
    { value: 3, done: false },
    { value: undefined, done: true },
  ]);
});

test.each([1, 2, 3, 16, 100])('no more than a buffer of %i are on their way or wait', async (size) => {
  const { stream, granted } = driven(size);
  let credit = stream.begin();
  let ahead = 0;
  for (let round = 0; round < 500; round += 1) {
    for (; credit > 0; credit -= 1) {
      send(stream, round);
      ahead += 1;
    }
    expect(ahead).toBeLessThanOrEqual(size);
    expect((await next(stream)).done).toBe(false);
    ahead -= 1;
    for (let count = granted.shift(); count !== undefined; count = granted.shift()) credit += count;
    expect(ahead + credit).toBeLessThanOrEqual(size);
    expect(ahead + credit).toBeGreaterThan(0); // the worker never waits for ever
  }
});

test('a worker that sends more than it may breaks the protocol, also when nobody wants its values any more', async () => {
  const { stream } = driven(2);
  stream.begin();
  send(stream, 1);
  send(stream, 2);
  expect(() => send(stream, 3)).toThrow('more values of a stream than it may');
  void stream.stop();
  expect(() => send(stream, 4)).toThrow('more values of a stream than it may');
});

test('an error comes once, after the values before it', async () => {
  const { stream } = driven();
  stream.begin();
  send(stream, 1);
  stream.settled('failed', new RangeError('over'));
  expect(await next(stream)).toEqual({ value: 1, done: false });
  await expect(next(stream)).rejects.toThrow(RangeError);
  expect(await next(stream)).toEqual({ value: undefined, done: true });
});

test('an error goes to the first of those who wait, and the others get the end', async () => {
  const { stream } = driven();
  stream.begin();
  const [first, second] = [next(stream), next(stream)];
  stream.settled('lost', undefined); // also `throw undefined`
  await expect(first).rejects.toBeUndefined();
  expect(await second).toEqual({ value: undefined, done: true });
});

test('a value that cannot be rebuilt is an error in its place, and ends the generator', async () => {
  const driving = driven();
  const { stream } = driving;
  stream.begin();
  send(stream, 1);
  stream.receive(8, () => {
    throw new TypeError('no such class');
  });
  send(stream, 3);
  stream.settled('succeeded', undefined);
  expect(driving.stops).toBe(1);
  expect(await next(stream)).toEqual({ value: 1, done: false });
  await expect(next(stream)).rejects.toThrow('no such class');
  expect(await next(stream)).toEqual({ value: undefined, done: true });
});

test('stopping waits for the end, drops what has arrived, and lets those who wait go at once', async () => {
  const driving = driven();
  const { stream } = driving;
  stream.begin();
  const waiting = next(stream);
  let hasStopped = false;
  const stopped = stream.stop().then(() => {
    hasStopped = true;
  });
  expect(stream.stop()).toBe(stream.stop());
  expect(driving.stops).toBe(1);
  expect(await waiting).toEqual({ value: undefined, done: true });
  send(stream, 1);
  expect(await next(stream)).toEqual({ value: undefined, done: true });
  expect(hasStopped).toBe(false);
  stream.settled('succeeded', undefined);
  await stopped;
});

test.each([
  ['a finally block throws', 'failed', true, true],
  ['the generator had failed before it heard of the stop', 'failed', false, false],
  ['the worker died', 'lost', false, true],
  ['it was killed', 'cancelled', false, true],
  ['its time was over', 'timed-out', false, true],
] as const)('stopping when %s', async (_, outcome, hasBegunToEnd, rejects) => {
  const { stream } = driven();
  stream.begin();
  const stopped = stream.stop();
  if (hasBegunToEnd) stream.noteStopping();
  stream.settled(outcome, new Error('thrown'));
  if (rejects) await expect(stopped).rejects.toThrow('thrown');
  else await stopped;
});

test('stopping cancels a task that has not begun, and that is no error', async () => {
  const stream = new ValueStream(undefined);
  stream.control = { grant() {}, stop: () => stream.settled('cancelled', new Error('cancelled')) };
  await stream.stop();
});

test('a task may run again until a value has arrived, or it is stopped', () => {
  const { stream } = driven();
  stream.begin();
  expect(stream.mayRunAgain).toBe(true);
  send(stream, 1);
  expect(stream.mayRunAgain).toBe(false);
  const { stream: stopped } = driven();
  void stopped.stop();
  expect(stopped.mayRunAgain).toBe(false);
});

test('the window grows for callers that are quick, for small values, when many were taken', () => {
  const quick = { taken: 1000, elapsed: 0.5, bytes: 10 };
  expect(nextWindow(16, quick)).toBe(32);
  expect(nextWindow(1024, quick)).toBe(1024);
  expect(nextWindow(16, { ...quick, taken: 255 })).toBe(16);
  expect(nextWindow(16, { ...quick, elapsed: 2 })).toBe(16);
  expect(nextWindow(64, { ...quick, elapsed: 5 })).toBe(32);
  expect(nextWindow(16, { ...quick, elapsed: 5 })).toBe(16);
  expect(nextWindow(32, { ...quick, bytes: 2048 })).toBe(32);
  expect(nextWindow(16, { ...quick, bytes: 1e9 })).toBe(16);
  expect(nextWindow(16, { ...quick, bytes: 0 })).toBe(32);
});
