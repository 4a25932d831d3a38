/**
 * What happens to tasks from outside while they wait or run: they are asked about, cancelled, or take too long. It
 * ends the worker of a task that runs, and nobody else. It knows neither answers nor deaths.
 */
import { TimeoutError } from '../../errors.ts';
import { withSubmitSite } from '../../system/submit-site.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { PoolWorker, WorkerEndReason } from '../fleet/pool-worker.ts';
import type { Lifetime } from '../lifetime.ts';
import type { PoolEvents } from '../pool-events.ts';
import type { PoolParts } from '../pool-parts.ts';
import type { Task, TaskKeeper, TaskOutcome } from '../tasks/task.ts';
import type { TaskCounts } from '../tasks/task-counts.ts';

const CANCELLED = 'The future was cancelled before its task began.';
const KILLED = 'The future was cancelled while its task ran; its worker was ended.';
const ABORTED = 'The signal of the task was aborted.';

export class Interruptions implements TaskKeeper {
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #counts: TaskCounts;
  readonly #events: PoolEvents;
  readonly loadLimit: number;

  constructor({ settings, fleet, dispatcher, lifetime, counts, events }: PoolParts) {
    this.loadLimit = settings.startTimeout;
    this.#fleet = fleet;
    this.#dispatcher = dispatcher;
    this.#lifetime = lifetime;
    this.#counts = counts;
    this.#events = events;
  }

  hasBegun(task: Task): boolean {
    this.#decideAbout(task);
    return task.state !== 'pending';
  }

  cancelTask(task: Task, kill: boolean, cause?: unknown): boolean {
    this.#decideAbout(task);
    const isPending = task.state === 'pending';
    if (!isPending && !(kill && task.state === 'running')) return false;
    if (isPending) this.#dispatcher.noteCancelled(task);
    else this.#endWorkerOf(task, 'cancelled');
    const message = isPending ? CANCELLED : KILLED;
    task.cancelWith(cause === undefined ? message : ABORTED, cause);
    this.#lifetime.checkDrained();
    return true;
  }

  /** It is not in the queue yet. */
  cancelNew(task: Task, cause: unknown): void {
    task.cancelWith(ABORTED, cause);
  }

  expireTask(task: Task): void {
    this.#expire(task, `ran longer than its timeout of ${task.settings.timeout} ms`);
  }

  expireLoading(task: Task): void {
    const loading = this.#workerOf(task)?.loading ?? 'what it needs';
    this.#expire(task, `did not begin within ${this.loadLimit} ms (startTimeout): it was loading ${loading}`);
  }

  #expire(task: Task, why: string): void {
    this.#endWorkerOf(task, 'timed-out');
    const error = new TimeoutError(`The task ${JSON.stringify(task.name)} ${why}; its worker was ended.`);
    task.fail(withSubmitSite(error, task.submitSite), 'timed-out');
    this.#lifetime.checkDrained();
  }

  taskSettled(task: Task, outcome: TaskOutcome, error: unknown): void {
    this.#counts.outcomes[outcome] += 1;
    if (this.#events.watchesTasks) this.#events.onTaskSettled(task, outcome, error);
  }

  /** Whether a task that was sent ahead has begun is up to who gets its claim: it is running or pending after this. */
  #decideAbout(task: Task): void {
    if (task.state !== 'sent') return;
    const worker = this.#workerOf(task) as PoolWorker;
    this.#dispatcher.takeBack(worker);
    if (task.state === 'sent') {
      task.noteBegun(performance.now());
      if (this.#events.watchesTasks) this.#events.onTaskStarted(task, worker);
    }
    this.#dispatcher.dispatchSoon();
  }

  /** One whose answer is on its way is let go. */
  #endWorkerOf(task: Task, reason: WorkerEndReason): void {
    const worker = this.#workerOf(task);
    if (worker === undefined) return; // its answer is being rebuilt, by code of the user that asked for this
    if (this.#events.watchesTasks) this.#events.onTaskStarted(task, worker); // it may have been loading until now
    this.#dispatcher.takeBack(worker);
    if (worker.tasks.last() === task) this.#fleet.kill(worker, reason);
    this.#dispatcher.dispatchSoon();
  }

  #workerOf(task: Task): PoolWorker | undefined {
    for (const worker of this.#fleet.workers) if (worker.tasks.includes(task)) return worker;
    return undefined;
  }
}
