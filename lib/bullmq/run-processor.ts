/** What runs in a worker process for a `processor`: imports its file once, and calls it with each job. */
import { whileLoading } from '../system/loading.ts';
import { setJobInfo } from './job-info.ts';
import { type JobSnapshot, jobInWorker, type ProcessorJob } from './processor-job.ts';

/** What a processor's file exports, or what `processor` was given. */
export type ProcessorTask = (job: ProcessorJob<never>) => unknown;

const tasks = new Map<string, ProcessorTask>();

/** @param written The snapshot as JSON, which a job is anyway: as one string it costs the host a third. */
export function runProcessorFile(url: string, written: string): unknown {
  const snapshot = JSON.parse(written) as JobSnapshot;
  const task = tasks.get(url);
  return task === undefined ? importTask(url).then((found) => run(found, snapshot)) : run(task, snapshot);
}

export function runProcessorFunction(task: ProcessorTask, written: string): unknown {
  return run(task, JSON.parse(written) as JobSnapshot);
}

function run(task: ProcessorTask, snapshot: JobSnapshot): unknown {
  // Not taken back at the end: the next job of this process sets its own.
  setJobInfo({ id: snapshot.id, attempt: snapshot.attemptsStarted, queue: snapshot.queueName });
  return task(jobInWorker(snapshot) as ProcessorJob<never>);
}

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
