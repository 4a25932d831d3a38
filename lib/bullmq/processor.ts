/**
 * A function for `new Worker(name, …)` of BullMQ that runs each job in a pool: in place of a sandboxed processor, which can
 * neither be killed, timed out nor recycled. BullMQ's own attempts and backoff decide what becomes of a job that fails.
 */
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Job, Worker } from 'bullmq';
import { CancelledError } from '../errors.ts';
import { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { Future } from '../futures/future.ts';
import { type ExecutorOptions, executorChecks } from '../options/executor-options.ts';
import * as check from '../system/check.ts';
import { runProcessorFile, runProcessorFunction } from './for-workers.ts';
import { type CallableRun, createJobCallServer } from './job-call-server.ts';
import { type PoolCall, poolCall } from './pool-calls.ts';
import { readReport, type SentJob } from './processor-job.ts';
import type { ProcessorTask } from './run-processor.ts';
import { checkExecutor } from './serve-options.ts';

/** The options of a pool (`memory`, `maxTasksPerWorker`, `maxWorkers`, …), or a pool, and the limit of a job. */
export interface ProcessorOptions
  extends Omit<
    ExecutorOptions,
    'taskTimeout' | 'onWorkerCrash' | 'crashRetries' | 'maxPending' | 'tasksPerWorker'
  > {
  /** Milliseconds that a job may run; then its worker is ended, with all its descendants, and it fails with `TimeoutError`. Default: none. */
  timeout?: number;
  /** A pool with `onWorkerCrash: 'isolate'` that others use as well; it is left to its owner. Default: one of its own, made from the other options. */
  executor?: ProcessPoolExecutor;
}

/** What `processor` returns: a processor of BullMQ, with its pool. */
export interface PoolProcessor<Data = unknown, Result = unknown> extends AsyncDisposable {
  (job: Job<Data, Result>, token?: string, signal?: AbortSignal): Promise<Result>;
  readonly executor: ProcessPoolExecutor;
  /** Ends the pool, unless it was given. To be called when the Worker is closed. */
  close(): Promise<void>;
}

/** An idle worker of a pool of its own goes after so many milliseconds: it may never be closed. */
const IDLE_TIMEOUT = 10_000;

const { taskTimeout, onWorkerCrash, crashRetries, maxPending, tasksPerWorker, ...poolChecks } =
  executorChecks;
const checks: Readonly<Record<keyof ProcessorOptions, check.Check>> = {
  ...poolChecks,
  timeout: check.timeLimit,
  executor: checkExecutor,
};

/** @throws TypeError, RangeError, Error */
export function processor(task: string | URL | ProcessorTask, options?: ProcessorOptions): PoolProcessor {
  const start = starterOf(task);
  const { timeout, executor: given, ...poolOptions } = check.checkOptions(options, checks, 'processor');
  const executor =
    given ?? new ProcessPoolExecutor({ idleTimeout: IDLE_TIMEOUT, ...poolOptions, onWorkerCrash: 'isolate' });
  const call = poolCall(executor, { name: nameOf(task), ...(timeout === undefined ? {} : { timeout }) });

  const watch = workerWatch();
  const calls = createJobCallServer();

  // The default leaves it with two parameters: BullMQ makes a signal for each job of a processor with three, a twentieth of what a
  // job costs the host. What the signal would say is heard from the Worker itself.
  const run = async (job: Job, token: string | undefined, signal: AbortSignal | undefined = undefined) => {
    const running: RunningJob = { job, future: undefined, cancelledFor: undefined };
    const address = calls.open(running);
    const forget = watch(job, running);
    try {
      const sent: SentJob = { job: snapshotOf(job), token, address };
      const future = start(call, JSON.stringify(sent));
      running.future = future;
      future.onProgress((value) => pass(job, value));
      if (signal !== undefined) cancelWhenAborted(running, signal);
      return await future;
    } catch (error) {
      throw running.cancelledFor === undefined ? error : cancelledBy(running.cancelledFor.reason);
    } finally {
      calls.end(address);
      forget();
      // The tables that a growing map leaves behind keep their entries until a full garbage collection.
      running.job = undefined;
      running.future = undefined;
    }
  };
  const close = async (): Promise<void> => {
    if (given === undefined) await executor.shutdown();
    calls.close();
  };
  return Object.assign(run, { executor, close, [Symbol.asyncDispose]: close }) as PoolProcessor;
}

/** Job and future are cleared at its end. */
interface RunningJob extends CallableRun {
  job: Job | undefined;
  future: Future<unknown> | undefined;
  /** Set if BullMQ has cancelled it. */
  cancelledFor: { readonly reason: unknown } | undefined;
}

type RunningJobs = Map<string, RunningJob>;

/**
 * Ends jobs that their Worker cancels (`cancelJob`, `cancelAllJobs`), and those whose lock is lost: BullMQ gives them to another
 * worker, or they are done. A job knows its Worker.
 */
function workerWatch(): (job: Job, running: RunningJob) => () => void {
  const jobsOf = new WeakMap<Worker, RunningJobs>();

  return (job, running) => {
    const id = String(job.id);
    const { queue: worker } = job as unknown as { queue: Worker | undefined };
    if (typeof worker?.on !== 'function') return () => {}; // a job of a test
    let jobs = jobsOf.get(worker);
    if (jobs === undefined) {
      jobs = new Map();
      jobsOf.set(worker, jobs);
      watchWorker(worker, jobs);
    }
    const known = jobs;
    known.set(id, running);
    return () => {
      if (known.get(id) === running) known.delete(id);
    };
  };
}

function watchWorker(worker: Worker, jobs: RunningJobs): void {
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const id of jobIds) jobs.get(id)?.future?.cancel({ kill: true });
  });
  const cancelOther = worker.cancelJob.bind(worker);
  worker.cancelJob = (id, reason) => {
    const running = jobs.get(id);
    return running === undefined ? cancelOther(id, reason) : cancel(running, reason);
  };
  const cancelOthers = worker.cancelAllJobs.bind(worker);
  worker.cancelAllJobs = (reason) => {
    for (const running of jobs.values()) cancel(running, reason);
    cancelOthers(reason);
  };
}

/** As BullMQ has it: `true` for a job that runs. */
function cancel(running: RunningJob, reason: unknown): boolean {
  running.cancelledFor ??= { reason };
  running.future?.cancel({ kill: true });
  return true;
}

type Start = (call: PoolCall, snapshot: string) => Future<unknown>;

function starterOf(task: string | URL | ProcessorTask): Start {
  if (typeof task === 'function') {
    return (call, snapshot) => call(runProcessorFunction, task, snapshot);
  }
  const url = urlOf(task);
  return (call, snapshot) => call(runProcessorFile, url, snapshot);
}

/** As BullMQ has it: relative to the current directory, and `.js` may be left out. */
function urlOf(task: string | URL): string {
  if (typeof task !== 'string' && !(task instanceof URL)) {
    throw new TypeError(`processor expects a file, its URL or a function, got ${check.describe(task)}`);
  }
  const path = task instanceof URL || task.startsWith('file:') ? fileURLToPath(task) : resolve(task);
  const file = [path, `${path}.js`].find((each) => existsSync(each));
  if (file === undefined) throw new Error(`processor expects a file, but there is none at ${path}`);
  return pathToFileURL(file).href;
}

function nameOf(task: unknown): string {
  return typeof task === 'function' ? task.name || '(anonymous)' : basename(String(task));
}

function snapshotOf(job: Job): SentJob['job'] {
  return {
    id: String(job.id),
    name: job.name,
    data: (job.data ?? {}) as unknown,
    queueName: job.queueName,
    queueQualifiedName: job.queueQualifiedName,
    prefix: job.prefix,
    progress: job.progress,
    attemptsMade: job.attemptsMade,
    attemptsStarted: job.attemptsStarted,
    stalledCounter: job.stalledCounter,
    timestamp: job.timestamp,
    processedOn: job.processedOn,
    delay: job.delay,
    priority: job.priority,
    opts: job.opts as Readonly<Record<string, unknown>>,
    parent: job.parent,
    parentKey: job.parentKey,
    repeatJobKey: job.repeatJobKey,
    deduplicationId: job.deduplicationId,
    failedReason: job.failedReason,
    stacktrace: job.stacktrace,
  };
}

/** If Redis refuses the report, BullMQ emits the error: the job continues. */
function pass(job: Job, value: unknown): void {
  const report = readReport(value);
  if (report !== undefined) job.updateProgress(report[1] as number).catch(() => {});
}

/** For a processor that is called by another one. The listener is collected with the signal, which belongs to the job. */
function cancelWhenAborted(running: RunningJob, signal: AbortSignal): void {
  const abort = (): void => void cancel(running, signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
}

function cancelledBy(reason: unknown): CancelledError {
  const said = reason === undefined ? '' : `: ${reason instanceof Error ? reason.message : String(reason)}`;
  return new CancelledError(`BullMQ aborted the job, and its worker was killed${said}`, { cause: reason });
}
