/** What became of the tasks of a pool, and how long they took: counted, not remembered. */
import { Durations } from './durations.ts';
import type { Task, TaskOutcome } from './task.ts';

export class TaskCounts {
  /** Tasks that a worker has answered. */
  answered = 0;
  readonly outcomes: Record<TaskOutcome, number> = {
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    'timed-out': 0,
    lost: 0,
  };
  readonly waitTime = new Durations();
  readonly runTime = new Durations();

  /** @param runTime In milliseconds. */
  noteAnswered({ startedAt, submittedAt }: Task, runTime: number): void {
    this.answered += 1;
    this.waitTime.record(startedAt - submittedAt);
    this.runTime.record(runTime);
  }
}
