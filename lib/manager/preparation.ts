/**
 * Functions that workers get ready before they are called for them: those that `prewarm` names, in every worker, those that are
 * there and each one that joins later; and those that were called of late, in the workers that wait in reserve, so that one
 * that takes over for a worker that died has loaded their modules by then. It starts no worker.
 */
import type { Definition } from '../sending/common/payload.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { PoolWorker } from './worker.ts';

/** A spare worker loads the rest, of a pool that runs more functions than these, when it takes over. */
const MOST_RECENT = 8;
/** The shortest time between two preparations of spare workers, in milliseconds: a program may create new functions for each call. */
const PAUSE = 100;

/** Each function is known by what a worker must know of it. */
type Functions = Set<readonly Definition[]>;

export class Preparation {
  readonly #workers: ReadonlySet<PoolWorker>;
  readonly #named: Functions = new Set();
  /** In the order of their latest call. */
  readonly #recent: Functions = new Set();
  /** Of the function that was called last. */
  latest: readonly Definition[] | undefined;
  #waiting: { readonly workers: readonly PoolWorker[]; resolve(): void }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** A pool that was shut down still runs its tasks, but nothing stops a timer any more. */
  #isStopped = false;

  /** @param workers Those of the pool, whatever they do. */
  constructor(workers: ReadonlySet<PoolWorker>) {
    this.#workers = workers;
  }

  /** Resolves when those workers that have nothing else to do have it ready, or have ended. */
  add(definitions: readonly Definition[]): Promise<void> {
    this.#named.add(definitions);
    const able = [...this.#workers].filter(({ state }) => /^(?:idle|spare|busy)$/.test(state));
    for (const worker of able) worker.prepare(definitions);
    return new Promise((resolve) => {
      this.#waiting.push({ workers: able.filter(({ state }) => state !== 'busy'), resolve });
      this.check();
    });
  }

  /** A worker has something ready, or has ended. */
  check(): void {
    if (this.#waiting.length === 0) return;
    const isDone = (worker: PoolWorker) => !worker.isPreparing || !this.#workers.has(worker);
    this.#waiting = this.#waiting.filter(({ workers, resolve }) => {
      const done = workers.every(isDone);
      if (done) resolve();
      return !done;
    });
  }

  /** A function was called. */
  note(definitions: readonly Definition[]): void {
    if (definitions === this.latest || this.#isStopped) return;
    this.latest = definitions;
    const isNew = !this.#recent.delete(definitions);
    this.#recent.add(definitions);
    if (!isNew) return;
    const [first] = this.#recent;
    if (first !== undefined && this.#recent.size > MOST_RECENT) this.#recent.delete(first);
    if (this.#timer !== undefined || this.#spares().length === 0) return; // one that joins later is prepared then
    this.#timer = inRootContext(() => setTimeout(() => this.#prepareSpares(), PAUSE).unref());
  }

  /** A worker has joined, or waits in reserve. */
  prepare(worker: PoolWorker): void {
    for (const definitions of this.#named) worker.prepare(definitions);
    if (worker.state === 'spare') for (const definitions of this.#recent) worker.prepare(definitions);
  }

  /** The definition with this id is used no more. */
  forget(id: number): void {
    for (const functions of [this.#named, this.#recent])
      for (const definitions of functions)
        if (definitions.some((definition) => definition.id === id)) functions.delete(definitions);
    this.latest = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#recent.clear();
  }

  #prepareSpares(): void {
    this.#timer = undefined;
    for (const worker of this.#spares()) this.prepare(worker);
  }

  #spares(): PoolWorker[] {
    return [...this.#workers].filter(({ state }) => state === 'spare');
  }
}
