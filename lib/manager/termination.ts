/**
 * How workers end: asked to leave, or killed. A worker that is asked and does not leave in time is killed; so is a worker that
 * began to exit by itself and does not end. With a teardown a worker runs that first, and is asked to leave when it has ended.
 */
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, LONGEST_TIMER, setImmediate, setTimeout } from '../system/timers.ts';
import type { PoolEvents } from './pool-events.ts';
import type { PoolWorker, WorkerEndReason } from './worker.ts';
import type { EncodedCall } from './worker-setup.ts';

/** A worker that is to go by itself and does not is killed after so many milliseconds. */
const LEAVE_GRACE = 2000;

/** What workers run before they leave. */
interface Teardown extends EncodedCall {
  /** In milliseconds. */
  readonly timeout: number;
  /** The worker is killed then. */
  onTooSlow(): void;
}

export class Termination {
  readonly #events: Pick<PoolEvents, 'onWorkerEnding'>;
  readonly #teardown: Teardown | undefined;
  readonly #graceTimers = new Map<PoolWorker, NodeJS.Timeout>();

  constructor(events: Pick<PoolEvents, 'onWorkerEnding'>, teardown?: Teardown) {
    this.#events = events;
    this.#teardown = teardown;
  }

  /** It has nothing to do, and goes by itself. */
  retire(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#note(worker, reason);
    if (this.#teardown === undefined) this.#leave(worker);
    else this.#tearDown(worker, this.#teardown);
  }

  #leave(worker: PoolWorker): void {
    worker.leave();
    this.#killLater(worker, () => this.kill(worker, worker.endReason as WorkerEndReason));
  }

  #tearDown(worker: PoolWorker, teardown: Teardown): void {
    worker.tearDown(teardown);
    const expire = (): void => {
      if (!worker.isTearingDown || worker.state !== 'leaving') return;
      teardown.onTooSlow();
      this.kill(worker, worker.endReason as WorkerEndReason);
    };
    // After the event loop has polled: this process may have been too busy to read that it has ended.
    this.#killLater(worker, () => setImmediate(expire), Math.min(teardown.timeout, LONGEST_TIMER));
  }

  /** Its teardown has ended. */
  tornDown(worker: PoolWorker): void {
    worker.isTearingDown = false;
    this.#leave(worker);
  }

  /** It is about to exit by itself; what a task did to its process may keep it from that. */
  expectExit(worker: PoolWorker): void {
    if (!this.#graceTimers.has(worker)) this.#killLater(worker, () => worker.process.kill());
  }

  /** Its process is ended soon; it counts no more from now on. */
  kill(worker: PoolWorker, reason: WorkerEndReason): void {
    if (!this.#markKilled(worker, reason)) return;
    // Finding all its descendants takes some milliseconds: the worker that takes over has its task by then.
    setImmediate(() => worker.process.kill());
  }

  /** No other worker takes over. */
  killNow(worker: PoolWorker, reason: WorkerEndReason): void {
    if (this.#markKilled(worker, reason)) worker.process.kill();
  }

  /** It has gone. */
  ended(worker: PoolWorker): void {
    worker.startLimit?.stop();
    worker.interruption?.grace.stop();
    clearTimeout(this.#graceTimers.get(worker));
    this.#graceTimers.delete(worker);
  }

  #markKilled(worker: PoolWorker, reason: WorkerEndReason): boolean {
    worker.startLimit?.stop();
    worker.interruption?.grace.stop();
    if (worker.state === 'gone') return false;
    this.#note(worker, reason);
    worker.state = 'killed';
    return true;
  }

  #note(worker: PoolWorker, reason: WorkerEndReason): void {
    if (worker.endReason !== undefined) return;
    worker.endReason = reason;
    this.#events.onWorkerEnding(worker, reason);
  }

  /** One timer for each worker: nothing would stop a second one. */
  #killLater(worker: PoolWorker, kill: () => void, delay = LEAVE_GRACE): void {
    clearTimeout(this.#graceTimers.get(worker));
    this.#graceTimers.set(
      worker,
      inRootContext(() => setTimeout(kill, delay)),
    );
  }
}
