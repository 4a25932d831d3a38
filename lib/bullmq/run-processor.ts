/** What runs in a worker process for a `processor`: imports its file once, and calls it with each job. */
import { whileLoading } from '../system/worker-link.ts';
import { setJobInfo } from './job-info.ts';
import { jobInWorker, type ProcessorJob, type SentJob } from './processor-job.ts';

/** What a processor's file exports, or what `processor` was given. */
export type ProcessorTask = (job: ProcessorJob<never>, token?: string, signal?: AbortSignal) => unknown;

const tasks = new Map<string, ProcessorTask>();

/** @param written A `SentJob` as JSON, which a job is anyway: as one string it costs the host a third. */
export async function runProcessorFile(url: string, written: string): Promise<unknown> {
  return run(tasks.get(url) ?? (await importTask(url)), JSON.parse(written) as SentJob);
}

export function runProcessorFunction(task: ProcessorTask, written: string): Promise<unknown> {
  return run(task, JSON.parse(written) as SentJob);
}

async function run(task: ProcessorTask, sent: SentJob): Promise<unknown> {
  const { id, attemptsStarted, queueName } = sent.job;
  // Not reset at the end: the next job of this process sets its own.
  setJobInfo({ id, attempt: attemptsStarted, queue: queueName });
  const { job, settled } = jobInWorker(sent);
  // It never aborts: a job that BullMQ aborts is killed with its process. It is created only for a processor that declares the parameter.
  const signal = task.length > 2 ? new AbortController().signal : undefined;
  try {
    return await task(job as ProcessorJob<never>, sent.token, signal);
  } catch (error) {
    throw hasMessage(error) ? error : new Error(String(error)); // BullMQ shows the message of what is thrown
  } finally {
    await settled();
  }
}

const hasMessage = (error: unknown): boolean =>
  Boolean((error as Partial<Error> | null | undefined)?.message);

async function importTask(url: string): Promise<ProcessorTask> {
  const module = (await whileLoading(url, () => import(url))) as { default?: unknown };
  const inner = (module.default as { default?: unknown } | undefined)?.default;
  const task = typeof module.default === 'function' ? module.default : inner; // compiled to CommonJS
  if (typeof task !== 'function') {
    throw new TypeError(
      `${url} must export a function as its default, which gets the job, but it exports ${typeof task}`,
    );
  }
  tasks.set(url, task as ProcessorTask);
  return task as ProcessorTask;
}
