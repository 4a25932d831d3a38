/** Takes jobs back that nobody waits for any more, wherever they are: in the queue, or running on some machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { withinTime } from './connection.ts';
import type { RemoteLink } from './remote-link.ts';

/** Between two tries a job may have moved on; each waits longer. */
const TRIES = 10;
/** Milliseconds. */
const STEP = 50;
/** Milliseconds until Redis is taken for one that does not answer. */
const PATIENCE = 3_000;

export async function withdraw(link: RemoteLink, jobId: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (!link.isReady) return; // it stays in the queue: nobody can be told
    let isOver = false;
    const tried = tryOnce(link, jobId).then((isRemoved) => {
      isOver = isRemoved;
    });
    if (!(await withinTime(tried, PATIENCE)) || isOver) return;
    await sleep(STEP * (attempt + 1));
  }
}

async function tryOnce(link: RemoteLink, jobId: string): Promise<boolean> {
  if ((await link.queue.remove(jobId)) === 1) return true;
  await link.order({ cancel: jobId });
  return false;
}
