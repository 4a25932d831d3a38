/** Reads what became of jobs, for replies that got lost: from the outcomes kept for an executor, else from the jobs. */
import type { AwaitedJob, Exchange, JobFields } from './exchange.ts';
import { readOutcome } from './replies.ts';

export type JobState =
  | { readonly kind: 'value' | 'error'; readonly text: string }
  /** It failed, and only BullMQ's words for it are known. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** `machine` is the one that has begun it, if that is known. */
  | { readonly kind: 'running'; readonly machine: string | undefined }
  | { readonly kind: 'waiting' | 'missing' };

/** In the order of the jobs. @throws what the engine answers. */
export async function readJobs(
  exchange: Pick<Exchange, 'readJobs'>,
  jobs: readonly AwaitedJob[],
): Promise<JobState[]> {
  return (await exchange.readJobs(jobs)).map(jobStateOf);
}

function jobStateOf(fields: JobFields): JobState {
  const { outcome, problem, finishedOn, returnvalue: value, failedReason: reason, timestamp } = fields;
  if (outcome !== null) return readOutcome(outcome);
  // Its outcome is kept no more, or another machine has done it.
  if (problem !== undefined) return notOurs(problem);
  if (timestamp === null) return { kind: 'missing' };
  if (finishedOn === null) {
    return fields.isRunning
      ? { kind: 'running', machine: fields.processedBy ?? undefined }
      : { kind: 'waiting' };
  }
  // A job that was done in the end keeps the reason of its attempts before.
  if (value === null && reason !== null) return { kind: 'failed', reason };
  try {
    return { kind: 'value', text: value === null ? '' : String(JSON.parse(value)) };
  } catch {
    return notOurs('its result is not JSON');
  }
}

/** One job that another client has written to must not keep the others from being read. */
function notOurs(found: string): JobState {
  return {
    kind: 'failed',
    reason: `the outcome of the task cannot be read: ${found}, so another program wrote it`,
  };
}
