/** Every option of `BullMQExecutor`: its meaning, its default, its check. */
import type { KeepJobs } from 'bullmq';
import * as check from '../system/check.ts';
import type { QueueBackend, QueueConnection } from './exchange.ts';
import { checkStore, type PayloadStore } from './payload-store.ts';
import { assertGiven, MAX_PAYLOAD, placeChecks } from './serve-options.ts';
import { type AllowFunctions, checkAllowFunctions } from './signing.ts';
import { checkRegistry, type TaskRegistry } from './task-registry.ts';

/** Durations are in milliseconds, sizes in bytes; `removeOnComplete` and `removeOnFail` are BullMQ's own, in seconds. */
export interface BullMQExecutorOptions {
  /** The name of the queue, the same as the serving machines'. Without `:`. */
  queue: string;
  /** How to reach Redis, or what `backend` takes. */
  connection: QueueConnection;
  /**
   * The engine of the queue, as BullMQ's classes take it: `createPostgresBackend` of bullmq for Postgres. The same for all
   * submitters and machines of a queue. Default: Redis.
   */
  backend?: QueueBackend;
  /** What `defineTasks` returned: what can be submitted. */
  tasks: TaskRegistry;
  /** The prefix of all keys in Redis, as BullMQ's. Default: `'bull'`. */
  prefix?: string;
  /** Default for every task, from the moment it starts in a worker; none. */
  taskTimeout?: number;
  /** Default for every task, from its submit until a machine begins it; then it never runs. None. */
  queueTimeout?: number;
  /** How many times a task whose worker process died is run again. Default: 0. A lost machine's jobs are taken over anyway. */
  crashRetries?: number;
  /** How long BullMQ waits before it runs such a task again. Default: not at all. */
  backoff?: number | { type: 'fixed' | 'exponential'; delay: number };
  /** Backlog of this executor; a submit beyond it throws `QueueFullError`. Default: no bound. */
  maxPending?: number;
  /** Largest list of arguments that lies in the queue itself. Default: 1 MiB. */
  maxPayload?: number;
  /** Where larger arguments and results lie, the same as the serving machines'. Default: they are refused. */
  store?: PayloadStore;
  /** Lets functions travel that are no tasks of the registry, signed with this key. Default: they are refused. */
  allowFunctions?: AllowFunctions;
  /**
   * How long an outcome is kept in Redis, whatever is removed of the jobs. That of a task with an id (`enqueue`, `jobId`): for so
   * long from its end on, for any executor. That of any other task: until this executor has received it, else at least so long, counted
   * from the last outcome of this executor. Default: 3_600_000.
   */
  keepOutcomes?: number;
  /**
   * What BullMQ keeps of finished jobs, for tools that read the queue. BullMQ applies it to the jobs of all submitters of
   * the queue. Default: `{ age: 3600, count: 10_000 }`.
   */
  removeOnComplete?: boolean | number | KeepJobs;
  /** What it keeps of jobs that failed, likewise. Default: `{ age: 86_400, count: 10_000 }`. */
  removeOnFail?: boolean | number | KeepJobs;
  /** How long Redis may take to answer for the first time. Default: 10_000. */
  connectTimeout?: number;
  /** How long Redis may be away, or refuse to write, until every pending future fails. Default: 120_000. */
  outageTimeout?: number;
  /** How often the jobs themselves are read, for replies that got lost. Default: 5_000. */
  checkInterval?: number;
}

const DEFAULTS = {
  prefix: 'bull',
  crashRetries: 0,
  maxPending: Number.POSITIVE_INFINITY,
  maxPayload: MAX_PAYLOAD,
  keepOutcomes: 3_600_000,
  removeOnComplete: { age: 3600, count: 10_000 },
  removeOnFail: { age: 86_400, count: 10_000 },
  connectTimeout: 10_000,
  outageTimeout: 120_000,
  checkInterval: 5_000,
};

export type RemoteSettings = check.Resolved<
  BullMQExecutorOptions,
  'backend' | 'taskTimeout' | 'queueTimeout' | 'backoff' | 'store' | 'allowFunctions'
>;

const checks: Readonly<Record<keyof BullMQExecutorOptions, check.Check>> = {
  ...placeChecks,
  tasks: checkRegistry,
  taskTimeout: check.timeLimit,
  queueTimeout: check.timeLimit,
  crashRetries: check.finiteCount(0),
  backoff: checkBackoff,
  maxPending: check.count(0),
  maxPayload: check.bytes,
  store: checkStore,
  allowFunctions: checkAllowFunctions,
  keepOutcomes: check.number({ min: 1_000, unit: 'milliseconds' }),
  removeOnComplete: checkKeep,
  removeOnFail: checkKeep,
  connectTimeout: check.timeLimit,
  outageTimeout: check.milliseconds,
  checkInterval: check.number({ min: 10, unit: 'milliseconds' }),
};

const backoffParts = check.nested({ type: check.oneOf('fixed', 'exponential'), delay: check.milliseconds }, [
  'type',
  'delay',
]);
const keepParts = check.nested({ age: check.count(0), count: check.count(0), limit: check.count(1) });

function checkBackoff(value: unknown, name: string): unknown {
  return typeof value === 'number' ? check.milliseconds(value, name) : plain(backoffParts(value, name));
}

function checkKeep(value: unknown, name: string): unknown {
  if (typeof value === 'boolean') return undefined;
  return typeof value === 'number' ? check.count(0)(value, name) : plain(keepParts(value, name));
}

/** BullMQ writes it as it writes any object, and looks at its prototype for that. */
const plain = (parts: unknown): unknown => ({ ...(parts as object) });

/** @throws TypeError, RangeError */
export function resolveExecutorOptions(given: BullMQExecutorOptions): RemoteSettings {
  const options = check.checkOptions(given, checks, 'BullMQExecutor') as BullMQExecutorOptions;
  assertGiven(options, ['queue', 'connection', 'tasks'], 'BullMQExecutor');
  return { ...DEFAULTS, ...options };
}
