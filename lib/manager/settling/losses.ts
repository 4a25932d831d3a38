/**
 * What becomes of tasks that lose their worker, or their pool: rule 'isolate' (they fail or wait again, the pool goes
 * on), rule 'break' (everything unfinished fails), and the end of a pool that is to be killed. It knows no answers.
 */
import { type BrokenProcessPool, ShutdownExecutorError } from '../../errors.ts';
import { withSubmitSite } from '../../system/submit-site.ts';
import { type ExitReport, terminatedWorkerError } from '../../worker-process/exit-report.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { PoolWorker, WorkerState } from '../fleet/pool-worker.ts';
import type { SparePreparation } from '../fleet/spare-preparation.ts';
import type { Lifetime } from '../lifetime.ts';
import type { PoolEvents } from '../pool-events.ts';
import type { PoolParts } from '../pool-parts.ts';
import type { PoolWarnings } from '../pool-warnings.ts';
import type { Task } from '../tasks/task.ts';
import { FailedStarts } from './failed-starts.ts';
import { createRestartIntensity, type RestartIntensity } from './restart-intensity.ts';
import { diedWhileStarting, isShortage } from './startup-errors.ts';

const GOES_ON = 'the executor goes on with fewer workers and tries again later';
const KILLED_BY_SHUTDOWN =
  'The Executor was shutdown with `killWorkers: true` before this job could complete.';

export class Losses {
  readonly #isolates: boolean;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #sparePreparation: SparePreparation;
  readonly #warnings: PoolWarnings;
  readonly #events: PoolEvents;
  readonly #failedStarts: FailedStarts;
  readonly #restartIntensity: RestartIntensity;

  constructor(parts: PoolParts) {
    const { settings } = parts;
    this.#isolates = settings.onWorkerCrash === 'isolate';
    this.#fleet = parts.fleet;
    this.#dispatcher = parts.dispatcher;
    this.#lifetime = parts.lifetime;
    this.#sparePreparation = parts.sparePreparation;
    this.#warnings = parts.warnings;
    this.#events = parts.events;
    this.#failedStarts = new FailedStarts(settings);
    this.#restartIntensity = createRestartIntensity(settings.restartIntensity);
  }

  /** All that it had answered was read before; what it had not begun waits again. */
  workerEnded(worker: PoolWorker, before: WorkerState, exit: ExitReport): void {
    this.#dispatcher.takeBack(worker);
    const unbegun = worker.unbegunAt(exit);
    const lost = this.#takeLost(worker, unbegun);
    if (before === 'booting' || before === 'initializing') this.#diedWhileStarting(exit, before);
    else if (before === 'killed' || before === 'leaving' || this.#outlives())
      this.#failOrRetry(worker, exit, lost, unbegun);
    else {
      const begun = lost.find((task) => task !== unbegun);
      this.breakPool(terminatedWorkerError(exit, { ...worker.lastSeen, task: begun?.name }), lost);
    }
  }

  #outlives(): boolean {
    return this.#isolates && !this.#restartIntensity.exceededBy(performance.now());
  }

  #failOrRetry(worker: PoolWorker, exit: ExitReport, lost: readonly Task[], unbegun: Task | undefined): void {
    const isKept = (task: Task): boolean => (task === unbegun ? task.waitAgain() : task.retry());
    const [kept, failed] = [lost.filter(isKept), lost.filter((task) => task.state === 'settling')];
    // Before anybody is told: who hears of the others must not find the pool empty.
    for (const task of kept.reverse()) this.#dispatcher.addFirst(task);
    if (this.#events.watchesTasks) for (const task of kept) this.#events.onTaskRetried(task);
    for (const task of failed) {
      const error = terminatedWorkerError(exit, { ...worker.lastSeen, task: task.name });
      task.fail(withSubmitSite(error, task.submitSite), 'lost');
    }
  }

  #diedWhileStarting(exit: ExitReport, before: WorkerState): void {
    if (isShortage(exit) && this.#fleet.pauseStarts()) {
      // Tasks wait for the workers that are there; whoever waits for the workers themselves is told.
      const shortage = diedWhileStarting(exit, false, GOES_ON);
      this.#lifetime.failPrewarming(shortage);
      this.#warnings.shortage(shortage);
      return;
    }
    const error = this.#failedStarts.note(exit, before);
    if (error === undefined) this.#lifetime.replaceAwaited();
    else this.breakPool(error);
  }

  /** It was not ready in time, and was killed. */
  startedTooSlowly(before: WorkerState): void {
    this.breakPool(this.#failedStarts.tooSlow(before));
  }

  workerReady(): void {
    this.#failedStarts.reset();
  }

  /** Nothing can run any more: everything unfinished fails with the same error, and so does every later submit. */
  breakPool(error: BrokenProcessPool, lost: readonly Task[] = []): void {
    if (this.#lifetime.brokenBy === undefined) {
      this.#lifetime.break(error);
      this.#sparePreparation.stop();
      this.#events.onBroken(error);
    }
    const unfinished = [...lost, ...this.#takeUnfinished()];
    this.#fleet.killAll('broken');
    for (const task of unfinished) task.fail(this.#lifetime.brokenBy, 'lost');
    this.#lifetime.checkDrained();
  }

  /** All that is unfinished fails, and the workers are ended with it. */
  killEverything(): void {
    const unfinished = this.#takeUnfinished();
    this.#fleet.killAll('shutdown');
    for (const task of unfinished) task.fail(new ShutdownExecutorError(KILLED_BY_SHUTDOWN), 'lost');
  }

  #takeUnfinished(): Task[] {
    const pending = this.#dispatcher.takePending();
    const begun = [...this.#fleet.workers].flatMap((worker) => this.#takeLost(worker));
    return [...begun, ...pending];
  }

  /** It has begun all of them but `unbegun`. Who hears of that cannot cancel them any more. */
  #takeLost(worker: PoolWorker, unbegun?: Task): Task[] {
    const lost = this.#dispatcher.takeAll(worker).filter(({ state }) => state !== 'settled');
    for (const task of lost) task.beginSettling();
    if (this.#events.watchesTasks)
      for (const task of lost) if (task !== unbegun) this.#events.onTaskStarted(task, worker);
    return lost;
  }
}
