/**
 * The spans of tasks. That of the task itself is open from submit to settled. Those of its waiting and running are its
 * children, and are made when their time is over: only then it is known when a task that was sent ahead has begun.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type {
  TaskOutcome,
  TaskQueuedEvent,
  TaskSettledEvent,
  TaskStartedEvent,
  WorkerExitedEvent,
} from '../observing/events.ts';
import type { TaskTracer } from '../observing/task-tracing.ts';
import { messageOf } from '../system/thrown.ts';
import { exceptionOf, exitAttributes, isFault, reportFault } from './outcomes.ts';

interface Attempt {
  readonly number: number;
  readonly pid: number | undefined;
  readonly rank: number;
  startedAt: number;
}

interface OpenTask {
  readonly name: string;
  readonly span: Span;
  /** In which `span` is active. */
  readonly context: Context;
  /** What makes a time of `performance.now()` one of the epoch: the same for all spans of a task, so that they fit together. */
  readonly epoch: number;
  waitsSince: number;
  /** There while it runs. */
  attempt: Attempt | undefined;
}

/** How a part of a task ended. */
interface End {
  readonly at: number;
  readonly outcome: TaskOutcome;
  readonly error: unknown;
}

export class TaskSpans implements TaskTracer {
  readonly #tracer: Tracer;
  readonly #open = new Map<number, OpenTask>();
  /** What it means for tasks is said right after it. */
  #latestExit: WorkerExitedEvent | undefined;
  /** There once nothing more is to be traced. */
  #onClosed: (() => void) | undefined;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** @param onClosed Called when the last task that has a span is settled, or now. */
  close(onClosed: () => void): void {
    this.#onClosed = onClosed;
    if (this.#open.size === 0) onClosed();
  }

  queued({ id, name, executorId, isChunk, submittedAt }: TaskQueuedEvent): void {
    if (this.#onClosed !== undefined) return;
    const epoch = Date.now() - performance.now();
    const parent = context.active();
    const attributes = { 'loky.executor.id': executorId, 'loky.task.id': id, 'loky.task.is_chunk': isChunk };
    const span = this.#tracer.startSpan(name, { startTime: epoch + submittedAt, attributes }, parent);
    this.#open.set(id, {
      name,
      span,
      context: trace.setSpan(parent, span),
      epoch,
      waitsSince: submittedAt,
      attempt: undefined,
    });
  }

  contextOf(taskId: number): string | undefined {
    const task = this.#open.get(taskId);
    if (task === undefined) return undefined;
    const carrier: Record<string, string> = {};
    try {
      propagation.inject(task.context, carrier);
      for (const _ in carrier) return JSON.stringify(carrier);
    } catch {} // a propagator of the user's: the task runs without the context
    return undefined;
  }

  started({ id, pid, rank, startedAt, attempt }: TaskStartedEvent): void {
    const task = this.#open.get(id);
    if (task !== undefined) task.attempt = { number: attempt, pid, rank, startedAt };
  }

  workerExited(event: WorkerExitedEvent): void {
    this.#latestExit = event;
  }

  retried(taskId: number): void {
    const task = this.#open.get(taskId);
    if (task?.attempt === undefined) return;
    const at = performance.now();
    try {
      this.#endAttempt(task, task.attempt, { at, outcome: 'lost', error: this.#exitOf(task.attempt)?.error });
    } catch (error) {
      reportFault(error); // the pool that calls this continues
    }
    task.attempt = undefined;
    task.waitsSince = at;
  }

  settled({ id, outcome, error, pid, rank, startedAt, runTime }: TaskSettledEvent): void {
    const task = this.#open.get(id);
    if (task === undefined) return;
    this.#open.delete(id);
    const now = performance.now();
    const { span, attempt, name } = task;
    try {
      if (attempt === undefined) this.#part(task, `${name} wait`, task.waitsSince, now);
      else {
        const started = startedAt ?? attempt.startedAt;
        const took = runTime ?? now - started;
        // The worker has measured its run time, and this process may have heard late that it began.
        attempt.startedAt = Math.max(task.waitsSince, Math.min(started, now - took));
        const at = Math.min(now, attempt.startedAt + took);
        this.#endAttempt(task, attempt, { at, outcome, error });
      }
      span.setAttribute('loky.task.outcome', outcome);
      if (pid !== undefined) span.setAttributes({ 'process.pid': pid, 'loky.worker.rank': rank ?? 0 });
      // Recorded once: where it happened.
      setFault(span, { at: now, outcome, error }, attempt === undefined ? task.epoch + now : undefined);
    } finally {
      span.end(task.epoch + now);
      if (this.#onClosed !== undefined && this.#open.size === 0) this.#onClosed();
    }
  }

  #exitOf({ pid }: Attempt): WorkerExitedEvent | undefined {
    return this.#latestExit?.pid === pid ? this.#latestExit : undefined;
  }

  #endAttempt(task: OpenTask, attempt: Attempt, end: End): void {
    const { number, pid, rank, startedAt } = attempt;
    const exit = end.outcome === 'lost' ? this.#exitOf(attempt) : undefined;
    this.#part(task, `${task.name} wait`, task.waitsSince, startedAt);
    const attributes: Attributes = {
      'loky.task.attempt': number,
      'loky.task.outcome': end.outcome,
      'loky.worker.rank': rank,
      ...(pid !== undefined && { 'process.pid': pid }),
      ...(exit && exitAttributes(exit)),
    };
    this.#part(task, `${task.name} run`, startedAt, end.at, attributes, end);
  }

  /** A child that is over. */
  #part(
    task: OpenTask,
    name: string,
    from: number,
    to: number,
    attributes: Attributes = {},
    end?: End,
  ): void {
    if (!task.span.isRecording()) return; // not sampled
    const { epoch } = task;
    const span = this.#tracer.startSpan(name, { startTime: epoch + from, attributes }, task.context);
    if (end !== undefined) setFault(span, end, epoch + to);
    span.end(epoch + Math.max(from, to));
  }
}

/** @param recordedAt There if the exception is to be recorded in this span. */
function setFault(span: Span, { outcome, error }: End, recordedAt: number | undefined): void {
  if (!isFault(outcome)) return;
  const exception = exceptionOf(error);
  span.setAttribute('error.type', exception.name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
  if (recordedAt !== undefined) span.recordException(exception, recordedAt);
}
