/**
 * A machine that works: takes jobs of a queue, runs them in its pool, and leaves cleanly. What becomes of one job is the
 * runner's business.
 */
import type { Job, Worker } from 'bullmq';
import { checkOptions, milliseconds } from '../system/check.ts';
import { messageOf } from '../system/thrown.ts';
import type { Exchange } from './exchange.ts';
import { Heartbeat } from './heartbeat.ts';
import { JobRunner } from './job-runner.ts';
import { createGrace, leaveOnSignals } from './leaving.ts';
import { openExchange } from './open-exchange.ts';
import { OutagePause, warnOfOutages } from './outages.ts';
import { workersOf } from './pool-calls.ts';
import { createReplies } from './replies.ts';
import { resolveServeOptions, type ServeSettings, type ServeTasksOptions } from './serve-options.ts';
import { recentMachines, type ServerHealth, type ServerStats, withoutPool } from './server-stats.ts';
import { readCancel } from './wire.ts';
import { endsWithin } from './within.ts';

/** A machine that serves a queue. */
export interface TaskServer extends AsyncDisposable {
  /** Resolves when it takes jobs. Rejects with `QueueUnavailableError` if Redis does not let it in. */
  readonly ready: Promise<void>;
  /** Resolves when it has left. Rejects with the reason if it had to: Redis let it in no more, or its pool broke. */
  readonly closed: Promise<void>;
  /** Jobs that run at this moment. */
  readonly activeCount: number;
  /** What this machine is called where machines are listed (`observeQueue`). */
  readonly machineId: string;
  /** Figures since the start. */
  stats(): ServerStats;
  /** Whether it can work, for the probe of an orchestrator. Asks nothing of the engine: it gives what is known. */
  health(): ServerHealth;
  /**
   * Takes no more jobs and lets those that run finish; after `gracePeriod` milliseconds these are ended, with their
   * descendants, and handed back to the queue. Calling it again waits for the same end, and can bring it nearer.
   */
  close(options?: { gracePeriod?: number }): Promise<void>;
}

/** Milliseconds that each step of closing may take. */
const CLOSE_TIMEOUT = 3_000;
const closeChecks = { gracePeriod: milliseconds };
const AT_ONCE = { gracePeriod: 0 };
/** Milliseconds until a fetch that failed is tried again. */
const RETRY_DELAY = 1_000;

/** @throws TypeError, RangeError */
export function serveTasks(options: ServeTasksOptions): TaskServer {
  return new Server(resolveServeOptions(options));
}

class Server implements TaskServer {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #settings: ServeSettings;
  readonly #exchange: Exchange;
  readonly #runner: JobRunner;
  readonly #heartbeat: Heartbeat;
  /** From when the engine is reached for the first time. */
  #worker: Worker | undefined;
  readonly #cleanUps: (() => void)[] = [];
  #lastError: unknown;
  #isFullKnown = false;
  #lockFailures = 0;
  #lastFetch: number | undefined;
  readonly #outagePause = new OutagePause();
  readonly #grace = createGrace();
  #closing: Promise<void> | undefined;
  #settleClosed: { resolve(): void; reject(error: unknown): void };
  #rejectReady: (error: unknown) => void = () => {};

  constructor(settings: ServeSettings) {
    this.#settings = settings;
    const { executor } = settings;
    let settle!: { resolve(): void; reject(error: unknown): void };
    this.closed = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.closed.catch(() => {}); // the warning has reported it
    this.#settleClosed = settle;
    this.#exchange = openExchange(settings, 'orders');
    this.#watchExchange();
    this.#heartbeat = new Heartbeat(this.#exchange, settings, () => withoutPool(this.stats()));
    this.#exchange.on('ready', () => this.#heartbeat.beat()); // the last one may have run out while the engine was away
    const replies = createReplies(this.#exchange, this.machineId);
    this.#cleanUps.push(
      () => replies.close(),
      () => this.#runner.close(),
    );
    this.#runner = new JobRunner({
      ...settings,
      replies,
      machines: recentMachines(this.#exchange),
      held: () => this.#outagePause.over,
      onBroken: (error) => this.#leaveBecause(error),
    });
    this.ready = this.#becomeReady();
    this.ready.catch(() => {});
    const onBroken = (error: Error): void => this.#leaveBecause(error);
    executor.on('broken', onBroken);
    this.#cleanUps.push(() => executor.off('broken', onBroken));
    this.#cleanUps.push(leaveOnSignals(settings.leaveOn, (isUrgent) => this.close(isUrgent ? AT_ONCE : {})));
  }

  get activeCount(): number {
    return this.#runner.activeCount;
  }

  get machineId(): string {
    return this.#heartbeat.machineId;
  }

  stats(): ServerStats {
    const { executor } = this.#settings;
    return {
      active: this.#runner.activeCount,
      workers: workersOf(executor),
      draining: this.#closing !== undefined,
      jobs: { ...this.#runner.counts },
      lockFailures: this.#lockFailures,
      lastFetch: this.#lastFetch,
      pool: executor.stats(),
    };
  }

  health(): ServerHealth {
    const draining = this.#closing !== undefined;
    const connected = this.#worker !== undefined && this.#exchange.isReady;
    return {
      ok: connected && !draining,
      connected,
      draining,
      lastFetch: this.#lastFetch,
      lastHeartbeat: this.#heartbeat.lastBeat,
      lockFailures: this.#lockFailures,
      lastError: connected || this.#lastError === undefined ? undefined : messageOf(this.#lastError),
    };
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

  #watchExchange(): void {
    this.#exchange.on('error', (error) => this.#noteError(error));
    this.#exchange.on('message', (message) => {
      const id = readCancel(message);
      if (id !== undefined) this.#runner.cancel(id);
    });
    this.#outagePause.watch(this.#exchange);
    const what = 'This machine goes on when it is back';
    this.#cleanUps.push(warnOfOutages(this.#exchange, () => this.#lastError, what));
  }

  #noteError(error: unknown): void {
    this.#lastError = error;
    const refused = this.#exchange.refusedBy(error);
    if (refused === 'full') this.#warnOfFull(error);
    if (refused === 'rejected')
      this.#leaveBecause(this.#exchange.unavailable('does not let this machine in', error));
  }

  #createWorker(): Worker {
    const { executor, lockDuration, stalledInterval, maxStalledCount } = this.#settings;
    const run = (job: Job, token: string | undefined): Promise<string> => {
      this.#isFullKnown = false;
      this.#lastFetch = Date.now();
      worker.concurrency = workersOf(executor); // read by BullMQ before it fetches the next one
      return this.#runner.process(job, token);
    };
    const worker: Worker = this.#exchange.createWorker(run, {
      name: this.machineId,
      concurrency: workersOf(executor),
      lockDuration,
      stalledInterval,
      maxStalledCount,
      runRetryDelay: RETRY_DELAY,
    });
    worker.on('lockRenewalFailed', (jobIds) => {
      this.#lockFailures += jobIds.length;
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
    const listening = new Promise<void>((resolve) => this.#exchange.once('ready', resolve));
    const working = new Promise<void>((resolve, reject) => {
      this.#exchange.once('writable', () => {
        if (this.#closing !== undefined) return;
        this.#worker = this.#createWorker();
        this.#worker.waitUntilReady().then(() => resolve(), reject);
      });
    });
    await Promise.race([Promise.all([working, listening]), rejected]);
    this.#heartbeat.start();
  }

  /** The machine keeps trying, and warns once until it has succeeded. */
  #warnOfFull(error: unknown): void {
    if (this.#isFullKnown) return;
    this.#isFullKnown = true;
    const { message } = this.#exchange.unavailable('gives out no jobs', error);
    process.emitWarning(message, { type: 'LokyWarning', code: 'LOKY_QUEUE_UNAVAILABLE' });
  }

  /** A program that does not wait for `closed` sees a warning, and its process may end. */
  #leaveBecause(error: Error): void {
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
    this.#worker?.pause(true).catch(() => {});
    this.#heartbeat.beat();
    this.#rejectReady(new Error('the server was closed before it was ready'));
    const isFinished = await this.#grace.covers(this.#runner.idle());
    if (!isFinished) {
      this.#runner.handBackAll();
      this.#outagePause.end();
      await endsWithin(CLOSE_TIMEOUT, this.#runner.idle());
    }
    if (this.#worker !== undefined) await endsWithin(CLOSE_TIMEOUT, this.#worker.close());
    for (const cleanUp of this.#cleanUps) cleanUp();
    if (this.#exchange.isReady) await endsWithin(CLOSE_TIMEOUT, this.#heartbeat.end());
    await this.#exchange.close();
    if (this.#settings.ownsExecutor) await this.#settings.executor.shutdown({ killWorkers: !isFinished });
  }
}
