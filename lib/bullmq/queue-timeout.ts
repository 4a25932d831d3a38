/** The limit for the time in the queue: its message, and how a job is removed that has not started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../errors.ts';
import type { JobState } from './job-reader.ts';
import type { RemoteLink } from './remote-link.ts';
import type { JobData } from './wire.ts';

/** Milliseconds in which the outcome of a job that was done at this very moment is written. */
const OUTCOME_DELAY = 100;

/** @param limit Milliseconds; `undefined` on a machine, which does not know it. */
export function queueTimeoutError(id: string, limit: number | undefined): TimeoutError {
  const bound = limit === undefined ? 'its queueTimeout allows' : `its queueTimeout of ${limit} ms allows`;
  return new TimeoutError(
    `The task (job ${id}) waited longer in the queue than ${bound}. It did not start, and never will: it has not failed, ` +
      'and its running time (timeout) has nothing to do with it. Start more workers, or allow a longer wait.',
  );
}

/** Whether a machine must not begin a job any more. One that had begun and waits again is no longer bound. */
export function isOverdue(
  { startBy, hasBegun }: Partial<JobData>,
  job: { readonly attemptsMade: number; readonly stalledCounter: number },
  now: number,
): boolean {
  if (typeof startBy !== 'number' || now <= startBy) return false;
  return hasBegun !== true && job.attemptsMade === 0 && job.stalledCounter === 0;
}

/**
 * - `taken`: it is out of the queue, and no machine had begun it
 * - `begun`: a machine has it, or it is gone
 * - `unknown`: Redis has not answered
 * - its jobState, if it is done
 */
type TakenFromQueue = 'taken' | 'begun' | 'unknown' | JobState;

type Link = Pick<RemoteLink, 'queue' | 'readJobs'>;

/** What is known of the tries to take one job. */
export interface TakeAttempts {
  /** The job may be out of the queue: Redis was asked to remove it, and has not answered. */
  mayBeTaken: boolean;
}

/** Never rejects. Waits for the answer of Redis however late it comes: until then it is not known who has the job. */
export async function takeFromQueue(link: Link, id: string, attempts: TakeAttempts): Promise<TakenFromQueue> {
  try {
    return await tryToTake(link, id, attempts);
  } catch {
    return 'unknown';
  }
}

async function tryToTake(link: Link, id: string, attempts: TakeAttempts): Promise<TakenFromQueue> {
  const [before] = await link.readJobs([id]);
  if (before?.kind === 'missing') return attempts.mayBeTaken ? 'taken' : 'begun';
  if (before?.kind === 'running') return 'begun';
  if (before !== undefined && before.kind !== 'waiting') return before;
  attempts.mayBeTaken = true;
  const isRemoved = (await link.queue.remove(id)) === 1;
  attempts.mayBeTaken = isRemoved;
  if (!isRemoved) return 'begun';
  await sleep(OUTCOME_DELAY); // a machine may have begun and done it since it was read
  const [after] = await link.readJobs([id]);
  return after?.kind === 'value' || after?.kind === 'error' ? after : 'taken';
}
