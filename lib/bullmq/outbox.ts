/** Jobs on their way into the queue, many at once. Waits while Redis is away. Knows nothing of outcomes. */
import type { BulkJobOptions } from 'bullmq';
import { setImmediate } from '../system/timers.ts';
import type { RemoteSettings } from './executor-options.ts';
import type { RemoteLink } from './remote-link.ts';
import { attemptsOf, type RemoteTask } from './remote-task.ts';

export interface OutboxListener {
  /** Before they are sent: those that are settled when it resolves are not. Never rejects. */
  beforeSending(tasks: readonly RemoteTask[]): Promise<void> | undefined;
  /** They lie in the queue. */
  onSent(tasks: readonly RemoteTask[]): void;
  onRefused(tasks: readonly RemoteTask[], error: unknown): void;
}

const BATCH = 500;
/** BullMQ's bound for priorities. */
const LOWEST_PRIORITY = 2_097_151;

export class Outbox {
  readonly #settings: RemoteSettings;
  readonly #link: RemoteLink;
  readonly #listener: OutboxListener;
  #waiting: RemoteTask[] = [];
  #isFlushing = false;
  #sending: readonly RemoteTask[] = [];
  #isScheduled = false;

  constructor(settings: RemoteSettings, link: RemoteLink, listener: OutboxListener) {
    this.#settings = settings;
    this.#link = link;
    this.#listener = listener;
  }

  /** What is on its way at this moment: it may have arrived. */
  get sending(): readonly RemoteTask[] {
    return this.#sending;
  }

  isSending(task: RemoteTask): boolean {
    return this.#sending.includes(task);
  }

  add(task: RemoteTask): void {
    this.#waiting.push(task);
    this.flushSoon();
  }

  flushSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#link.isReady && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH).filter(({ state }) => state === 'unsent');
      if (batch.length > 0) await this.#send(batch);
    }
    this.#waiting = this.#waiting.filter(({ state }) => state === 'unsent');
    this.#isFlushing = false;
  }

  async #send(tasks: readonly RemoteTask[]): Promise<void> {
    await this.#listener.beforeSending(tasks);
    const batch = tasks.filter(({ state }) => state === 'unsent');
    if (batch.length === 0) return;
    this.#sending = batch;
    try {
      await this.#link.queue.addBulk(batch.map((task) => this.#jobOf(task)));
    } catch (error) {
      this.#sending = [];
      this.#listener.onRefused(batch, error);
      return;
    }
    this.#sending = [];
    this.#listener.onSent(batch);
  }

  #jobOf({ request }: RemoteTask): { name: string; data: object; opts: BulkJobOptions } {
    const { removeOnComplete, removeOnFail, backoff } = this.#settings;
    return {
      name: request.name,
      data: request.data,
      opts: {
        jobId: request.id,
        attempts: attemptsOf(request.settings),
        removeOnComplete,
        removeOnFail,
        ...(backoff === undefined ? {} : { backoff }),
        ...placeOf(request.settings.priority),
      },
    };
  }
}

/** BullMQ runs jobs without a priority first, in their order; a lower number is the higher priority. */
function placeOf(priority: number): { priority?: number; lifo?: boolean } {
  if (priority > 0) return { lifo: true };
  return priority < 0 ? { priority: Math.min(Math.ceil(-priority), LOWEST_PRIORITY) } : {};
}
