/**
 * The job as a processor's task sees it in its worker process: a copy of its data, and the calls that go back to the host. The
 * contract is that of BullMQ's sandboxed processors.
 */
import type { DependenciesOpts, MoveToWaitingChildrenOpts } from 'bullmq';
import { reportProgress } from '../system/worker-link.ts';
import { callHost } from './job-call-client.ts';
import type { CallAddress, JobMethod } from './job-calls.ts';

/** What a task may know of its job. A copy: changing it changes nothing. */
interface JobSnapshot<Data = unknown> {
  readonly id: string;
  readonly name: string;
  readonly data: Data;
  readonly queueName: string;
  /** With the prefix. */
  readonly queueQualifiedName: string;
  readonly prefix: string;
  /** How often it has failed before. */
  readonly attemptsMade: number;
  /** From 1 on; grows with every start. */
  readonly attemptsStarted: number;
  readonly stalledCounter: number;
  /** In milliseconds since 1970. */
  readonly timestamp: number;
  readonly processedOn: number | undefined;
  readonly delay: number;
  readonly priority: number;
  readonly opts: Readonly<Record<string, unknown>>;
  readonly parent: { readonly id?: string; readonly queueKey?: string } | undefined;
  readonly parentKey: string | undefined;
  readonly repeatJobKey: string | undefined;
  readonly deduplicationId: string | undefined;
  /** Of the attempts before. */
  readonly failedReason: string | undefined;
  readonly stacktrace: readonly string[] | null;
}

/** The job that the task of a `processor` gets. Its methods are BullMQ's own, called on the host's job. */
export interface ProcessorJob<Data = unknown> extends JobSnapshot<Data> {
  /** As last set. */
  progress: unknown;
  /** Resolves when it is on its way to the host. It travels as `reportProgress` does: of a flood only the latest ones arrive. */
  updateProgress(progress: number | string | boolean | object): Promise<void>;
  /** Gives the number of rows. */
  log(row: string): Promise<number>;
  updateData(data: Data): Promise<void>;
  /** To be followed by a `DelayedError` of BullMQ. `token` is the job's own if it is left out. */
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
  /** To be followed by a `WaitingError` of BullMQ. */
  moveToWait(token?: string): Promise<void>;
  /** If it gives `true`, to be followed by a `WaitingChildrenError` of BullMQ. */
  moveToWaitingChildren(token?: string, opts?: MoveToWaitingChildrenOpts): Promise<boolean>;
  getChildrenValues<Value = unknown>(): Promise<Record<string, Value>>;
  getIgnoredChildrenFailures(): Promise<Record<string, string>>;
  getDependencies(opts?: DependenciesOpts): Promise<{
    processed?: Record<string, unknown>;
    unprocessed?: string[];
    ignored?: Record<string, unknown>;
    failed?: string[];
    nextProcessedCursor?: number;
    nextUnprocessedCursor?: number;
    nextIgnoredCursor?: number;
    nextFailedCursor?: number;
  }>;
  getDependenciesCount(opts?: {
    processed?: boolean;
    unprocessed?: boolean;
    ignored?: boolean;
    failed?: boolean;
  }): Promise<{ processed?: number; unprocessed?: number; ignored?: number; failed?: number }>;
}

/** What the host sends for a run: one string, as JSON. */
export interface SentJob {
  readonly job: JobSnapshot & { readonly progress: unknown };
  readonly token: string | undefined;
  readonly address: CallAddress;
}

interface WorkerJob {
  readonly job: ProcessorJob;
  /** Resolves when the host has answered all that was called, also what the task did not wait for. */
  settled(): Promise<void> | undefined;
}

/** What a running task reports, apart from what it reports to its program itself. */
type ProgressReport = readonly ['loky:progress', unknown];

export function jobInWorker({ job: snapshot, token: own, address }: SentJob): WorkerJob {
  const pending = new Set<Promise<unknown>>();

  function call(method: JobMethod, ...args: unknown[]): Promise<never> {
    // JSON would make `null` of what is left out.
    const given = args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
    const answer = callHost(address, method, given);
    const forget = (): void => {
      pending.delete(answer);
    };
    answer.then(forget, forget); // a caller that awaits it gets the failure
    pending.add(answer);
    return answer as Promise<never>;
  }

  // Not a literal that spreads the copy: V8 makes a hidden class for each one that also has methods, at ten times the cost.
  const job: ProcessorJob = Object.assign(snapshot, {
    async updateProgress(progress) {
      job.progress = progress;
      reportProgress(['loky:progress', progress] satisfies ProgressReport);
    },
    log: (row) => call('log', String(row)),
    async updateData(data) {
      await call('updateData', data);
      (job as { data: unknown }).data = data;
    },
    moveToDelayed: (timestamp, token = own) => call('moveToDelayed', timestamp, token),
    moveToWait: (token = own) => call('moveToWait', token),
    moveToWaitingChildren: (token = own, opts) => call('moveToWaitingChildren', token, opts),
    getChildrenValues: () => call('getChildrenValues'),
    getIgnoredChildrenFailures: () => call('getIgnoredChildrenFailures'),
    getDependencies: (opts) => call('getDependencies', opts),
    getDependenciesCount: (opts) => call('getDependenciesCount', opts),
  } satisfies Omit<ProcessorJob, keyof JobSnapshot | 'progress'>);
  return {
    job,
    settled: () => (pending.size === 0 ? undefined : Promise.allSettled(pending).then(() => {})),
  };
}

export function readReport(value: unknown): ProgressReport | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  return value[0] === 'loky:progress' ? (value as unknown as ProgressReport) : undefined;
}
