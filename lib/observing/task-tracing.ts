/**
 * Where `loky/opentelemetry` is reached by the executors of this process for what no event says. It sees the rest on the
 * diagnostics channels.
 */

export interface TaskTracer {
  /** What is to go with the task to its worker. Called within its submit, after the event `taskQueued`. */
  contextOf(taskId: number): string | undefined;
  /** Its worker has died, and it waits again. */
  retried(taskId: number): void;
}

/** None where tasks are not traced; called only where something is subscribed to the channels of tasks. */
export const taskTracers = new Set<TaskTracer>();
