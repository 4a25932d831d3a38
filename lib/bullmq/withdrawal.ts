/** Withdraws a job that is no longer awaited, wherever it is: in the queue, or running on a machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RemoteLink } from './remote-link.ts';
import { within } from './within.ts';

/** Between two tries a job may have moved on; each waits longer. */
const TRIES = 10;
/** Milliseconds. */
const STEP = 50;
/** Milliseconds until Redis is taken for one that does not answer. */
const PATIENCE = 3_000;

type Link = Pick<RemoteLink, 'isReady' | 'order' | 'queue'>;

/**
 * @returns what to ask. Its answer is `true` if the job was taken out of the queue, and `false` if all was done that can be done: the machines
 * have the order to end it.
 */
export function withdrawal(link: Link, jobId: string): () => Promise<boolean> {
  /** Once a try has failed, a machine may have started the job since, and its lock may have expired. */
  let mayRun = !link.isReady;
  return async () => {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const removing = tryOnce(link, jobId, mayRun);
      mayRun = true;
      if (await within(PATIENCE, removing, '')) return true;
      await sleep(STEP * attempt);
      if (!link.isReady) throw new Error('the engine is away');
    }
    return false;
  };
}

/** Machines are notified of removed jobs as well: one whose lock has expired may still run the job. */
async function tryOnce(link: Link, jobId: string, mayRun: boolean): Promise<boolean> {
  if (mayRun) await link.order({ cancel: jobId });
  if ((await link.queue.remove(jobId)) === 1) return true;
  if (!mayRun) await link.order({ cancel: jobId });
  return false;
}
