/** Tasks whose `queueTimeout` is over: their jobs are taken out of the queue, when the engine can be asked. */

import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { JobState } from './job-reader.ts';
import { type TakeAttempts, takeFromQueue } from './queue-timeout.ts';
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
  readonly #retryDelay: number;
  readonly #listener: QueueDeadlinesListener;
  /** Of these the engine could not be asked, or has not answered. */
  readonly #overdue = new Map<RemoteTask, TakeAttempts>();
  #retry: NodeJS.Timeout | undefined;

  /** @param retryDelay Milliseconds until what the engine has refused is tried again. */
  constructor(link: RemoteLink, retryDelay: number, listener: QueueDeadlinesListener) {
    this.#link = link;
    this.#retryDelay = retryDelay;
    this.#listener = listener;
  }

  /** The engine can be asked again. */
  resume(): void {
    for (const task of this.#overdue.keys()) void this.expire(task);
  }

  /** The job of a task is in the queue now. */
  onSent(task: RemoteTask): void {
    if (this.#overdue.has(task)) void this.expire(task);
  }

  forget(task: RemoteTask): void {
    this.#overdue.delete(task);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#overdue.clear();
  }

  async expire(task: RemoteTask): Promise<void> {
    const attempts = this.#overdue.get(task) ?? { mayBeTaken: false };
    this.#overdue.set(task, attempts);
    if (task.state === 'unsent' || !this.#link.isReady) return; // it comes again when it is sent, or the engine is back
    this.#overdue.delete(task);
    const end = await takeFromQueue(this.#link, task.id, attempts);
    if (task.isSettled || task.isFetching) return;
    if (end === 'taken') this.#listener.onTaken(task);
    else if (end === 'begun') this.#listener.onBegun(task);
    else if (end !== 'unknown') this.#listener.onJobState(task, end);
    else {
      this.#overdue.set(task, attempts);
      this.#retryLater(); // the engine may be back already, and not be so once more
    }
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.resume();
    }, this.#retryDelay).unref();
  }
}
