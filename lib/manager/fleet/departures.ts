/**
 * How workers go: asked to leave, or ended. Whoever is asked and does not go in time is ended. It decides about
 * nobody, and knows neither tasks nor who takes over.
 */
import { inRootContext } from '../../system/root-context.ts';
import { clearTimeout, setImmediate, setTimeout } from '../../system/timers.ts';
import type { PoolEvents } from '../pool-events.ts';
import type { PoolWorker, WorkerEndReason } from './pool-worker.ts';

/** A worker that is to go by itself and does not is killed after so many milliseconds. */
const LEAVE_GRACE = 2000;

export class Departures {
  readonly #events: Pick<PoolEvents, 'onWorkerEnding'>;
  readonly #graceTimers = new Map<PoolWorker, NodeJS.Timeout>();

  constructor(events: Pick<PoolEvents, 'onWorkerEnding'>) {
    this.#events = events;
  }

  /** It has nothing to do, and goes by itself. */
  sendHome(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#note(worker, reason);
    worker.leave();
    this.#killLater(worker, () => this.kill(worker, reason));
  }

  /** It is about to exit by itself; what a task did to its process may keep it from that. */
  expectExit(worker: PoolWorker): void {
    if (!this.#graceTimers.has(worker)) this.#killLater(worker, () => worker.process.kill());
  }

  /** Its process is ended soon; it counts no more from now on. */
  kill(worker: PoolWorker, reason: WorkerEndReason): void {
    if (!this.#giveUp(worker, reason)) return;
    // Finding all its descendants takes some milliseconds: whoever takes over has its task by then.
    setImmediate(() => worker.process.kill());
  }

  /** Nobody takes over. */
  killNow(worker: PoolWorker, reason: WorkerEndReason): void {
    if (this.#giveUp(worker, reason)) worker.process.kill();
  }

  /** It has gone. */
  ended(worker: PoolWorker): void {
    worker.startLimit?.stop();
    clearTimeout(this.#graceTimers.get(worker));
    this.#graceTimers.delete(worker);
  }

  #giveUp(worker: PoolWorker, reason: WorkerEndReason): boolean {
    worker.startLimit?.stop();
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

  /** One timer for each: nobody would stop the other. */
  #killLater(worker: PoolWorker, kill: () => void): void {
    clearTimeout(this.#graceTimers.get(worker));
    this.#graceTimers.set(
      worker,
      inRootContext(() => setTimeout(kill, LEAVE_GRACE)),
    );
  }
}
