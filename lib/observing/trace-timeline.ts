/**
 * A timeline of what an executor's workers do, in the Trace Event format that Perfetto and chrome://tracing open: a
 * row for each worker. It listens to the executor's events and keeps or writes them; it draws nothing.
 */
import type { Writable } from 'node:stream';
import { type Check, checkOptions, describe, finiteCount } from '../system/check.ts';
import { assertExecutor, listenTo, type ObservedExecutor } from './observed-executor.ts';
import { createTraceEvents } from './trace-events.ts';
import type { TraceEvent } from './trace-format.ts';
import { keepLatest, type TraceSink, writeTo } from './trace-sinks.ts';

export type { TraceEvent };

export interface TraceTimelineOptions {
  /**
   * Where events are written as they happen, as one JSON array. It is not ended. While it takes no more (a slow disk
   * or connection), up to `maxEvents` are held back, and later ones are dropped. Default: nowhere; they are kept for
   * `toJSON`.
   */
  to?: Writable;
  /** The most events kept in memory: the latest ones count. Default: 100_000, some 20 MB. */
  maxEvents?: number;
}

/** What `traceTimeline` gives. */
export interface TraceTimeline extends Disposable {
  /** How many events were dropped because there was no room for them. */
  readonly dropped: number;
  /** What was kept so far, for `JSON.stringify`. Without events if they are written to a stream. */
  toJSON(): { traceEvents: TraceEvent[]; displayTimeUnit: 'ms' };
  /** Stops listening. What was kept stays; a stream gets the end of its array. */
  stop(): void;
}

const checks: Readonly<Record<keyof TraceTimelineOptions, Check>> = {
  to: checkWritable,
  maxEvents: finiteCount(1),
};

/**
 * Begins a timeline of an executor: a row for each worker, with its start, its tasks, and what happened to it.
 *
 * @throws TypeError for what is no executor (a view has no events); TypeError, RangeError for options that are unknown, of
 * the wrong type or out of range.
 */
export function traceTimeline(executor: ObservedExecutor, options?: TraceTimelineOptions): TraceTimeline {
  assertExecutor(executor, 'traceTimeline');
  const { to, maxEvents = 100_000 } = checkOptions(options, checks, 'traceTimeline');
  const sink: TraceSink = to === undefined ? keepLatest(maxEvents) : writeTo(to, maxEvents);
  const listeners = createTraceEvents(executor.executorId, sink.add, sink.describe);
  const stop = listenTo(executor, listeners, sink.end);
  return {
    get dropped() {
      return sink.dropped();
    },
    toJSON: () => ({ traceEvents: sink.events(), displayTimeUnit: 'ms' }),
    stop,
    [Symbol.dispose]: stop,
  };
}

function checkWritable(value: unknown, name: string): void {
  if (typeof (value as Writable | null)?.write !== 'function')
    throw new TypeError(`${name} must be a writable stream, got ${describe(value)}`);
}
