/**
 * `executor.recycle()`: the workers that are there are replaced in turn. The successor of each is started and initialized
 * before it is asked to leave, and one successor starts at a time.
 */
import type { Lifetime } from './lifetime.ts';
import type { PoolWorker } from './worker.ts';
import type { Workers } from './workers.ts';

export class Recycling {
  readonly #workers: Workers;
  readonly #lifetime: Lifetime;
  readonly #retire: (worker: PoolWorker) => void;
  /** Those that are still to be asked to leave, in their turn. */
  readonly #old = new Set<PoolWorker>();
  /** Starts, or is ready, for the first one of them. */
  #successor: PoolWorker | undefined;
  #isAdvancing = false;

  /** @param retire Has the worker leave when it has finished what it runs. */
  constructor(workers: Workers, lifetime: Lifetime, retire: (worker: PoolWorker) => void) {
    this.#workers = workers;
    this.#lifetime = lifetime;
    this.#retire = retire;
  }

  /** Resolves when all workers of this moment are gone. @throws BrokenProcessPool if the pool is broken by then. */
  async begin(): Promise<void> {
    // The reserve comes last: until then it may step in.
    const inTurn = [...this.#workers.all].sort((a, b) => Number(a.reserve) - Number(b.reserve));
    for (const worker of inTurn) this.#old.add(worker);
    this.advance();
    await Promise.all(inTurn.map(({ gone }) => gone));
    if (this.#lifetime.brokenBy !== undefined) throw this.#lifetime.brokenBy;
  }

  /** To be called whenever a worker has become ready or has ended, or workers can be started again. */
  advance(): void {
    if (this.#old.size === 0 || this.#isAdvancing) return;
    this.#isAdvancing = true; // listeners are called with each step, and may ask for more
    while (this.#lifetime.isOpen && this.#step()); // else all workers leave anyway
    this.#isAdvancing = false;
  }

  /** `false` if there is something to wait for. */
  #step(): boolean {
    for (const worker of this.#old) if (isLeaving(worker)) this.#old.delete(worker);
    const [worker] = this.#old;
    if (worker === undefined) return false;
    const successor = this.#successorOf(worker);
    if (successor === undefined || successor.isStarting) return false;
    this.#successor = undefined;
    this.#old.delete(worker);
    this.#retire(worker);
    return true;
  }

  /** Another one if the first has died, or has left with a pool that became smaller. */
  #successorOf(worker: PoolWorker): PoolWorker | undefined {
    if (this.#successor === undefined || isLeaving(this.#successor))
      this.#successor = this.#workers.startSuccessor(worker);
    return this.#successor;
  }
}

function isLeaving({ state, isRetiring, isDying }: PoolWorker): boolean {
  return isRetiring || isDying || state === 'leaving' || state === 'killed' || state === 'gone';
}
