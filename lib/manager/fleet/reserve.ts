/**
 * The workers that are started before anybody needs them: spare ones, and the replacements of those that go soon. It
 * says whom to start and who joins the others; the fleet does it.
 */
import { setImmediate } from '../../system/timers.ts';
import type { PoolWorker, WorkerStartReason } from './pool-worker.ts';
import { countWorkers, findWorker, type Workers } from './worker-set.ts';

export interface ReserveOptions {
  /** All of the pool, whatever they do. */
  readonly workers: Workers;
  readonly spareWorkers: number;
  /** Whether spare workers may be started at this time. */
  readonly mayFill: () => boolean;
  readonly start: (reason: WorkerStartReason) => void;
}

export class Reserve {
  readonly #options: ReserveOptions;
  #isKept = false;
  #isFilling = false;

  constructor(options: ReserveOptions) {
    this.#options = options;
  }

  /** From the first worker that is wanted to the end of the pool. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Starting a process takes some milliseconds: whoever has just lost a worker has its next task sent by then. */
  keepFull(): void {
    this.#isKept = true;
    if (this.#options.spareWorkers === 0 || this.#isFilling) return;
    this.#isFilling = true;
    setImmediate(() => {
      this.#isFilling = false;
      this.#fill();
    });
  }

  #fill(): void {
    const { spareWorkers, mayFill, start } = this.#options;
    if (!this.#isKept || !mayFill()) return;
    for (let left = spareWorkers - this.#size; left > 0; left -= 1) start('reserve');
  }

  abandon(): void {
    this.#isKept = false;
  }

  /** It is going to be replaced soon: its replacement boots in the meantime. */
  prepareReplacement(worker: PoolWorker): void {
    if (worker.hasReplacement || !this.#isKept) return;
    worker.hasReplacement = true;
    this.#options.start('replacement');
  }

  /** Who joins the others: one that is ready, or one that is going to be. */
  take(): PoolWorker | undefined {
    const { workers } = this.#options;
    const taken =
      findWorker(workers, ({ state }) => state === 'spare') ??
      findWorker(workers, ({ reserve, isStarting }) => reserve && isStarting);
    if (taken !== undefined) taken.reserve = false;
    return taken;
  }

  /** It was quicker than one that is awaited: that one joins the reserve in its place. */
  jumpQueue(worker: PoolWorker): void {
    const awaited = findWorker(this.#options.workers, ({ reserve, isStarting }) => isStarting && !reserve);
    if (awaited === undefined) return;
    awaited.reserve = true;
    worker.reserve = false;
  }

  /** A replacement whose predecessor died first is one more than is kept. */
  get hasSurplus(): boolean {
    const { workers, spareWorkers } = this.#options;
    if (!this.#isKept) return false;
    const promised = countWorkers(workers, ({ hasReplacement, isActive }) => hasReplacement && isActive);
    return this.#size > spareWorkers + promised;
  }

  get #size(): number {
    const isSpare = ({ reserve, isStarting, state }: PoolWorker) =>
      reserve && (isStarting || state === 'spare');
    return countWorkers(this.#options.workers, isSpare);
  }
}
