/** Every option of `serveTasks`: its meaning, its default, its check. */
import { executorInternals, ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import * as check from '../system/check.ts';
import type { QueueBackend, QueueConnection } from './exchange.ts';
import { checkStore, type PayloadStore } from './payload-store.ts';
import { type AllowFunctions, checkAllowFunctions } from './signing.ts';
import { checkRegistry, type TaskRegistry } from './task-registry.ts';

/** Durations are in milliseconds, sizes in bytes. */
export interface ServeTasksOptions {
  /** The name of the queue, the same as the executors'. Without `:`. */
  queue: string;
  /** How to reach Redis, or what `backend` takes. */
  connection: QueueConnection;
  /** The engine of the queue, as BullMQ's classes take it: `createPostgresBackend` of bullmq for Postgres. Default: Redis. */
  backend?: QueueBackend;
  /** What `defineTasks` returned. */
  tasks: TaskRegistry;
  /**
   * The pool that runs the jobs, as many at once as it has `maxWorkers`; if it is resized (`getReusableExecutor`), from the
   * next job on that begins. It must have `onWorkerCrash: 'isolate'`, and is left to its owner. Default: one of its own with
   * `cpuCount()` workers.
   */
  executor?: ProcessPoolExecutor;
  /** The prefix of all keys in Redis, as BullMQ's. Default: `'bull'`. */
  prefix?: string;
  /** Largest outcome of a task that lies in the queue itself. Default: 1 MiB. */
  maxPayload?: number;
  /** Where larger arguments and results lie, the same as the executors'. Default: such results are refused, such jobs left to other machines. */
  store?: PayloadStore;
  /**
   * The sum of the bytes of shared values (`share` of a `BullMQExecutor`) above which the machine keeps only those that running jobs
   * need; the one that was used least lately goes first. Default: 268_435_456 (256 MiB).
   */
  maxShared?: number;
  /** Runs functions that are no tasks of the registry, if they are signed with this key. Default: none are run. */
  allowFunctions?: AllowFunctions;
  /** How long running jobs may take to finish when the machine leaves; then they are ended and handed back. Default: 10_000. */
  gracePeriod?: number;
  /** A machine that was not heard of for so long is taken for lost, and its jobs go to others. Default: 15_000. */
  lockDuration?: number;
  /** How often it is looked for jobs of lost machines. Default: 5_000. */
  stalledInterval?: number;
  /** How often a job may lose its machine before it fails. Default: 3. */
  maxStalledCount?: number;
  /**
   * How long a job that this machine cannot run (it lacks the task, has another version, or another key for functions) is
   * handed back while no machine is there that has its version and task; then it fails. With such a machine, which may be busy,
   * it waits for longer. Default: 300_000.
   */
  handBackTimeout?: number;
  /** Signals upon which it leaves, and then lets the process end as the signal would have. Default: SIGTERM and SIGINT. */
  leaveOn?: readonly NodeJS.Signals[];
}

export const MAX_PAYLOAD = 1_048_576;

const DEFAULTS = {
  prefix: 'bull',
  maxPayload: MAX_PAYLOAD,
  maxShared: 268_435_456,
  gracePeriod: 10_000,
  lockDuration: 15_000,
  stalledInterval: 5_000,
  maxStalledCount: 3,
  handBackTimeout: 300_000,
  leaveOn: ['SIGTERM', 'SIGINT'] as const,
};

export type ServeSettings = check.Resolved<ServeTasksOptions, 'backend' | 'allowFunctions' | 'store'> & {
  readonly ownsExecutor: boolean;
};

/** How to reach a queue. */
export const placeChecks = {
  queue: checkQueueName,
  connection: check.anything,
  backend: checkBackend,
  prefix: check.string,
};

const checks: Readonly<Record<keyof ServeTasksOptions, check.Check>> = {
  ...placeChecks,
  tasks: checkRegistry,
  executor: checkExecutor,
  maxPayload: check.bytes,
  store: checkStore,
  maxShared: check.bytes,
  allowFunctions: checkAllowFunctions,
  gracePeriod: check.milliseconds,
  lockDuration: check.number({ min: 1_000, unit: 'milliseconds' }),
  stalledInterval: check.number({ min: 1, unit: 'milliseconds' }),
  maxStalledCount: check.count(0),
  handBackTimeout: check.number({ min: 0, unit: 'milliseconds' }),
  leaveOn: check.strings,
};

function checkQueueName(value: unknown, name: string): void {
  check.string(value, name);
  if (value === '' || (value as string).includes(':')) {
    throw new RangeError(`${name} must be a name without ":" and not empty, got ${JSON.stringify(value)}`);
  }
}

function checkBackend(value: unknown, name: string): void {
  if (typeof value === 'function') return;
  throw new TypeError(
    `${name} must be a backend of BullMQ such as createPostgresBackend, got ${check.describe(value)}`,
  );
}

/** @throws TypeError if one is missing. */
export function assertGiven(options: object, names: readonly string[], of: string): void {
  const missing = names.find((name) => (options as Record<string, unknown>)[name] === undefined);
  if (missing === undefined) return;
  throw new TypeError(`${of} needs the options ${names.join(', ')}, but ${missing} is missing`);
}

/** @throws TypeError if it is no pool, or one that a crash would break. */
export function checkExecutor(value: unknown, name: string): void {
  if (!(value instanceof ProcessPoolExecutor)) {
    throw new TypeError(`${name} must be a ProcessPoolExecutor, got ${check.describe(value)}`);
  }
  if (executorInternals.settingsOf(value).onWorkerCrash === 'isolate') return;
  throw new TypeError(
    `${name} must have onWorkerCrash: 'isolate': with 'break' one task that crashes breaks the whole pool, and no further job can run`,
  );
}

/** @throws TypeError, RangeError */
export function resolveServeOptions(given: ServeTasksOptions): ServeSettings {
  const options = check.checkOptions(given, checks, 'serveTasks') as ServeTasksOptions;
  assertGiven(options, ['queue', 'connection', 'tasks'], 'serveTasks');
  return {
    ...DEFAULTS,
    ...options,
    executor: options.executor ?? new ProcessPoolExecutor({ onWorkerCrash: 'isolate' }),
    ownsExecutor: options.executor === undefined,
  };
}
