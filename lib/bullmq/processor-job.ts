/**
 * The job as a processor's task sees it in its worker process: a copy of its data, and the calls that go back to the host.
 * Knows nothing of Redis.
 */
import { reportProgress } from '../system/report-progress.ts';

/** What a task may know of its job. A copy: changing it changes nothing. */
export interface JobSnapshot<Data = unknown> {
  readonly id: string;
  readonly name: string;
  readonly data: Data;
  readonly queueName: string;
  readonly prefix: string;
  /** How often it has failed before. */
  readonly attemptsMade: number;
  /** From 1 on; grows with every start. */
  readonly attemptsStarted: number;
  readonly stalledCounter: number;
  /** In milliseconds since 1970. */
  readonly timestamp: number;
  readonly processedOn: number | undefined;
  readonly opts: Readonly<Record<string, unknown>>;
  readonly parentKey: string | undefined;
}

/** The job that the task of a `processor` gets. */
export interface ProcessorJob<Data = unknown> extends JobSnapshot<Data> {
  /** As last set by this run. */
  progress: unknown;
  /**
   * As BullMQ's `job.updateProgress`. Resolves when it is on its way to the host. It travels as `reportProgress` does: of a
   * flood only the latest ones arrive.
   */
  updateProgress(progress: number | string | boolean | object): Promise<void>;
  /** As BullMQ's `job.log`. Resolves when it is on its way to the host, likewise. */
  log(row: string): Promise<void>;
}

/** What a running task says. */
export type Saying = readonly ['loky:progress', unknown] | readonly ['loky:log', string];

export function jobInWorker(snapshot: JobSnapshot): ProcessorJob {
  const job: ProcessorJob = {
    ...snapshot,
    progress: 0,
    async updateProgress(progress) {
      job.progress = progress;
      reportProgress(['loky:progress', progress] satisfies Saying);
    },
    async log(row) {
      reportProgress(['loky:log', String(row)] satisfies Saying);
    },
  };
  return job;
}

export function asSaying(value: unknown): Saying | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  return value[0] === 'loky:progress' || value[0] === 'loky:log' ? (value as unknown as Saying) : undefined;
}
