/** Jobs on their way into the queue, many at once. Waits while Redis is away. Knows nothing of outcomes. */
import type { BulkJobOptions } from 'bullmq';
import { setImmediate, setTimeout } from '../system/timers.ts';
import type { RemoteSettings } from './executor-options.ts';
import type { JobState } from './job-reader.ts';
import type { RemoteLink } from './remote-link.ts';
import { attemptsOf, type RemoteTask } from './remote-task.ts';

interface OutboxListener {
  /** Before they are sent: those that are settled when it resolves are not. Never rejects. */
  beforeSending(tasks: readonly RemoteTask[]): Promise<void> | undefined;
  /** They lie in the queue. */
  onSent(tasks: readonly RemoteTask[]): void;
  onRefused(tasks: readonly RemoteTask[], error: unknown): void;
}

type Link = Pick<RemoteLink, 'isReady' | 'queue' | 'readJobs' | 'isOutage'>;

const BATCH = 500;
/** Milliseconds until the engine is queried for calls that were on their way when it was lost. */
const RETRY_DELAY = 250;
/** BullMQ's bound for priorities. */
const LOWEST_PRIORITY = 2_097_151;

export class Outbox {
  readonly #settings: RemoteSettings;
  readonly #link: Link;
  readonly #listener: OutboxListener;
  #waiting: RemoteTask[] = [];
  #isFlushing = false;
  #sending: readonly RemoteTask[] = [];
  /** Whether it is unknown if calls on their way have arrived: the engine was lost during them. */
  #isInDoubt = false;
  #isScheduled = false;

  constructor(settings: RemoteSettings, link: Link, listener: OutboxListener) {
    this.#settings = settings;
    this.#link = link;
    this.#listener = listener;
  }

  /** Tasks whose jobs are on their way at this moment: they may have arrived. */
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
    if (this.#isInDoubt) await this.#sendAgain();
    while (this.#link.isReady && !this.#isInDoubt && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH).filter(({ state }) => state === 'unsent');
      if (batch.length > 0) await this.#send(batch);
    }
    this.#waiting = this.#waiting.filter(({ state }) => state === 'unsent');
    this.#isFlushing = false;
  }

  async #send(tasks: readonly RemoteTask[]): Promise<void> {
    await this.#listener.beforeSending(tasks);
    await this.#put(tasks.filter(({ state }) => state === 'unsent'));
  }

  async #put(tasks: readonly RemoteTask[]): Promise<void> {
    this.#sending = tasks;
    this.#isInDoubt = false;
    if (tasks.length === 0) return;
    try {
      await this.#link.queue.addBulk(tasks.map((task) => this.#jobOf(task)));
    } catch (error) {
      if (this.#link.isOutage(error)) {
        this.#isInDoubt = true;
        this.#flushLater();
        return;
      }
      this.#sending = [];
      this.#listener.onRefused(tasks, error);
      return;
    }
    this.#sending = [];
    this.#listener.onSent(tasks);
  }

  /** Only what has not arrived: a job that was done and removed would run twice. Who waits no more withdraws what arrives late. */
  async #sendAgain(): Promise<void> {
    const tasks = this.#sending;
    let jobStates: readonly JobState[];
    try {
      if (!this.#link.isReady) return; // it will be again
      jobStates = await this.#link.readJobs(tasks);
    } catch {
      this.#flushLater();
      return;
    }
    const isMissing = (task: RemoteTask, index: number): boolean =>
      task.state === 'unsent' && jobStates[index]?.kind === 'missing';
    const arrived = tasks.filter((task, index) => !isMissing(task, index));
    const missing = tasks.filter(isMissing);
    this.#sending = missing;
    this.#listener.onSent(arrived);
    await this.#put(missing);
  }

  #flushLater(): void {
    setTimeout(() => this.flushSoon(), RETRY_DELAY).unref();
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
