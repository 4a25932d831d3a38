/**
 * Makes the events of tasks from what the pool reports, each in the async context in which its task was submitted. It
 * remembers what a task's last event needs, and knows no listener. Events are written out in full: spreading
 * one object into another costs microseconds.
 */
import { AsyncResource } from 'node:async_hooks';
import type { TaskEvents } from '../manager/pool-events.ts';
import type { Task, TaskOutcome } from '../manager/task.ts';
import type { PoolWorker } from '../manager/worker.ts';
import { inRootContext } from '../system/root-context.ts';
import { debug, inMilliseconds, isDebugging, taskName, workerName } from './debug-log.ts';
import type { ExecutorEvents } from './events.ts';
import { taskTracers } from './task-tracing.ts';

type TaskEventName = 'taskQueued' | 'taskStarted' | 'taskSettled';
type Emit = <K extends TaskEventName>(name: K, event: ExecutorEvents[K][0]) => void;

interface Seen {
  /** Of its submit; unknown for tasks that were submitted before there was a listener. */
  readonly context: AsyncResource | undefined;
  worker: { readonly pid: number | undefined; readonly rank: number } | undefined;
  startedAt: number | undefined;
  runTime: number | undefined;
  /** How often it was begun. */
  attempts: number;
  isStarted: boolean;
}

export class TaskWatch implements TaskEvents {
  readonly #executorId: number;
  readonly #emit: Emit;

  constructor(executorId: number, emit: Emit) {
    this.#executorId = executorId;
    this.#emit = emit;
  }

  queued(task: Task): void {
    this.#note(task, new AsyncResource('LokyTask'));
    if (isDebugging) debug(this.#executorId, `${taskName(task)} is queued`);
    const { id, name, isChunk, submittedAt } = task;
    // Within the submit itself, and so in its context.
    this.#emit('taskQueued', { executorId: this.#executorId, id, name, isChunk, submittedAt });
    for (const tracer of taskTracers) task.traceContext ??= tracer.contextOf(id);
  }

  started(task: Task, worker: PoolWorker): void {
    const seen = this.#seenOf(task);
    if (seen.isStarted) {
      if (task.startedAt !== 0) seen.startedAt = task.startedAt; // later, if its worker had to load something first
      return;
    }
    const { pid, rank } = worker;
    // A task that was sent ahead and lost its worker has started at an unknown time.
    const startedAt = task.startedAt === 0 ? performance.now() : task.startedAt;
    const waitTime = startedAt - task.submittedAt;
    seen.isStarted = true;
    seen.attempts += 1;
    seen.worker = { pid, rank };
    seen.startedAt = startedAt;
    if (isDebugging) {
      const again = seen.attempts > 1 ? `, attempt ${seen.attempts}` : '';
      const line = `${taskName(task)} began on ${workerName(worker)} after ${inMilliseconds(waitTime)}${again}`;
      debug(this.#executorId, line);
    }
    inContextOf(seen, () =>
      this.#emit('taskStarted', {
        executorId: this.#executorId,
        id: task.id,
        name: task.name,
        isChunk: task.isChunk,
        submittedAt: task.submittedAt,
        pid,
        rank,
        startedAt,
        waitTime,
        attempt: seen.attempts,
      }),
    );
  }

  answered(task: Task, worker: PoolWorker, runTime: number): void {
    this.started(task, worker);
    this.#seenOf(task).runTime = runTime;
  }

  retried(task: Task): void {
    this.#seenOf(task).isStarted = false;
    for (const tracer of taskTracers) tracer.retried(task.id);
    if (isDebugging) debug(this.#executorId, `${taskName(task)} lost its worker and is queued again`);
  }

  settled(task: Task, outcome: TaskOutcome, error: unknown): void {
    const seen = this.#seenOf(task);
    const { startedAt } = seen;
    const now = performance.now();
    const runTime = seen.runTime ?? (startedAt === undefined ? undefined : now - startedAt);
    const waitTime = (startedAt ?? now) - task.submittedAt;
    if (isDebugging) {
      const time = runTime === undefined ? 'without having begun' : `after ${inMilliseconds(runTime)}`;
      debug(this.#executorId, `${taskName(task)} is settled: ${outcome} ${time}`);
    }
    const { pid, rank } = seen.worker ?? { pid: undefined, rank: undefined };
    inContextOf(seen, () =>
      this.#emit('taskSettled', {
        executorId: this.#executorId,
        id: task.id,
        name: task.name,
        isChunk: task.isChunk,
        submittedAt: task.submittedAt,
        outcome,
        error,
        pid,
        rank,
        startedAt,
        waitTime,
        runTime,
      }),
    );
  }

  #seenOf(task: Task): Seen {
    return (task.note as Seen | undefined) ?? this.#note(task, undefined);
  }

  #note(task: Task, context: AsyncResource | undefined): Seen {
    const seen: Seen = {
      context,
      worker: undefined,
      startedAt: undefined,
      runTime: undefined,
      attempts: 0,
      isStarted: false,
    };
    task.note = seen;
    return seen;
  }
}

function inContextOf({ context }: Seen, run: () => void): void {
  if (context === undefined) inRootContext(run);
  else context.runInAsyncScope(run);
}
