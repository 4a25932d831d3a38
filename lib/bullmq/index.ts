/** What `loky/bullmq` gives: pools behind BullMQ workers, and an executor over many machines. */
export { BullMQExecutor } from './bullmq-executor.ts';
export type { RedisConnection } from './connection.ts';
export {
  JobLostError,
  RedisUnavailableError,
  SignatureError,
  UnknownTaskError,
  VersionSkewError,
} from './errors.ts';
export type { QueueBackend, QueueConnection } from './exchange.ts';
export type { BullMQExecutorOptions } from './executor-options.ts';
export { type JobInfo, jobInfo } from './job-info.ts';
export {
  type ObserveQueueOptions,
  type OldestJob,
  observeQueue,
  type QueueDepth,
  type QueueObserver,
  type QueueSnapshot,
} from './observe-queue.ts';
export { type PoolProcessor, type ProcessorOptions, processor } from './processor.ts';
export type { ProcessorJob } from './processor-job.ts';
export type { RemoteOutcome, RemoteStats } from './remote-stats.ts';
export type { ServeTasksOptions } from './serve-options.ts';
export { serveTasks, type TaskServer } from './serve-tasks.ts';
export type { JobCounts, MachineReport, ServerHealth, ServerStats } from './server-stats.ts';
export type { AllowFunctions } from './signing.ts';
export { type DefineTasksOptions, defineTasks, type TaskRegistry } from './task-registry.ts';
