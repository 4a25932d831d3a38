/** What a task can learn about the job that it is run for. Meant for idempotency: delivery is at least once. */

/** The job that this process works on. */
export interface JobInfo {
  /** The same for every attempt at one job, and for no other job. */
  readonly id: string;
  /** From 1 on; grows with every start: after a crash, and when the machine was lost. */
  readonly attempt: number;
  readonly queue: string;
}

/** The module of tasks and the worker's code may have two copies of this file in one process: they meet in a global symbol. */
const key = Symbol.for('loky.bullmq.job');
const shared = globalThis as { [key]?: JobInfo | undefined };

/**
 * Describes the job that the running task was submitted as; `undefined` outside of `serveTasks` and `processor`.
 * A worker runs one task at a time, so that it holds across `await`.
 */
export function jobInfo(): JobInfo | undefined {
  return shared[key];
}

/** For the code that runs a task. */
export function setJobInfo(info: JobInfo | undefined): void {
  shared[key] = info;
}
