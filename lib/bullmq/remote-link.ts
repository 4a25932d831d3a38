/**
 * What connects an executor to its queue. It says when the engine is there, when it has been away for too long, and what it
 * refuses. Knows no task.
 */
import type { Queue } from 'bullmq';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { Exchange } from './exchange.ts';
import type { RemoteSettings } from './executor-options.ts';
import { type JobState, readJobs } from './job-reader.ts';
import { openExchange } from './open-exchange.ts';
import { warnOfOutages } from './outages.ts';
import type { RemoteTask } from './remote-task.ts';
import { type MachineReport, readReports } from './server-stats.ts';
import { type Reply, readReplies, replyOfJob } from './wire.ts';
import { endsWithin } from './within.ts';

export interface RemoteLinkListener {
  onReady(): void;
  onReplies(replies: readonly Reply[]): void;
  /** Tasks that wait should fail now. */
  onUnavailable(error: Error): void;
  /** Whether anybody waits at this moment. */
  isAwaited(): boolean;
}

/** Milliseconds that removing its outcomes may take when it closes. */
const CLOSE_TIMEOUT = 2_000;
/** Outcomes that are removed at once, and milliseconds until fewer are. */
const HEARD_AT_ONCE = 500;
const REMOVAL_DELAY = 1_000;

export class RemoteLink {
  readonly #settings: RemoteSettings;
  readonly #listener: RemoteLinkListener;
  readonly #executorId: string;
  readonly #exchange: Exchange;
  readonly #endWarnings: () => void;
  #lastError: unknown;
  #wasReady = false;
  #refusedSince: number | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** Jobs whose outcomes were heard, and need not be kept any longer. */
  #heard: string[] = [];
  #removal: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(settings: RemoteSettings, executorId: string, listener: RemoteLinkListener) {
    this.#settings = settings;
    this.#listener = listener;
    this.#executorId = executorId;
    this.#exchange = openExchange(settings, { executor: executorId });
    this.#exchange.unref();
    this.#exchange.on('error', (error) => this.#noteError(error));
    this.#exchange.on('away', () => this.#noteAway());
    this.#exchange.on('ready', () => this.#noteReady());
    this.#exchange.on('message', (message) => listener.onReplies(readReplies(message)));
    this.#endWarnings = warnOfOutages(this.#exchange, () => this.#lastError, 'Pending futures wait for it');
  }

  get isReady(): boolean {
    return !this.#isClosed && this.#exchange.isReady;
  }

  /** Not before it is ready: what BullMQ asks Redis at the start must be answered. */
  get queue(): Queue {
    return this.#exchange.queue;
  }

  /** In the order of the tasks. @throws what the engine answers. */
  readJobs(tasks: readonly RemoteTask[]): Promise<JobState[]> {
    const jobs = tasks.map(({ id, request }) => ({ executor: request.data.reply, id }));
    return readJobs(this.#exchange, jobs);
  }

  /** Subscribes to a job whose outcome is kept for any executor. Resolves when no later message can be missed. */
  async follow(id: string): Promise<void> {
    await this.#exchange.follow(replyOfJob(id));
  }

  unfollow(id: string): void {
    if (!this.#isClosed) this.#exchange.unfollow(replyOfJob(id));
  }

  /** Notifies all executors that wait for a job which this executor has ended. */
  announce(id: string, reply: Reply): void {
    const outgoing = [{ executor: replyOfJob(id), replies: [reply] }];
    this.#exchange.reply(outgoing).catch(() => {}); // they will look by themselves
  }

  /** The outcome of a job needs to be kept no longer. Many are removed at once. */
  noteHeard(jobId: string): void {
    this.#heard.push(jobId);
    if (this.#heard.length >= HEARD_AT_ONCE) this.#removeHeard();
    else this.#removal ??= setTimeout(() => this.#removeHeard(), REMOVAL_DELAY).unref();
  }

  #removeHeard(): void {
    clearTimeout(this.#removal);
    this.#removal = undefined;
    const heard = this.#heard;
    this.#heard = [];
    if (this.isReady) this.#exchange.forget(this.#executorId, heard).catch(() => {}); // else they go with their age
  }

  /** Notifies all serving machines. */
  async order(order: object): Promise<void> {
    await this.#exchange.order(JSON.stringify(order));
  }

  /** How many machines serve the queue. */
  serverCount(): Promise<number> {
    return this.#exchange.machineCount();
  }

  /** The machines that serve the queue and say so. */
  async machines(): Promise<MachineReport[]> {
    return readReports(await this.#exchange.beats());
  }

  /** A task waits now, with a limit if Redis cannot be reached. */
  noteAwaited(): void {
    if (!this.isReady) this.#startPatience();
  }

  /** Whether Redis takes writes; what it refuses for too long is reported. */
  async probe(): Promise<void> {
    const { outageTimeout } = this.#settings;
    try {
      await this.#exchange.probe();
      this.#refusedSince = undefined;
    } catch (error) {
      if (this.#exchange.refusedBy(error) !== 'full') return;
      this.#refusedSince ??= performance.now();
      if (performance.now() - this.#refusedSince < outageTimeout) return;
      this.#listener.onUnavailable(this.refusal(error));
    }
  }

  isOutage(error: unknown): boolean {
    return this.#exchange.isOutage(error);
  }

  refusal(error: unknown): Error {
    const isFull = this.#exchange.refusedBy(error) === 'full';
    return this.#exchange.unavailable(isFull ? 'takes no more jobs' : 'refused the job', error);
  }

  async close(): Promise<void> {
    const { isReady } = this;
    this.#isClosed = true;
    clearTimeout(this.#patience);
    clearTimeout(this.#removal);
    this.#endWarnings();
    if (isReady) await endsWithin(CLOSE_TIMEOUT, this.#exchange.forgetAll(this.#executorId));
    await this.#exchange.close();
  }

  #noteReady(): void {
    if (!this.isReady) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#wasReady = true;
    this.#listener.onReady();
  }

  #noteAway(): void {
    if (!this.#isClosed && this.#listener.isAwaited()) this.#startPatience();
  }

  #noteError(error: unknown): void {
    this.#lastError = error;
    if (this.#isClosed || this.#exchange.refusedBy(error) !== 'rejected') return;
    this.#listener.onUnavailable(this.#exchange.unavailable('does not let this program in', error));
  }

  #startPatience(): void {
    const { outageTimeout, connectTimeout } = this.#settings;
    const limit = this.#wasReady ? outageTimeout : connectTimeout;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      if (this.isReady) return;
      this.#listener.onUnavailable(
        this.#exchange.unavailable(`could not be reached for ${limit} ms`, this.#lastError),
      );
    }, limit);
  }
}
