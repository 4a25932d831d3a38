/**
 * Subscribes the spans of tasks to the diagnostics channels of this package, and takes them off again. It makes no span
 * itself.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Tracer, trace } from '@opentelemetry/api';
import type { DiagnosticsMessages } from '../observing/channels.ts';
import { taskTracers } from '../observing/task-tracing.ts';
import { type Check, checkOptions, describe } from '../system/check.ts';
import { reportFault } from './outcomes.ts';
import { TaskSpans } from './task-spans.ts';

export interface InstrumentOptions {
  /** What makes the spans. Default: the tracer `loky` of the provider that the program has registered, now or later. */
  tracer?: Tracer;
}

const checks: Readonly<Record<keyof InstrumentOptions, Check>> = { tracer: checkTracer };

let isInstrumented = false;

/**
 * Makes spans of the tasks of all executors of this process from now on, children of the span that is active at `submit`
 * or `map`, and carries the context of each into its worker, where it is active while the task runs.
 *
 * @returns Undoes it. Spans of tasks that are not done are ended when those are.
 * @throws TypeError for options that are unknown or of the wrong type.
 * @throws Error if it was called before and not undone: each task would have its spans twice.
 */
export function instrument(options?: InstrumentOptions): () => void {
  const { tracer = trace.getTracer('loky') } = checkOptions(options, checks, 'instrument');
  if (isInstrumented)
    throw new Error(
      'instrument() was called before: call the function that it returned before you call it again',
    );
  isInstrumented = true;
  const spans = new TaskSpans(tracer);
  const stops = [
    listen('loky:task:queued', (event) => spans.queued(event)),
    listen('loky:task:started', (event) => spans.started(event)),
    listen('loky:task:settled', (event) => spans.settled(event)),
    listen('loky:worker:exited', (event) => spans.workerExited(event)),
  ];
  taskTracers.add(spans);
  let isUndone = false;
  return () => {
    if (isUndone) return;
    isUndone = true;
    isInstrumented = false;
    spans.close(() => {
      taskTracers.delete(spans);
      // Subscribers that are taken away while a message is published make the next one miss it.
      queueMicrotask(() => {
        for (const stop of stops) stop();
      });
    });
  };
}

/** What a subscriber throws is an uncaught exception. */
function listen<K extends keyof DiagnosticsMessages>(
  name: K,
  handle: (message: DiagnosticsMessages[K]) => void,
): () => void {
  const listener = (message: unknown): void => {
    try {
      handle(message as DiagnosticsMessages[K]);
    } catch (error) {
      reportFault(error);
    }
  };
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}

function checkTracer(value: unknown, name: string): void {
  if (typeof (value as Tracer | null)?.startSpan !== 'function')
    throw new TypeError(`${name} must be a Tracer of @opentelemetry/api, got ${describe(value)}`);
}
