/**
 * What submitters and machines exchange beside jobs, which BullMQ keeps: messages, outcomes until their executor has them,
 * and the heartbeats of machines. Redis has commands for it; every other engine of BullMQ has BullMQ's relay.
 */
import type { EventEmitter } from 'node:events';
import type {
  BackendFactory,
  IQueueBackend,
  PostgresConnectionOptions,
  Queue,
  QueueOptions,
  Worker,
  WorkerOptions,
} from 'bullmq';
import type { RedisConnection } from './connection.ts';
import { QueueUnavailableError } from './errors.ts';
import type { Reply } from './wire.ts';

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

export interface ExchangeEvents {
  /** The engine takes writes. */
  writable: [];
  /** The engine takes writes, and its messages arrive. */
  ready: [];
  /** The engine cannot be reached. May be emitted repeatedly. */
  away: [];
  error: [error: unknown];
  message: [text: string];
}

export interface Exchange extends EventEmitter<ExchangeEvents> {
  readonly isReady: boolean;
  /** @param during What was tried, or for how long. */
  unavailable(during: string, cause: unknown): QueueUnavailableError;
  refusedBy(error: unknown): Refused;
  /** Whether the engine was not reached: what it was asked for may have been done, and may be asked for again. */
  isOutage(error: unknown): boolean;
  /** Not before it is writable: what BullMQ asks at the start must be answered. */
  createQueue(options?: Omit<QueueOptions, 'connection' | 'prefix'>): Queue;
  createWorker(
    run: ConstructorParameters<typeof Worker>[1],
    options: Omit<WorkerOptions, 'connection' | 'prefix'>,
  ): Worker;
  /** Listens also to the replies to another name. Resolves when it does. */
  follow(executor: string): Promise<void>;
  unfollow(executor: string): void;
  /** To all machines. */
  order(text: string): Promise<void>;
  /** What the worker of this exchange writes after it has resolved comes after it. */
  keep(outcomes: readonly OutcomesToKeep[]): Promise<void>;
  reply(outgoing: readonly OutgoingReplies[]): Promise<void>;
  /** In the order of the jobs. @throws what the engine answers. */
  readJobs(jobs: readonly AwaitedJob[]): Promise<JobFields[]>;
  /** Outcomes that were heard need to be kept no longer. */
  forget(executor: string, jobIds: readonly string[]): Promise<void>;
  forgetAll(executor: string): Promise<void>;
  /** Machines that listen to orders. */
  machineCount(): Promise<number>;
  /** @param lifetime Milliseconds after which a machine without another heartbeat is left out. */
  beat(machine: string, text: string, lifetime: number): Promise<void>;
  endBeat(machine: string): Promise<void>;
  /** The latest heartbeat of each machine. */
  beats(): Promise<string[]>;
  /** Shows whether the engine takes writes. @throws what the engine answers. */
  probe(): Promise<void>;
  /** Lets the process end although connections are open, where the engine's client can. */
  unref(): void;
  close(): void;
}

/** Not by `instanceof`: errors of another realm have messages too. */
export const messageOf = (error: unknown): string =>
  String((error as Partial<Error> | null | undefined)?.message ?? '');

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
  const message = messageOf(cause).replace(/\.$/, '');
  const reason = message === '' ? '' : `: ${message}`;
  return new QueueUnavailableError(`${engine} ${during}${reason}${wayOut}`, { cause });
}
