/**
 * How long a pool lives: open, broken or closing, who waits for that, and whether it keeps the host's event loop
 * alive. It settles no task; the manager tells it what has become of them.
 */
import { type BrokenProcessPool, ShutdownExecutorError } from '../errors.ts';
import { createKeepAlive } from '../system/keep-alive.ts';
import { guardian } from '../watchdog/guardian.ts';
import { temporaryFilesRemoved } from '../watchdog/temporary-files.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { Fleet } from './fleet/fleet.ts';
import { Prewarming, quietly } from './prewarming.ts';

export class Lifetime {
  readonly #fleet: Fleet;
  readonly #tasks: Pick<Dispatcher, 'isEmpty'>;
  readonly #keepAlive = createKeepAlive();
  readonly #prewarming = new Prewarming();
  /** Whether it takes tasks. */
  isOpen = true;
  #brokenBy: BrokenProcessPool | undefined;
  /** The one promise of the end: every shutdown waits for the same. */
  #closed: Promise<void> | undefined;
  #resolveClosed = () => {};

  constructor(fleet: Fleet, tasks: Pick<Dispatcher, 'isEmpty'>) {
    this.#fleet = fleet;
    this.#tasks = tasks;
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
    this.#keepAlive.hold();
  }

  /** To be called whenever a task may have been the last one. */
  checkDrained(): void {
    if (!this.#tasks.isEmpty) return;
    if (this.#closed === undefined) {
      if (!this.#prewarming.isWaitedFor) this.#keepAlive.release();
    } else {
      this.#fleet.closeIdle();
      this.workerGone();
    }
  }

  workerReady(): void {
    this.#prewarming.noteReady();
  }

  workerGone(): void {
    if (this.#closed === undefined || this.#fleet.workers.size > 0) return;
    if (!this.#tasks.isEmpty) return; // they wait for a worker that is started after a pause
    this.#keepAlive.close();
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
    this.#keepAlive.hold();
    this.#closed ??= new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    return this.#closed;
  }

  prewarm(wanted: number): Promise<void> {
    if (!this.isOpen) return quietly(Promise.reject(this.refusal));
    this.#fleet.provide(wanted);
    const ready = this.#prewarming.until(Math.min(wanted, this.#fleet.maxWorkers), this.#fleet.readyCount);
    if (this.#prewarming.isWaitedFor) this.#keepAlive.hold();
    return ready;
  }

  get isPrewarming(): boolean {
    return this.#prewarming.isWaitedFor;
  }

  /** Those who wait for workers wait no longer. */
  failPrewarming(error: Error): void {
    this.#prewarming.fail(error);
  }

  /** Those who wait for workers get others in the place of those that died while they started. */
  replaceAwaited(): void {
    if (this.#prewarming.isWaitedFor) this.#fleet.provide(this.#prewarming.wanted);
  }

  resized(): void {
    this.#prewarming.noteResize(this.#fleet.maxWorkers, this.#fleet.readyCount);
  }
}
