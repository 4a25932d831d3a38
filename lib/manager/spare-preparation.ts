/**
 * Gets the functions that were called of late ready in the workers that wait in reserve: whoever takes over for a
 * worker that died has loaded their modules by then. It knows no queue and starts nobody.
 */
import type { Definition } from '../sending/index.ts';
import type { PoolWorker } from './pool-worker.ts';

/** A spare worker loads the rest, of a pool that runs more functions than these, when it takes over. */
const FUNCTIONS = 8;
/** A program that makes its functions anew for each call disturbs the reserve so often at most, in milliseconds. */
const PAUSE = 100;

export class SparePreparation {
  readonly #workers: ReadonlySet<PoolWorker>;
  /** In the order of their latest call, each by what a worker must know of it. */
  readonly #functions = new Set<readonly Definition[]>();
  #latest: readonly Definition[] | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param workers Those of the pool, whatever they do. */
  constructor(workers: ReadonlySet<PoolWorker>) {
    this.#workers = workers;
  }

  /** A function was called. */
  note(definitions: readonly Definition[]): void {
    if (definitions === this.#latest) return;
    this.#latest = definitions;
    const isNew = !this.#functions.delete(definitions);
    this.#functions.add(definitions);
    if (!isNew) return;
    if (this.#functions.size > FUNCTIONS) this.#functions.delete(firstOf(this.#functions));
    this.#timer ??= setTimeout(() => this.#prepareAll(), PAUSE).unref();
  }

  /** A worker has joined the reserve. */
  prepare(worker: PoolWorker): void {
    for (const definitions of this.#functions) worker.prepare(definitions);
  }

  /** The definition with this id is used no more. */
  forget(id: number): void {
    for (const definitions of this.#functions)
      if (definitions.some((definition) => definition.id === id)) this.#functions.delete(definitions);
    this.#latest = undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#functions.clear();
  }

  #prepareAll(): void {
    this.#timer = undefined;
    for (const worker of this.#workers) if (worker.state === 'spare') this.prepare(worker);
  }
}

function firstOf<T>(values: ReadonlySet<T>): T {
  const [first] = values;
  return first as T;
}
