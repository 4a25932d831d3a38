/** The values of a task that is streamed, as the manager sees their way to the caller. */
import type { TaskOutcome } from './task.ts';

/** What the caller's end asks of the task. */
export interface StreamControl {
  /** So many more values may be sent. */
  grant(count: number): void;
  /** No more values are wanted: a task that waits is cancelled, the generator of one that runs is ended. */
  stop(): void;
}

export interface TaskStream {
  /** Set when the task is submitted. */
  control: StreamControl | undefined;
  /** Whether nothing has arrived yet that a second run would give once more. */
  readonly mayRunAgain: boolean;
  /** Its task goes to a worker. Returns how many values that one may send. */
  begin(): number;
  /**
   * A value has arrived.
   *
   * @param bytes How large it was on its way.
   * @param decode May throw.
   * @throws Error if the worker has sent more than it may.
   */
  receive(bytes: number, decode: () => unknown): void;
  /** The worker has begun to end the generator, as `stop` asked for. */
  noteStopping(): void;
  settled(outcome: TaskOutcome, result: unknown): void;
}
