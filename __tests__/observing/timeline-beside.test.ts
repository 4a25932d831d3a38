/** Rows of a timeline for tasks that run beside each other in one worker. */
import { expect, test } from '@jest/globals';
import type { TaskSettledEvent, TaskStartedEvent } from '../../lib/observing/events.ts';
import { createTraceEvents } from '../../lib/observing/trace-events.ts';
import type { TraceEvent } from '../../lib/observing/trace-format.ts';

test('slices of tasks that run at once lie beside each other, each at its own time', () => {
  const slices: TraceEvent[] = [];
  const rows: TraceEvent[] = [];
  const trace = createTraceEvents(
    1,
    (event) => slices.push(event),
    (event) => rows.push(event),
  );
  const task = (id: number) => ({
    executorId: 1,
    id,
    name: `task ${id}`,
    isChunk: false,
    submittedAt: 0,
    pid: 77,
    rank: 0,
  });
  const start = (id: number, startedAt: number) =>
    trace.taskStarted({ ...task(id), startedAt, waitTime: 0, attempt: 1 } as TaskStartedEvent);
  const settle = (id: number, startedAt: number, runTime: number) =>
    trace.taskSettled({
      ...task(id),
      outcome: 'succeeded',
      error: undefined,
      startedAt,
      waitTime: 0,
      runTime,
    } as TaskSettledEvent);
  start(1, 10);
  start(2, 12);
  settle(2, 12, 5);
  start(3, 18);
  settle(1, 10, 30);
  settle(3, 18, 4);
  const drawn = slices.map(({ name, ts, tid }) => [name, (ts as number) / 1000, tid === 10_000]);
  expect(drawn).toEqual([
    ['task 2', 12, true],
    ['task 1', 10, false],
    ['task 3', 18, true],
  ]);
  const names = rows.filter(({ name }) => name === 'thread_name').map(({ args }) => args?.name);
  expect(names).toEqual(['executor 1, worker 0', 'executor 1, worker 0']);
});
