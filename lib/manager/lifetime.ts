/**
 * How long a pool lives: open, broken or closing, which callers wait for that or for its workers, and whether it keeps the host's
 * event loop alive.
 */
import { type BrokenProcessPool, ShutdownExecutorError } from '../errors.ts';
import { KeepAlive } from '../system/keep-alive.ts';
import { guardian } from '../watchdog/guardian.ts';
import { temporaryFilesRemoved } from '../watchdog/temporary-files.ts';
import type { Workers } from './workers.ts';

export class Lifetime {
  readonly #workers: Workers;
  /** Whether every task is settled. */
  readonly #isDrained: () => boolean;
  /** Held while there is something to wait for. */
  readonly #keepAlive = new KeepAlive();
  readonly prewarming: Prewarming;
  /** Callers that wait for something of the workers. */
  #awaited = 0;
  /** Whether it takes tasks. */
  isOpen = true;
  #brokenBy: BrokenProcessPool | undefined;
  /** The one promise of the end: every shutdown waits for the same. */
  #closed: Promise<void> | undefined;
  #resolveClosed = () => {};

  constructor(workers: Workers, isDrained: () => boolean) {
    this.#workers = workers;
    this.prewarming = new Prewarming(workers);
    this.#isDrained = isDrained;
  }

  get brokenBy(): BrokenProcessPool | undefined {
    return this.#brokenBy;
  }

  /** With what it refuses tasks. Being broken wins over being shut down. */
  get refusal(): BrokenProcessPool | ShutdownExecutorError | undefined {
    if (this.#brokenBy !== undefined || this.#closed === undefined) return this.#brokenBy;
    return new ShutdownExecutorError('cannot schedule new futures after shutdown');
  }

  // Each of a task's functions and files counts (`__tests__/manager/call-budget.test.ts`): the timer is held and released here.

  /** There is something to wait for: the host stays alive. */
  hold(): void {
    const { timer } = this.#keepAlive;
    if (timer === undefined) this.#keepAlive.hold();
    else timer.ref();
  }

  /** To be called whenever a task may have been the last one. */
  checkDrained(): void {
    if (this.#isDrained()) this.drained();
  }

  /** Every task is settled. */
  drained(): void {
    if (this.#closed === undefined) {
      if (this.#awaited === 0) this.#keepAlive.timer?.unref();
    } else {
      this.#workers.closeIdle();
      this.workerGone();
    }
  }

  workerGone(): void {
    if (this.#closed === undefined || this.#workers.all.size > 0) return;
    if (!this.#isDrained()) return; // they wait for a worker that is started after a pause
    this.#keepAlive.close();
    this.prewarming.fail(
      new ShutdownExecutorError('The executor was shut down before its workers were ready.'),
    );
    void temporaryFilesRemoved()
      .then(() => guardian.ended())
      .then(this.#resolveClosed);
  }

  break(error: BrokenProcessPool): void {
    this.isOpen = false;
    this.#brokenBy = error;
    this.prewarming.fail(error);
  }

  /** Resolves when no worker and nothing that it had started is left. */
  close(): Promise<void> {
    this.isOpen = false;
    this.hold();
    this.#closed ??= new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    return this.#closed;
  }

  prewarm(wanted: number): Promise<void> {
    if (!this.isOpen) return quietly(Promise.reject(this.refusal));
    const ready = this.prewarming.until(wanted);
    return ready === undefined ? Promise.resolve() : quietly(this.until(ready));
  }

  /** The same, and the host stays alive until then. */
  async until<T>(promise: Promise<T>): Promise<T> {
    this.#awaited += 1;
    this.hold();
    try {
      return await promise;
    } finally {
      this.#awaited -= 1;
      this.checkDrained();
    }
  }
}

interface Waiting {
  wanted: number;
  /** So many more must get ready. One that was ready and has left since, idle for too long, counts. */
  missing: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Callers that wait for workers to be ready. */
class Prewarming {
  #waiting: Waiting[] = [];
  readonly #workers: Workers;

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /** `undefined` if they are ready already. */
  until(wanted: number): Promise<void> | undefined {
    this.#workers.provide(wanted);
    const { maxWorkers, readyCount } = this.#workers;
    const possible = Math.min(wanted, maxWorkers);
    if (readyCount >= possible) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wanted: possible, missing: possible - readyCount, resolve, reject });
    });
  }

  /** Workers that died while they started are replaced for the callers that waited for them. */
  replace(): void {
    if (this.isWaitedFor) this.#workers.provide(Math.max(...this.#waiting.map(({ wanted }) => wanted)));
  }

  noteReady(): void {
    for (const each of this.#waiting) each.missing -= 1;
    this.#resolveReady();
  }

  /** Of those that it waits for some may never come. */
  noteResize(): void {
    const { maxWorkers, readyCount } = this.#workers;
    for (const each of this.#waiting) {
      each.wanted = Math.min(each.wanted, maxWorkers);
      each.missing = Math.min(each.missing, each.wanted - readyCount);
    }
    this.#resolveReady();
  }

  /** They wait no longer. */
  fail(error: Error): void {
    for (const each of this.#waiting) each.reject(error);
    this.#waiting = [];
  }

  #resolveReady(): void {
    for (const each of this.#waiting) if (each.missing <= 0) each.resolve();
    this.#waiting = this.#waiting.filter(({ missing }) => missing > 0);
  }
}

/** A caller that waits sees how it failed; a prewarm that is not waited for may fail silently. */
export function quietly(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
