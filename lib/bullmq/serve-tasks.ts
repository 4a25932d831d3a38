/**
 * A machine that works: takes jobs of a queue, runs them in its pool, and leaves cleanly. What becomes of one job is the
 * runner's business.
 */
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { checkOptions, milliseconds } from '../options/check.ts';
import {
  closeRedis,
  isFull,
  isRejection,
  openRedis,
  unavailable,
  warnOfOutages,
  withinTime,
} from './connection.ts';
import { bullmq } from './engine.ts';
import { createGrace } from './grace.ts';
import { JobRunner } from './job-runner.ts';
import { leaveOnSignals } from './leave-on-signals.ts';
import { OutagePause } from './outage-pause.ts';
import { workersOf } from './pool-calls.ts';
import { createReplies } from './replies.ts';
import { resolveServeOptions, type ServeSettings, type ServeTasksOptions } from './serve-options.ts';
import { ordersChannel, readCancel } from './wire.ts';

/** A machine that serves a queue. */
export interface TaskServer extends AsyncDisposable {
  /** Resolves when it takes jobs. Rejects with `RedisUnavailableError` if Redis does not let it in. */
  readonly ready: Promise<void>;
  /** Resolves when it has left. Rejects with the reason if it had to: Redis let it in no more, or its pool broke. */
  readonly closed: Promise<void>;
  /** Jobs that run at this moment. */
  readonly activeCount: number;
  /**
   * Takes no more jobs and lets those that run finish; after `gracePeriod` milliseconds these are ended, with their
   * descendants, and handed back to the queue. Calling it again waits for the same end, and can bring it nearer.
   */
  close(options?: { gracePeriod?: number }): Promise<void>;
}

/** Milliseconds that the last words to Redis may take. */
const FAREWELL = 3_000;
const closeChecks = { gracePeriod: milliseconds };
const AT_ONCE = { gracePeriod: 0 };
/** Milliseconds until a fetch that failed is tried again. */
const RETRY_DELAY = 1_000;

/**
 * Serves the tasks of a queue on this machine, as many jobs at once as the executor has workers. It keeps the process alive
 * until `close`, and goes on by itself after an outage of Redis.
 *
 * @throws TypeError, RangeError for options that are missing, unknown, of the wrong type or out of range.
 */
export function serveTasks(options: ServeTasksOptions): TaskServer {
  return new Server(resolveServeOptions(options));
}

class Server implements TaskServer {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #settings: ServeSettings;
  readonly #redis: Redis;
  readonly #orders: Redis;
  readonly #worker: Worker;
  readonly #runner: JobRunner;
  readonly #cleanUps: (() => void)[] = [];
  #lastError: unknown;
  #isFullKnown = false;
  readonly #outagePause = new OutagePause();
  readonly #grace = createGrace();
  #closing: Promise<void> | undefined;
  #settleClosed: { resolve(): void; reject(error: unknown): void };
  #rejectReady: (error: unknown) => void = () => {};

  constructor(settings: ServeSettings) {
    this.#settings = settings;
    const { queue, connection, prefix, executor } = settings;
    let settle!: { resolve(): void; reject(error: unknown): void };
    this.closed = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.closed.catch(() => {}); // the warning has told it
    this.#settleClosed = settle;
    this.#redis = openRedis(connection);
    this.#orders = openRedis(connection);
    this.#watchConnections();
    const replies = createReplies(this.#redis, prefix, queue);
    this.#cleanUps.push(() => replies.close());
    this.#runner = new JobRunner({
      ...settings,
      replies,
      held: () => this.#outagePause.over,
      onBroken: (error) => this.#giveUp(error),
    });
    this.#worker = this.#createWorker();
    this.ready = this.#becomeReady();
    this.ready.catch(() => {});
    const onBroken = (error: Error): void => this.#giveUp(error);
    executor.on('broken', onBroken);
    this.#cleanUps.push(() => executor.off('broken', onBroken));
    this.#cleanUps.push(leaveOnSignals(settings.leaveOn, (isUrgent) => this.close(isUrgent ? AT_ONCE : {})));
  }

  get activeCount(): number {
    return this.#runner.activeCount;
  }

  close(options?: { gracePeriod?: number }): Promise<void> {
    const { gracePeriod = this.#settings.gracePeriod } = checkOptions(options, closeChecks, 'close');
    this.#closing ??= this.#leave().then(this.#settleClosed.resolve, this.#settleClosed.reject);
    this.#grace.endAfter(gracePeriod);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #watchConnections(): void {
    for (const redis of [this.#redis, this.#orders]) redis.on('error', (error) => this.#noteError(error));
    this.#outagePause.watch(this.#redis);
    const what = 'This machine goes on when it is back';
    this.#cleanUps.push(warnOfOutages(this.#redis, () => this.#lastError, what));
  }

  #noteError(error: unknown): void {
    this.#lastError = error;
    if (isFull(error)) this.#warnOfFull(error);
    if (isRejection(error)) this.#giveUp(unavailable(this.#redis, 'does not let this machine in', error));
  }

  #createWorker(): Worker {
    const { queue, prefix, executor, lockDuration, stalledInterval, maxStalledCount } = this.#settings;
    const { Worker } = bullmq();
    const run = (job: Job, token: string | undefined): Promise<string> => {
      this.#isFullKnown = false;
      worker.concurrency = workersOf(executor); // read by BullMQ before it fetches the next one
      return this.#runner.process(job, token);
    };
    const worker: Worker = new Worker(queue, run, {
      connection: this.#redis,
      prefix,
      concurrency: workersOf(executor),
      lockDuration,
      stalledInterval,
      maxStalledCount,
      runRetryDelay: RETRY_DELAY,
    });
    worker.on('error', (error) => this.#noteError(error));
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds) this.#runner.supersede(id);
    });
    worker.on('failed', (job, error) => {
      if (job !== undefined) this.#runner.noteFailed(job, error);
    });
    return worker;
  }

  async #becomeReady(): Promise<void> {
    const rejected = new Promise<never>((_, reject) => {
      this.#rejectReady = reject;
    });
    this.#orders.on('message', (_channel, message) => {
      const id = readCancel(message);
      if (id !== undefined) this.#runner.cancel(id);
    });
    const { prefix, queue } = this.#settings;
    const subscribed = this.#orders.subscribe(ordersChannel(prefix, queue));
    subscribed.catch(() => {}); // the connection was closed before it was open
    await Promise.race([Promise.all([this.#worker.waitUntilReady(), subscribed]), rejected]);
  }

  /** It goes on trying, and says so once until it has got through. */
  #warnOfFull(error: unknown): void {
    if (this.#isFullKnown) return;
    this.#isFullKnown = true;
    const { message } = unavailable(this.#redis, 'gives out no jobs', error);
    process.emitWarning(message, { type: 'LokyWarning', code: 'LOKY_REDIS_UNAVAILABLE' });
  }

  /** Who listens to nothing sees it in a warning, and the process may end. */
  #giveUp(error: Error): void {
    if (this.#closing !== undefined) return;
    process.emitWarning(`serveTasks leaves the queue ${this.#settings.queue}: ${error.message}`, {
      type: 'LokyWarning',
      code: 'LOKY_SERVICE_ENDED',
    });
    this.#rejectReady(error);
    this.#closing = this.#leave().then(() => this.#settleClosed.reject(error));
    this.#grace.endAfter(0);
  }

  async #leave(): Promise<void> {
    this.#worker.pause(true).catch(() => {});
    this.#rejectReady(new Error('the server was closed before it was ready'));
    const isFinished = await this.#grace.covers(this.#runner.idle());
    if (!isFinished) {
      this.#runner.handBackAll();
      this.#outagePause.end();
      await withinTime(this.#runner.idle(), FAREWELL);
    }
    await withinTime(this.#worker.close(), FAREWELL);
    for (const cleanUp of this.#cleanUps) cleanUp();
    closeRedis(this.#redis);
    closeRedis(this.#orders);
    if (this.#settings.ownsExecutor) await this.#settings.executor.shutdown({ killWorkers: !isFinished });
  }
}
