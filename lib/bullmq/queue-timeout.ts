/** The limit for the time in the queue: its message, and how a job is removed that has not started. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError } from '../errors.ts';
import type { JobState } from './job-reader.ts';
import type { RemoteLink } from './remote-link.ts';
import type { RemoteTask } from './remote-task.ts';
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
 * - its jobState, if it is done
 */
export type TakenFromQueue = 'taken' | 'begun' | JobState;

type Link = Pick<RemoteLink, 'queue' | 'readJobs'>;

/**
 * Takes the job of a task out of the queue, if no machine has begun it.
 *
 * @returns what to ask. It waits for the answer of Redis however late that comes: until then it is not known who has the job.
 */
export function takingFromQueue(link: Link, task: RemoteTask): () => Promise<TakenFromQueue> {
  /** The job may be out of the queue: Redis was asked to remove it, and has not answered. */
  let mayBeTaken = false;
  return async () => {
    if (task.state === 'unsent') throw new Error('the job is on its way');
    const [before] = await link.readJobs([task]);
    if (before?.kind === 'missing') return mayBeTaken ? 'taken' : 'begun';
    if (before?.kind === 'running') return 'begun';
    if (before !== undefined && before.kind !== 'waiting') return before;
    mayBeTaken = true;
    mayBeTaken = (await link.queue.remove(task.id)) === 1;
    if (!mayBeTaken) return 'begun';
    await sleep(OUTCOME_DELAY); // a machine may have begun and done it since it was read
    const [after] = await link.readJobs([task]);
    return after?.kind === 'value' || after?.kind === 'error' ? after : 'taken';
  };
}
