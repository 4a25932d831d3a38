/**
 * What `loky/bullmq` gives: pools behind BullMQ workers, and an executor over many machines. Light: modules of tasks import it
 * in every worker, which needs `defineTasks` and `jobInfo` alone; the rest is loaded when it is first called.
 */
import * as heavy from './heavy.ts';
import type { ObserveQueueOptions, QueueObserver } from './observe-queue.ts';
import type { PoolProcessor, ProcessorOptions } from './processor.ts';
import type { ProcessorJob } from './processor-job.ts';
import type { ServeTasksOptions } from './serve-options.ts';
import type { TaskServer } from './serve-tasks.ts';

/** Loaded when it is asked for. */
const later = (): typeof heavy => heavy;

export { BullMQExecutor } from './bullmq-executor.ts';
export type { RedisConnection } from './connection.ts';
export {
  JobLostError,
  PayloadStoreError,
  QueueUnavailableError,
  SignatureError,
  UnknownJobError,
  UnknownTaskError,
  VersionSkewError,
} from './errors.ts';
export type { QueueBackend, QueueConnection } from './exchange.ts';
export type { BullMQExecutorOptions } from './executor-options.ts';
export { type JobInfo, jobInfo } from './job-info.ts';
export type {
  ObserveQueueOptions,
  OldestJob,
  QueueDepth,
  QueueObserver,
  QueueSnapshot,
} from './observe-queue.ts';
export type { PayloadStore } from './payload-store.ts';
export type { PoolProcessor, ProcessorOptions } from './processor.ts';
export type { ProcessorJob } from './processor-job.ts';
export type { RemoteExecutor, RemoteTaskOptions, TaskOutput } from './remote-executor.ts';
export type { RemoteOutcome, RemoteStats } from './remote-stats.ts';
export type { ServeTasksOptions } from './serve-options.ts';
export type { TaskServer } from './serve-tasks.ts';
export type { JobCounts, MachineReport, ServerHealth, ServerStats } from './server-stats.ts';
export type { AllowFunctions } from './signing.ts';
export { type DefineTasksOptions, defineTasks, type TaskRegistry } from './task-registry.ts';

/**
 * Runs each job of a BullMQ Worker in a pool of processes:
 * `new Worker('resize', processor('./resize.js', { timeout: 30_000 }), { connection, concurrency: 4 })`.
 *
 * A job is killed with its descendants at its deadline, and when BullMQ aborts it (`worker.cancelJob`). If its worker process
 * dies, it fails with `TerminatedWorkerError`. The lock of the job is renewed by the host, which is never busy with it.
 *
 * @param task A file whose default export gets the job, relative to the current directory as BullMQ has it, or its URL; or
 * a function.
 * @throws TypeError, RangeError for options that are unknown, of the wrong type or out of range.
 * @throws Error if there is no such file.
 */
export function processor<Data = unknown, Result = unknown>(
  task:
    | string
    | URL
    | ((job: ProcessorJob<Data>, token?: string, signal?: AbortSignal) => Result | Promise<Result>),
  options?: ProcessorOptions,
): PoolProcessor<Data, Result> {
  return later().processor(task, options) as PoolProcessor<Data, Result>;
}

/**
 * Serves the tasks of a queue on this machine, as many jobs at once as the executor has workers. It keeps the process alive
 * until `close`, and continues by itself after an outage of Redis.
 *
 * @throws TypeError, RangeError for options that are missing, unknown, of the wrong type or out of range.
 */
export function serveTasks(options: ServeTasksOptions): TaskServer {
  return later().serveTasks(options);
}

/**
 * Looks at a queue and the machines that serve it: for a page, an alert, an autoscaler.
 *
 * @throws TypeError, RangeError for options that are missing, unknown, of the wrong type or out of range.
 */
export function observeQueue(options: ObserveQueueOptions): QueueObserver {
  return later().observeQueue(options);
}
