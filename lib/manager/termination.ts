/**
 * How workers end: asked to leave, or killed. A worker that is asked and does not leave in time is killed; so is a worker that
 * began to exit by itself and does not end. With a teardown a worker runs that first, and is asked to leave when it has ended.
 * The task that a worker runs may be asked to end before the worker is killed.
 */
import { inRootContext } from '../system/root-context.ts';
import { TimeLimit } from '../system/time-limit.ts';
import { clearTimeout, LONGEST_TIMER, setImmediate, setTimeout } from '../system/timers.ts';
import type { PoolEvents } from './pool-events.ts';
import type { Task } from './task.ts';
import type { Interruption, PoolWorker, WorkerEndReason } from './worker.ts';
import type { EncodedCall } from './worker-setup.ts';

/** A worker that is to go by itself and does not is killed after so many milliseconds. */
const LEAVE_GRACE = 2000;

/** The manager. */
export interface TerminationOwner {
  /** A worker was killed, as the task that it was asked to end has not ended in time. */
  onGraceOver(): void;
  /** The worker is killed for that. */
  onTeardownTooSlow(): void;
}

interface TerminationOptions {
  readonly owner: TerminationOwner;
  readonly events: Pick<PoolEvents, 'onWorkerEnding'>;
  /** What workers run before they leave. */
  readonly teardown: EncodedCall | undefined;
  /** In milliseconds. */
  readonly teardownTimeout: number;
  /** The worker gets no task any more. */
  leaveIdle(worker: PoolWorker): void;
}

export class Termination {
  readonly #options: TerminationOptions;
  readonly #graceTimers = new Map<PoolWorker, NodeJS.Timeout>();

  constructor(options: TerminationOptions) {
    this.#options = options;
  }

  /** It has nothing to do, and goes by itself. */
  retire(worker: PoolWorker, reason: WorkerEndReason): void {
    const { teardown } = this.#options;
    this.#options.leaveIdle(worker);
    this.#note(worker, reason);
    if (teardown === undefined) this.#leave(worker);
    else this.#tearDown(worker, teardown);
  }

  #leave(worker: PoolWorker): void {
    worker.leave();
    this.#killLater(worker, () => this.kill(worker, worker.endReason as WorkerEndReason));
  }

  #tearDown(worker: PoolWorker, teardown: EncodedCall): void {
    const { owner, teardownTimeout } = this.#options;
    worker.tearDown(teardown);
    const expire = (): void => {
      if (!worker.isTearingDown || worker.state !== 'leaving') return;
      owner.onTeardownTooSlow();
      this.kill(worker, worker.endReason as WorkerEndReason);
    };
    // After the event loop has polled: this process may have been too busy to read that it has ended.
    this.#killLater(worker, () => setImmediate(expire), Math.min(teardownTimeout, LONGEST_TIMER));
  }

  /** Its teardown has ended. */
  tornDown(worker: PoolWorker): void {
    worker.isTearingDown = false;
    this.#leave(worker);
  }

  /** It is about to exit by itself; what a task did to its process may keep it from that. */
  expectExit(worker: PoolWorker): void {
    this.#options.leaveIdle(worker);
    if (!this.#graceTimers.has(worker)) this.#killLater(worker, () => worker.process.kill());
  }

  /**
   * The task that the worker is at is asked to end, and the worker is killed if the task has not ended within its
   * `killGrace`. `false` if the task cannot be asked.
   *
   * @param error What the future of the task fails with.
   */
  interrupt(worker: PoolWorker, task: Task, reason: WorkerEndReason, error: Error): boolean {
    const { killGrace } = task.settings;
    if (!(killGrace > 0) || worker.state !== 'busy' || worker.isDying || worker.interruption !== undefined)
      return false;
    const expire = (): void => {
      if (worker.interruption === undefined) return;
      this.kill(worker, worker.interruption.reason);
      this.#options.owner.onGraceOver();
    };
    worker.interrupt({ task, reason, grace: inRootContext(() => new TimeLimit(killGrace, expire)) }, error);
    return true;
  }

  /** The task has ended: the worker stays in use, unless the pool was shut down with `killWorkers`. */
  endInterruption(worker: PoolWorker): void {
    const { reason, grace } = worker.interruption as Interruption;
    grace.stop();
    worker.interruption = undefined;
    if (reason === 'shutdown') this.kill(worker, reason);
  }

  /** Its process is ended soon; it counts no more from now on, and is replaced when there is work. */
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
    this.#stopLimits(worker);
    clearTimeout(this.#graceTimers.get(worker));
    this.#graceTimers.delete(worker);
  }

  #markKilled(worker: PoolWorker, reason: WorkerEndReason): boolean {
    this.#stopLimits(worker);
    if (worker.state === 'gone') return false;
    this.#note(worker, reason);
    worker.state = 'killed';
    return true;
  }

  #stopLimits(worker: PoolWorker): void {
    this.#options.leaveIdle(worker);
    worker.startLimit?.stop();
    worker.interruption?.grace.stop();
  }

  #note(worker: PoolWorker, reason: WorkerEndReason): void {
    if (worker.endReason !== undefined) return;
    worker.endReason = reason;
    this.#options.events.onWorkerEnding(worker, reason);
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
