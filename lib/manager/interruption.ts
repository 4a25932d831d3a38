/** A task that was asked to end by itself (`killGrace`): its future is settled, and its worker is busy until it ends. */
import { inRootContext } from '../system/root-context.ts';
import { TimeLimit } from '../system/time-limit.ts';
import type { Task } from './task.ts';
import type { PoolWorker, WorkerEndReason } from './worker.ts';

export interface Interruption {
  readonly task: Task;
  /** Why its worker is killed if the task does not end. `shutdown`: the worker is killed in any case. */
  reason: WorkerEndReason;
  readonly grace: TimeLimit;
}

/** Whether the task that the worker is at can be asked; else its worker is killed at once. */
export function mayInterrupt({ state, isDying, interruption }: PoolWorker, { settings }: Task): boolean {
  return settings.killGrace > 0 && state === 'busy' && !isDying && interruption === undefined;
}

/** @param onOver Called when the task has not ended within its grace. */
export function createInterruption(task: Task, reason: WorkerEndReason, onOver: () => void): Interruption {
  return { task, reason, grace: inRootContext(() => new TimeLimit(task.settings.killGrace, onOver)) };
}

/** The last clause of messages: what happens to the worker. */
export function consequenceOf({ settings: { killGrace } }: Task): string {
  if (!(killGrace > 0)) return 'its worker was killed';
  return `the task was asked to end, and its worker is killed unless it ends within ${killGrace} ms (killGrace)`;
}
