/**
 * What submitters and machines exchange beside jobs, which BullMQ keeps: messages, outcomes until their executor has them,
 * and the heartbeats of machines. Redis has commands for it; every other engine of BullMQ has BullMQ's relay.
 */
import { EventEmitter } from 'node:events';
import type {
  BackendFactory,
  IQueueBackend,
  PostgresConnectionOptions,
  Queue,
  QueueOptions,
  Worker,
  WorkerOptions,
} from 'bullmq';
import { messageOf } from '../system/thrown.ts';
import type { RedisConnection } from './connection.ts';
import { bullmq } from './engine.ts';
import { QueueUnavailableError } from './errors.ts';
import type { Reply } from './wire.ts';
import { endsWithin } from './within.ts';

/** How to reach the engine of a queue: Redis, or with `backend` what that takes. */
export type QueueConnection = RedisConnection | PostgresConnectionOptions;

/** A backend factory of BullMQ: `createPostgresBackend`, or a function that wraps it. */
export type QueueBackend = BackendFactory<IQueueBackend, never>;

export interface QueuePlace {
  readonly queue: string;
  readonly prefix: string;
  readonly connection: QueueConnection;
  readonly backend?: QueueBackend | undefined;
}

/** What a program subscribes to: the replies to its executor, the orders for machines, or nothing. */
export type Subscription = { readonly executor: string } | 'orders' | undefined;

/** Replies that go to one executor in one message. */
export interface OutgoingReplies {
  readonly executor: string;
  readonly replies: readonly Reply[];
}

/** Outcomes of the jobs of one executor. */
export interface OutcomesToKeep {
  readonly executor: string;
  /** By job. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Seconds for which they are kept. */
  readonly keep: number;
}

/** A job, and the executor for which its outcome is kept. */
export interface AwaitedJob {
  readonly executor: string;
  readonly id: string;
}

/** What is known of a job. A field that it does not have is `null`. */
export interface JobFields {
  readonly outcome: string | null;
  readonly finishedOn: string | null;
  readonly returnvalue: string | null;
  readonly failedReason: string | null;
  /** `null` for a job that is not there. */
  readonly timestamp: string | null;
  /** The machine that has begun it last. */
  readonly processedBy: string | null;
  readonly isRunning: boolean;
  /** What lies under the key of a job, if it is not a job. */
  readonly problem?: string;
}

/** Why an engine does not serve this program: it lets it in no more, or has no room. */
export type Refused = 'rejected' | 'full' | undefined;

interface ExchangeEvents {
  /** The engine takes writes. */
  writable: [];
  /** The engine takes writes, and its messages arrive. */
  ready: [];
  /** The engine cannot be reached. May be emitted repeatedly. */
  away: [];
  error: [error: unknown];
  message: [text: string];
}

/** Milliseconds that closing the queue may take. */
const CLOSE_TIMEOUT = 2_000;

/** The connections to an engine, BullMQ's own among them, whose errors are its errors. */
export abstract class Exchange extends EventEmitter<ExchangeEvents> {
  abstract readonly isReady: boolean;
  protected readonly place: QueuePlace;
  protected isClosed = false;
  #queue: Queue | undefined;

  constructor(place: QueuePlace) {
    super();
    this.place = place;
  }

  /** Not before it is writable: what BullMQ asks at the start must be answered. */
  get queue(): Queue {
    if (this.#queue === undefined) {
      const { options, backend } = this.ofBullMQ();
      this.#queue = new (bullmq().Queue)(this.place.queue, options, backend as undefined);
      this.#queue.on('error', (error) => this.emit('error', error));
    }
    return this.#queue;
  }

  createWorker(
    run: ConstructorParameters<typeof Worker>[1],
    given: Omit<WorkerOptions, 'connection' | 'prefix'>,
  ): Worker {
    const { options, backend } = this.ofBullMQ();
    const all = { ...given, ...options };
    const worker = new (bullmq().Worker)(this.place.queue, run, all, backend as undefined);
    worker.on('error', (error) => this.emit('error', error));
    return worker;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.#queue !== undefined) await endsWithin(CLOSE_TIMEOUT, this.#queue.close());
    this.disconnect();
  }

  /** What BullMQ's classes are given. */
  protected abstract ofBullMQ(): {
    readonly options: QueueOptions;
    readonly backend?: QueueBackend;
  };
  /** @param during What was tried, or for how long. */
  abstract unavailable(during: string, cause: unknown): QueueUnavailableError;
  abstract refusedBy(error: unknown): Refused;
  /** Whether the engine was not reached: what it was asked for may have been done, and may be asked for again. */
  abstract isOutage(error: unknown): boolean;
  /** Listens also to the replies to another name. Resolves when it does. */
  abstract follow(executor: string): Promise<void>;
  abstract unfollow(executor: string): void;
  /** To all machines. */
  abstract order(text: string): Promise<void>;
  /** What the worker of this exchange writes after it has resolved comes after it. */
  abstract keep(outcomes: readonly OutcomesToKeep[]): Promise<void>;
  abstract reply(outgoing: readonly OutgoingReplies[]): Promise<void>;
  /** In the order of the jobs. @throws what the engine answers. */
  abstract readJobs(jobs: readonly AwaitedJob[]): Promise<JobFields[]>;
  /** Outcomes that were heard need to be kept no longer. */
  abstract forget(executor: string, jobIds: readonly string[]): Promise<void>;
  abstract forgetAll(executor: string): Promise<void>;
  /** Machines that listen to orders. */
  abstract machineCount(): Promise<number>;
  /** @param lifetime Milliseconds after which a machine without another heartbeat is left out. */
  abstract beat(machine: string, text: string, lifetime: number): Promise<void>;
  abstract endBeat(machine: string): Promise<void>;
  /** The latest heartbeat of each machine. */
  abstract beats(): Promise<string[]>;
  /** Shows whether the engine takes writes. @throws what the engine answers. */
  abstract probe(): Promise<void>;
  /** Lets the process end although connections are open, where the engine's client can. */
  abstract unref(): void;
  protected abstract disconnect(): void;
}

/**
 * @param engine Which one, and where.
 * @param during What was tried, or for how long.
 */
export function queueUnavailable(
  engine: string,
  during: string,
  cause: unknown,
  wayOut: string,
): QueueUnavailableError {
  const message = cause === undefined ? '' : messageOf(cause).replace(/\.$/, '');
  const reason = message === '' ? '' : `: ${message}`;
  return new QueueUnavailableError(`${engine} ${during}${reason}${wayOut}`, { cause });
}
