/** Tasks whose `queueTimeout` is over: their jobs are taken out of the queue, when the engine can be asked. */
import type { JobState } from './job-reader.ts';
import { takeFromQueue } from './queue-timeout.ts';
import type { RemoteLink } from './remote-link.ts';
import type { RemoteTask } from './remote-task.ts';

export interface QueueDeadlinesListener {
  /** No machine has begun it, and none will. */
  onTaken(task: RemoteTask): void;
  /** A machine has it, or it is gone. */
  onBegun(task: RemoteTask): void;
  onJobState(task: RemoteTask, jobState: JobState): void;
}

export class QueueDeadlines {
  readonly #link: RemoteLink;
  readonly #listener: QueueDeadlinesListener;
  /** Of these the engine could not be asked. */
  readonly #overdue = new Set<RemoteTask>();

  constructor(link: RemoteLink, listener: QueueDeadlinesListener) {
    this.#link = link;
    this.#listener = listener;
  }

  /** The engine can be asked again. */
  resume(): void {
    for (const task of this.#overdue) void this.expire(task);
  }

  /** The job of a task is in the queue now. */
  onSent(task: RemoteTask): void {
    if (this.#overdue.has(task)) void this.expire(task);
  }

  forget(task: RemoteTask): void {
    this.#overdue.delete(task);
  }

  async expire(task: RemoteTask): Promise<void> {
    this.#overdue.add(task);
    if (task.state === 'unsent' || !this.#link.isReady) return; // it comes again when it is sent, or the engine is back
    this.#overdue.delete(task);
    const end = await takeFromQueue(this.#link, task.id);
    if (task.isSettled || task.isFetching) return;
    if (end === 'taken') this.#listener.onTaken(task);
    else if (end === 'begun') this.#listener.onBegun(task);
    else if (end === 'unknown') this.#overdue.add(task);
    else this.#listener.onJobState(task, end);
  }
}
