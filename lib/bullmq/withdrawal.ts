/**
 * Withdraws jobs that are no longer awaited, wherever they are: in the queue, or running on a machine. While Redis cannot be
 * reached they are remembered, and withdrawn when it is back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { RemoteLink } from './remote-link.ts';
import { within } from './within.ts';

/** Between two tries a job may have moved on; each waits longer. */
const TRIES = 10;
/** Milliseconds. */
const STEP = 50;
/** Milliseconds until Redis is taken for one that does not answer. */
const PATIENCE = 3_000;

type Link = Pick<RemoteLink, 'isReady' | 'order' | 'queue'>;

export class Withdrawals {
  readonly #link: Link;
  readonly #retryDelay: number;
  readonly #onOver: (id: string, isRemoved: boolean) => void;
  /** `true` once a try has failed: a machine may have started the job since, and its lock may have expired. */
  readonly #isLate = new Map<string, boolean>();
  readonly #running = new Set<string>();
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param retryDelay Milliseconds until what Redis has refused is tried again.
   * @param onOver Called whenever a job was withdrawn, or all was done for it; `isRemoved` if it was taken out of the queue.
   */
  constructor(link: Link, retryDelay: number, onOver: (id: string, isRemoved: boolean) => void) {
    this.#link = link;
    this.#retryDelay = retryDelay;
    this.#onOver = onOver;
  }

  /** Jobs that may still run although they are no longer awaited. */
  get ids(): string[] {
    return [...this.#isLate.keys()];
  }

  get size(): number {
    return this.#isLate.size;
  }

  add(id: string): void {
    this.#isLate.set(id, !this.#link.isReady);
    this.#tryNow(id);
  }

  /** To be called when Redis is there again. */
  resume(): void {
    for (const id of this.ids) this.#tryNow(id);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#isLate.clear();
  }

  #tryNow(id: string): void {
    if (!this.#link.isReady || this.#running.has(id)) return;
    this.#running.add(id);
    void withdraw(this.#link, id, this.#isLate.get(id) === true).then((end) => {
      this.#running.delete(id);
      if (end !== 'unknown') {
        this.#isLate.delete(id);
        this.#onOver(id, end === 'removed');
      } else if (this.#isLate.has(id)) {
        this.#isLate.set(id, true);
        this.#retryLater();
      }
    });
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.resume();
    }, this.#retryDelay).unref();
  }
}

/**
 * - `removed`: it was taken out of the queue
 * - `ordered`: all was done that can be done: Redis has answered, and the machines have the order to end it
 * - `unknown`: Redis has not answered
 */
type WithdrawalEnd = 'removed' | 'ordered' | 'unknown';

async function withdraw(link: Link, jobId: string, isLate: boolean): Promise<WithdrawalEnd> {
  let mayRun = isLate;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (!link.isReady) return 'unknown';
    const isRemoved = await within(PATIENCE, tryOnce(link, jobId, mayRun), '').catch(() => undefined);
    if (isRemoved === undefined) return 'unknown';
    if (isRemoved) return 'removed';
    mayRun = true;
    await sleep(STEP * (attempt + 1));
  }
  return 'ordered';
}

/** Machines are notified of removed jobs as well: one whose lock has expired may still run the job. */
async function tryOnce(link: Link, jobId: string, mayRun: boolean): Promise<boolean> {
  if (mayRun) await link.order({ cancel: jobId });
  if ((await link.queue.remove(jobId)) === 1) return true;
  if (!mayRun) await link.order({ cancel: jobId });
  return false;
}
