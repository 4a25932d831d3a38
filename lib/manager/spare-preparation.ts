/**
 * Gets the functions that were called of late ready in the workers that wait in reserve: one that takes over for a
 * worker that died has loaded their modules by then.
 */
import type { Definition } from '../sending/common/payload.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { PoolWorker } from './worker.ts';

/** A spare worker loads the rest, of a pool that runs more functions than these, when it takes over. */
const FUNCTIONS = 8;
/** The shortest time between two preparations of spare workers, in milliseconds: a program may create new functions for each call. */
const PAUSE = 100;

export class SparePreparation {
  readonly #workers: ReadonlySet<PoolWorker>;
  /** In the order of their latest call, each by what a worker must know of it. */
  readonly #functions = new Set<readonly Definition[]>();
  /** Of the function that was called last. */
  latest: readonly Definition[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** A pool that was shut down still runs its tasks, but nothing stops a timer any more. */
  #isStopped = false;

  /** @param workers Those of the pool, whatever they do. */
  constructor(workers: ReadonlySet<PoolWorker>) {
    this.#workers = workers;
  }

  /** A function was called. */
  note(definitions: readonly Definition[]): void {
    if (definitions === this.latest || this.#isStopped) return;
    this.latest = definitions;
    const isNew = !this.#functions.delete(definitions);
    this.#functions.add(definitions);
    if (!isNew) return;
    if (this.#functions.size > FUNCTIONS) this.#functions.delete(firstOf(this.#functions));
    if (this.#timer !== undefined || this.#spares().length === 0) return; // one that joins later is prepared then
    this.#timer = inRootContext(() => setTimeout(() => this.#prepareSpares(), PAUSE).unref());
  }

  /** A worker has joined the reserve. */
  prepare(worker: PoolWorker): void {
    for (const definitions of this.#functions) worker.prepare(definitions);
  }

  /** The definition with this id is used no more. */
  forget(id: number): void {
    for (const definitions of this.#functions)
      if (definitions.some((definition) => definition.id === id)) this.#functions.delete(definitions);
    this.latest = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#functions.clear();
  }

  #prepareSpares(): void {
    this.#timer = undefined;
    for (const worker of this.#spares()) this.prepare(worker);
  }

  #spares(): PoolWorker[] {
    return [...this.#workers].filter(({ state }) => state === 'spare');
  }
}

function firstOf<T>(values: ReadonlySet<T>): T {
  const [first] = values;
  return first as T;
}
