/** What is seen of a queue and its machines from outside. It runs nothing and holds no job. */
import type { Job } from 'bullmq';
import * as check from '../system/check.ts';
import type { Exchange, QueueBackend, QueueConnection } from './exchange.ts';
import { openExchange } from './open-exchange.ts';
import { assertGiven, placeChecks } from './serve-options.ts';
import { type MachineReport, readReports } from './server-stats.ts';
import { within } from './within.ts';

/** How to reach a queue. */
export interface ObserveQueueOptions {
  /** The name of the queue, the same as the machines'. */
  queue: string;
  /** How to reach Redis, or what `backend` takes. */
  connection: QueueConnection;
  /** The engine of the queue, as the machines have it. Default: Redis. */
  backend?: QueueBackend;
  /** The prefix of all keys in Redis. Default: `'bull'`. */
  prefix?: string;
  /** Milliseconds that an answer may take. Default: 5_000. */
  timeout?: number;
}

/** How many jobs there are in each state. */
export interface QueueDepth {
  readonly waiting: number;
  /** Waiting, with a priority: in Redis not in the same list. */
  readonly prioritized: number;
  /** To be run later: backoff, or handed back by a machine that could not run them. */
  readonly delayed: number;
  readonly active: number;
  /** Parents of a flow. */
  readonly waitingChildren: number;
  /** Kept by `removeOnComplete`. */
  readonly completed: number;
  /** Kept by `removeOnFail`. */
  readonly failed: number;
  /** All that machines have to do now or later, and do: `waiting`, `prioritized`, `delayed` and `active`. What an autoscaler should look at. */
  readonly backlog: number;
}

/** The job that has waited for the longest time. */
export interface OldestJob {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since it was submitted. */
  readonly age: number;
}

/** What an observer has seen. */
export interface QueueSnapshot {
  readonly queue: string;
  /** The machines that serve it, by host and pid. One that is silent for its `lockDuration` is not among them. */
  readonly machines: readonly MachineReport[];
  readonly jobs: QueueDepth;
  /** Of the jobs that wait or are prioritized; `undefined` if none does. */
  readonly oldest: OldestJob | undefined;
}

/** Looks at a queue from outside. */
export interface QueueObserver extends AsyncDisposable {
  /**
   * What is there now: four or five short questions to the engine.
   *
   * @throws QueueUnavailableError if the engine does not answer in time, or does not let this program in.
   */
  read(): Promise<QueueSnapshot>;
  close(): Promise<void>;
}

const STATES = [
  'waiting',
  'prioritized',
  'delayed',
  'active',
  'waiting-children',
  'completed',
  'failed',
] as const;

const checks: Readonly<Record<keyof ObserveQueueOptions, check.Check>> = {
  ...placeChecks,
  timeout: check.number({ min: 1, unit: 'milliseconds' }),
};

/** @throws TypeError, RangeError */
export function observeQueue(options: ObserveQueueOptions): QueueObserver {
  const {
    queue,
    connection,
    backend,
    prefix = 'bull',
    timeout = 5_000,
  } = check.checkOptions(options, checks, 'observeQueue') as ObserveQueueOptions;
  assertGiven(options, ['queue', 'connection'], 'observeQueue');
  const exchange = openExchange({ queue, connection, backend, prefix }, undefined);
  exchange.unref();
  return new Observer(queue, exchange, timeout);
}

class Observer implements QueueObserver {
  readonly #name: string;
  readonly #exchange: Exchange;
  readonly #timeout: number;
  #lastError: unknown;

  constructor(name: string, exchange: Exchange, timeout: number) {
    this.#name = name;
    this.#exchange = exchange;
    this.#timeout = timeout;
    exchange.on('error', (error) => {
      this.#lastError = error;
    });
  }

  async read(): Promise<QueueSnapshot> {
    const reading = this.#readNow().catch((error: unknown) => {
      this.#lastError = error;
    });
    const snapshot = await within(this.#timeout, reading, '').catch(() => {});
    if (snapshot !== undefined) return snapshot;
    throw this.#exchange.unavailable(`gave no figures of the queue ${this.#name}`, this.#lastError);
  }

  close(): Promise<void> {
    return this.#exchange.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #readNow(): Promise<QueueSnapshot> {
    if (!this.#exchange.isReady) await this.#becomesReady();
    const { queue } = this.#exchange;
    const [texts, counts, waiting, prioritized] = await Promise.all([
      this.#exchange.beats(),
      queue.getJobCounts(...STATES),
      queue.getJobs(['wait'], 0, 0, true),
      queue.getJobs(['prioritized'], 0, 0, true),
    ]);
    const machines = readReports(texts);
    return {
      queue: this.#name,
      machines: machines.sort((a, b) => a.host.localeCompare(b.host) || a.pid - b.pid),
      jobs: depthOf(counts),
      oldest: oldestOf([...waiting, ...prioritized], Date.now()),
    };
  }

  /** A password that is refused now is refused later too. */
  #becomesReady(): Promise<void> {
    const exchange = this.#exchange;
    return new Promise((resolve, reject) => {
      const note = (error: unknown): void => {
        if (exchange.refusedBy(error) === 'rejected') reject(error);
      };
      exchange.on('error', note);
      exchange.once('ready', () => {
        exchange.off('error', note);
        resolve();
      });
    });
  }
}

function depthOf(counts: Readonly<Record<string, number>>): QueueDepth {
  const of = (state: (typeof STATES)[number]): number => counts[state] ?? 0;
  return {
    waiting: of('waiting'),
    prioritized: of('prioritized'),
    delayed: of('delayed'),
    active: of('active'),
    waitingChildren: of('waiting-children'),
    completed: of('completed'),
    failed: of('failed'),
    backlog: of('waiting') + of('prioritized') + of('delayed') + of('active'),
  };
}

/** A job may be gone between two answers. */
function oldestOf(jobs: readonly (Job | undefined)[], now: number): OldestJob | undefined {
  const [oldest] = jobs.filter((job) => job !== undefined).sort((a, b) => a.timestamp - b.timestamp);
  return oldest && { id: String(oldest.id), name: oldest.name, age: Math.max(0, now - oldest.timestamp) };
}
