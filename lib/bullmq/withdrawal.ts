/** Takes jobs back that nobody waits for any more, wherever they are: in the queue, or running on some machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RemoteLink } from './remote-link.ts';

/** Between two tries a job may have moved on; each waits longer. */
const TRIES = 10;
/** Milliseconds. */
const STEP = 50;

export async function withdraw(link: RemoteLink, jobId: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      if (!link.isReady) return; // it stays in the queue: nobody can be told
      if ((await link.queue.remove(jobId)) === 1) return;
      await link.order({ cancel: jobId });
    } catch {
      return;
    }
    await sleep(STEP * (attempt + 1));
  }
}
