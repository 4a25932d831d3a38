/**
 * An executor's two connections: one to write jobs, one to hear of them. It says when both are there, when they have been
 * away for too long, and what Redis refuses. Knows no task.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import {
  closeRedis,
  isFull,
  isRejection,
  openRedis,
  unavailable,
  unrefWhenConnected,
  warnOfOutages,
  withinTime,
} from './connection.ts';
import { bullmq } from './engine.ts';
import type { RemoteSettings } from './executor-options.ts';
import { ordersChannel, outcomesKey, type Reply, readReplies, repliesChannel } from './wire.ts';

export interface RemoteLinkListener {
  onReady(): void;
  onReplies(replies: readonly Reply[]): void;
  /** Whoever waits should not wait any longer. */
  onUnavailable(error: Error): void;
  /** Whether anybody waits at this moment. */
  isAwaited(): boolean;
}

/** Milliseconds that the last words to Redis may take. */
const FAREWELL = 2_000;
/** Outcomes that are removed at once, and milliseconds until fewer are. */
const HEARD_AT_ONCE = 500;
const REMOVAL_DELAY = 1_000;

export class RemoteLink {
  readonly #settings: RemoteSettings;
  readonly #listener: RemoteLinkListener;
  readonly #writer: Redis;
  readonly #hearer: Redis;
  readonly #endWarnings: () => void;
  #queue: Queue | undefined;
  #lastError: unknown;
  #isHearing = false;
  #wasReady = false;
  #refusedSince: number | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** Jobs whose outcomes were heard, and need not be kept any longer. */
  #heard: string[] = [];
  #removal: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Where the outcomes of this executor are kept. */
  readonly outcomesKey: string;

  constructor(settings: RemoteSettings, executorId: string, listener: RemoteLinkListener) {
    this.#settings = settings;
    this.#listener = listener;
    this.#writer = openRedis(settings.connection);
    this.#hearer = openRedis(settings.connection);
    this.outcomesKey = outcomesKey(settings.prefix, settings.queue, executorId);
    const channel = repliesChannel(settings.prefix, settings.queue, executorId);
    for (const redis of [this.#writer, this.#hearer]) {
      unrefWhenConnected(redis);
      redis.on('error', (error) => this.#noteError(error));
      redis.on('close', () => this.#noteAway());
    }
    this.#writer.on('ready', () => this.#noteReady());
    this.#hearer.on('ready', () => void this.#hear(channel));
    this.#hearer.on('message', (_channel, message) => listener.onReplies(readReplies(message)));
    this.#endWarnings = warnOfOutages(this.#writer, () => this.#lastError, 'Pending futures wait for it');
  }

  get isReady(): boolean {
    return !this.#isClosed && this.#isHearing && this.#writer.status === 'ready';
  }

  /** The commands that pages of jobs are read with. */
  get redis(): Redis {
    return this.#writer;
  }

  /** Not before it is ready: what BullMQ asks Redis at the start must be answered. */
  get queue(): Queue {
    if (this.#queue === undefined) {
      const { Queue } = bullmq();
      this.#queue = new Queue(this.#settings.queue, {
        connection: this.#writer,
        prefix: this.#settings.prefix,
      });
      this.#queue.on('error', (error) => this.#noteError(error));
    }
    return this.#queue;
  }

  readonly keyOf = (jobId: string): string => `${this.#settings.prefix}:${this.#settings.queue}:${jobId}`;

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
    if (this.isReady) this.#writer.hdel(this.outcomesKey, ...heard).catch(() => {}); // else they go with their age
  }

  /** Tells all serving machines. */
  async order(order: object): Promise<void> {
    const { prefix, queue } = this.#settings;
    await this.#writer.publish(ordersChannel(prefix, queue), JSON.stringify(order));
  }

  /** How many machines serve the queue. */
  async serverCount(): Promise<number> {
    const { prefix, queue } = this.#settings;
    const [, count] = (await this.#writer.pubsub('NUMSUB', ordersChannel(prefix, queue))) as [string, number];
    return Number(count);
  }

  /** Somebody waits now: not for ever, if Redis is away. */
  noteAwaited(): void {
    if (!this.isReady) this.#startPatience();
  }

  /** Whether Redis takes writes; what it refuses for too long is told. */
  async probe(): Promise<void> {
    const { prefix, queue, outageTimeout } = this.#settings;
    try {
      await this.#writer.set(`${prefix}:${queue}:loky:probe`, '1', 'PX', 10_000);
      this.#refusedSince = undefined;
    } catch (error) {
      if (!isFull(error)) return;
      this.#refusedSince ??= performance.now();
      if (performance.now() - this.#refusedSince < outageTimeout) return;
      this.#listener.onUnavailable(this.refusal(error));
    }
  }

  refusal(error: unknown): Error {
    if (!isFull(error)) return unavailable(this.#writer, 'refused the job', error);
    return unavailable(this.#writer, 'takes no more jobs', error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#patience);
    clearTimeout(this.#removal);
    this.#endWarnings();
    if (this.#writer.status === 'ready') await withinTime(this.#writer.unlink(this.outcomesKey), FAREWELL);
    if (this.#queue !== undefined) await withinTime(this.#queue.close(), FAREWELL);
    closeRedis(this.#writer);
    closeRedis(this.#hearer);
  }

  async #hear(channel: string): Promise<void> {
    try {
      await this.#hearer.subscribe(channel);
      this.#isHearing = true;
      this.#noteReady();
    } catch (error) {
      this.#noteError(error);
    }
  }

  #noteReady(): void {
    if (!this.isReady) return;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#wasReady = true;
    this.#listener.onReady();
  }

  #noteAway(): void {
    if (this.#hearer.status !== 'ready') this.#isHearing = false;
    if (!this.#isClosed && this.#listener.isAwaited()) this.#startPatience();
  }

  #noteError(error: unknown): void {
    this.#lastError = error;
    if (!isRejection(error) || this.#isClosed) return;
    this.#listener.onUnavailable(unavailable(this.#writer, 'does not let this program in', error));
  }

  #startPatience(): void {
    const { outageTimeout, connectTimeout } = this.#settings;
    const limit = this.#wasReady ? outageTimeout : connectTimeout;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      if (this.isReady) return;
      this.#listener.onUnavailable(
        unavailable(this.#writer, `could not be reached for ${limit} ms`, this.#lastError),
      );
    }, limit);
  }
}
