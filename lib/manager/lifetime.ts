/**
 * How long a pool lives: open, broken or closing, which callers wait for that or for its workers, and whether it keeps the host's
 * event loop alive.
 */
import { type BrokenProcessPool, ShutdownExecutorError } from '../errors.ts';
import { doNothing } from '../system/keep-alive.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearInterval, LONGEST_TIMER, setInterval } from '../system/timers.ts';
import { guardian } from '../watchdog/guardian.ts';
import { temporaryFilesRemoved } from '../watchdog/temporary-files.ts';
import type { Workers } from './workers.ts';

export class Lifetime {
  readonly #workers: Workers;
  /** Whether every task is settled. */
  readonly #isDrained: () => boolean;
  /** Keeps the host's event loop alive while it is referenced: all handles of workers are not. */
  #timer: NodeJS.Timeout | undefined;
  readonly #prewarming = new Prewarming();
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

  /** There is something to wait for: the host stays alive. */
  hold(): void {
    this.#timer ??= inRootContext(() => setInterval(doNothing, LONGEST_TIMER));
    this.#timer.ref();
  }

  /** To be called whenever a task may have been the last one. */
  checkDrained(): void {
    if (this.#isDrained()) this.drained();
  }

  /** Every task is settled. */
  drained(): void {
    if (this.#closed === undefined) {
      if (this.#awaited === 0) this.#timer?.unref();
    } else {
      this.#workers.closeIdle();
      this.workerGone();
    }
  }

  workerReady(): void {
    this.#prewarming.noteReady();
  }

  workerGone(): void {
    if (this.#closed === undefined || this.#workers.all.size > 0) return;
    if (!this.#isDrained()) return; // they wait for a worker that is started after a pause
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#prewarming.fail(
      new ShutdownExecutorError('The executor was shut down before its workers were ready.'),
    );
    void temporaryFilesRemoved()
      .then(() => guardian.ended())
      .then(this.#resolveClosed);
  }

  break(error: BrokenProcessPool): void {
    this.isOpen = false;
    this.#brokenBy = error;
    this.#prewarming.fail(error);
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
    this.#workers.provide(wanted);
    const { maxWorkers, readyCount } = this.#workers;
    const missing = Math.min(wanted, maxWorkers) - readyCount;
    if (missing <= 0) return Promise.resolve();
    return quietly(this.until(this.#prewarming.wait(missing + readyCount, missing)));
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

  get isPrewarming(): boolean {
    return this.#prewarming.isWaitedFor;
  }

  /** Callers of `prewarm` wait no longer. */
  failPrewarming(error: Error): void {
    this.#prewarming.fail(error);
  }

  /** Workers that died while they started are replaced for the callers of `prewarm` that waited for them. */
  replaceAwaited(): void {
    if (this.#prewarming.isWaitedFor) this.#workers.provide(this.#prewarming.wanted);
  }

  resized(): void {
    this.#prewarming.noteResize(this.#workers.maxWorkers, this.#workers.readyCount);
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

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /** The most workers that are still waited for. */
  get wanted(): number {
    return Math.max(0, ...this.#waiting.map(({ wanted }) => wanted));
  }

  wait(wanted: number, missing: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ wanted, missing, resolve, reject }));
  }

  noteReady(): void {
    for (const each of this.#waiting) each.missing -= 1;
    this.#resolveReady();
  }

  /** Of those that it waits for some may never come. */
  noteResize(maxWorkers: number, ready: number): void {
    for (const each of this.#waiting) {
      each.wanted = Math.min(each.wanted, maxWorkers);
      each.missing = Math.min(each.missing, each.wanted - ready);
    }
    this.#resolveReady();
  }

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
