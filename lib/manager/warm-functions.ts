/**
 * Functions that every worker is to have ready before it is called for them: those that are there, and each one that joins
 * later. It starts no worker.
 */
import type { Definition } from '../sending/common/payload.ts';
import { createKeepAlive } from '../system/keep-alive.ts';
import type { PoolWorker } from './worker.ts';

export class WarmFunctions {
  readonly #workers: ReadonlySet<PoolWorker>;
  readonly #functions = new Set<readonly Definition[]>();
  readonly #keepAlive = createKeepAlive();
  #waiting: { readonly workers: readonly PoolWorker[]; resolve(): void }[] = [];

  /** @param workers Those of the pool, whatever they do. */
  constructor(workers: ReadonlySet<PoolWorker>) {
    this.#workers = workers;
  }

  /** Resolves when those workers that have nothing else to do have it ready, or have ended. */
  add(definitions: readonly Definition[]): Promise<void> {
    this.#functions.add(definitions);
    const able = [...this.#workers].filter(({ state }) => /^(?:idle|spare|busy)$/.test(state));
    for (const worker of able) worker.prepare(definitions);
    return new Promise((resolve) => {
      this.#keepAlive.hold();
      this.#waiting.push({ workers: able.filter(({ state }) => state !== 'busy'), resolve });
      this.check();
    });
  }

  /** A worker has joined. */
  prepare(worker: PoolWorker): void {
    for (const definitions of this.#functions) worker.prepare(definitions);
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
    if (this.#waiting.length === 0) this.#keepAlive.close();
  }

  /** The definition with this id is used no more. */
  forget(id: number): void {
    for (const definitions of this.#functions)
      if (definitions.some((definition) => definition.id === id)) this.#functions.delete(definitions);
  }
}
