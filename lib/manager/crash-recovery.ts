/**
 * What becomes of tasks that lose their worker, or their pool: rule 'isolate' (they fail or wait again, the pool
 * continues), rule 'break' (everything unfinished fails), and the end of a pool that is killed. What a death means is decided
 * in recovery.ts.
 */

import { type ExitReport, terminatedWorkerError } from '../child/exit-report.ts';
import { type BrokenProcessPool, ShutdownExecutorError } from '../errors.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { noteNotNode } from '../system/node-command.ts';
import { isNoWorker } from '../system/start-mark.ts';
import { withSubmitSite } from '../system/submit-site.ts';
import type { Lifetime } from './lifetime.ts';
import type { PoolEvents, PoolShortage } from './pool-events.ts';
import type { PoolWarnings } from './pool-warnings.ts';
import type { Preparation } from './preparation.ts';
import type { PendingQueue } from './queue.ts';
import { afterShortage, isShortage, mayStartAgain, RestartIntensity } from './recovery.ts';
import type { RunAhead } from './run-ahead.ts';
import { BREAKS, diedWhileStarting, noWorkerStarted, startedTooSlowly } from './startup-errors.ts';
import type { Task } from './task.ts';
import type { PoolWorker, WorkerState } from './worker.ts';
import type { Workers } from './workers.ts';

const GOES_ON = 'it is tried again later';
/** A later `submit` throws the same error: it says what has become of the executor, and what to do. */
const BROKEN_BY_RULE =
  "The executor is broken (onWorkerCrash: 'break') and accepts no more tasks. Create another one; " +
  "with onWorkerCrash: 'isolate' only the task of the worker that died fails.";
const KILLED_BY_SHUTDOWN =
  'The Executor was shutdown with `killWorkers: true` before this job could complete.';

/** What of the pool is concerned. */
interface CrashRecoveryParts {
  readonly settings: ExecutorSettings;
  readonly workers: Workers;
  readonly queue: PendingQueue;
  readonly runAhead: RunAhead;
  readonly lifetime: Lifetime;
  readonly preparation: Preparation;
  readonly warnings: PoolWarnings;
  readonly events: PoolEvents;
}

export class CrashRecovery {
  readonly #pool: CrashRecoveryParts;
  readonly #isolates: boolean;
  readonly restartIntensity: RestartIntensity | undefined;
  /** Workers that failed to start since one was ready. */
  #failedStarts = 0;
  #shortage: PoolShortage | undefined;

  constructor(pool: CrashRecoveryParts) {
    this.#pool = pool;
    const { onWorkerCrash, restartIntensity } = pool.settings;
    this.#isolates = onWorkerCrash === 'isolate';
    this.restartIntensity = restartIntensity && new RestartIntensity(restartIntensity);
  }

  /** All that it had answered was read before; what it had not begun waits again. */
  workerEnded(worker: PoolWorker, before: WorkerState, exit: ExitReport): void {
    this.#pool.runAhead.revoke(worker);
    const unbegun = worker.unbegunAt(exit);
    const lost = this.#takeLost(worker, unbegun);
    const isStart = before === 'booting' || before === 'initializing';
    // A task that was asked to end may end its process.
    const isExpected = before === 'killed' || before === 'leaving' || worker.interruption !== undefined;
    const counts = this.#isolates && !isStart && !isExpected;
    const excess = counts ? this.restartIntensity?.noteDeath(performance.now()) : undefined;
    if (isStart) this.#diedWhileStarting(exit, before, worker.loading);
    else if (isExpected || (this.#isolates && excess === undefined))
      this.#failOrRetry(worker, exit, lost, unbegun);
    else {
      const begun = lost.filter((task) => task !== unbegun);
      const context = { ...worker.lastSeen, task: begun[0]?.name, others: othersOf(worker, begun) };
      this.breakPool(terminatedWorkerError(exit, context, excess ?? BROKEN_BY_RULE), lost);
    }
    worker.loading = undefined;
  }

  #failOrRetry(worker: PoolWorker, exit: ExitReport, lost: readonly Task[], unbegun: Task | undefined): void {
    const isKept = (task: Task): boolean =>
      (task === unbegun && task.requeue()) || (worker.endedFor === undefined ? task.retry() : task.rerun());
    const others = othersOf(
      worker,
      lost.filter((task) => task !== unbegun),
    );
    const [kept, failed] = [lost.filter(isKept), lost.filter((task) => task.state === 'settling')];
    // Before any callback runs: it must not find the pool empty.
    for (const task of kept.reverse()) this.#pool.queue.addFirst(task);
    for (const task of kept) this.#pool.events.tasks?.retried(task);
    for (const task of failed) {
      const error = terminatedWorkerError(exit, { ...worker.lastSeen, task: task.name, others });
      task.fail(withSubmitSite(error, task.submitSite), 'lost');
    }
  }

  #diedWhileStarting(exit: ExitReport, before: WorkerState, loading: string | undefined): void {
    const isWorker = before !== 'booting' || loading !== undefined;
    if (!isWorker && isNoWorker(exit.stderr)) {
      this.#ranSomethingElse(exit);
      return;
    }
    if (isShortage(exit)) {
      this.#foundShortage(exit);
      return;
    }
    this.#failedStarts += 1;
    if (mayStartAgain(exit, this.#failedStarts, this.#isolates)) this.#pool.lifetime.prewarming.replace();
    else {
      const consequence = isWorker ? BREAKS : this.#consequence(exit);
      this.breakPool(diedWhileStarting(exit, this.#ranInitializer(before), consequence, loading));
    }
  }

  /** It would say the same each time. */
  #ranSomethingElse(exit: ExitReport): void {
    const { execPath } = this.#pool.settings;
    noteNotNode(execPath);
    this.breakPool(noWorkerStarted(exit, execPath));
  }

  /** Node would have said what is wrong, and would not have taken it for a success. */
  #consequence({ exitCode }: ExitReport): string {
    if (exitCode !== 0) return BREAKS;
    return `${BREAKS}; is ${this.#pool.settings.execPath} a Node.js? (option execPath)`;
  }

  /** The start is tried again after a pause, until tasks or callers of `prewarm` have waited for too long. */
  #foundShortage(exit: ExitReport): void {
    const { startTimeout } = this.#pool.settings;
    const { shortage, verdict, longestPause } = afterShortage(this.#shortage, {
      now: performance.now(),
      startTimeout,
      ready: this.#pool.workers.readyCount,
      active: this.#pool.workers.activeCount,
      waitingSince:
        this.#pool.queue.peek()?.submittedAt ?? (this.#pool.lifetime.prewarming.isWaitedFor ? 0 : undefined),
    });
    const triedFor = `it was tried again for ${startTimeout} ms (startTimeout)`;
    if (verdict === 'give-up') {
      this.breakPool(diedWhileStarting(exit, false, `${triedFor}; ${BREAKS}`));
      return;
    }
    if (verdict === 'fail-prewarming')
      this.#pool.lifetime.prewarming.fail(
        diedWhileStarting(exit, false, `${triedFor}; the executor goes on with fewer workers`),
      );
    this.#shortage = { ...shortage, error: diedWhileStarting(exit, false, GOES_ON) };
    const pause = this.#pool.workers.pauseStarts(longestPause);
    if (pause === undefined) return; // one of several that were started together
    this.#pool.warnings.shortage(this.#shortage.error);
    this.#pool.events.onWorkerShortage(this.#shortage, pause);
  }

  #ranInitializer(before: WorkerState): boolean {
    return before === 'initializing' && this.#pool.settings.initializer !== undefined;
  }

  /** It was not ready in time, and was killed. */
  startedTooSlowly({ loading }: PoolWorker, before: WorkerState): void {
    this.breakPool(startedTooSlowly(this.#pool.settings.startTimeout, this.#ranInitializer(before), loading));
  }

  workerReady(): void {
    this.#failedStarts = 0;
    this.shortageIsOver();
  }

  /** A worker was started, or none is needed any more. */
  shortageIsOver(): void {
    this.#shortage = undefined;
  }

  /** The time in which no worker can be started for now, if there is one. */
  get shortage(): PoolShortage | undefined {
    return this.#shortage;
  }

  /** Nothing can run any more: everything unfinished fails with the same error, and so does every later submit. */
  breakPool(error: BrokenProcessPool, lost: readonly Task[] = []): void {
    if (this.#pool.lifetime.brokenBy === undefined) {
      this.#pool.lifetime.break(error);
      this.#pool.preparation.stop();
      this.#pool.events.onBroken(error);
    }
    const unfinished = [...lost, ...this.#takeUnfinished()];
    this.#pool.workers.killAll('broken');
    for (const task of unfinished) task.fail(this.#pool.lifetime.brokenBy, 'lost');
    this.#pool.lifetime.checkDrained();
  }

  /** All that is unfinished fails, and the workers are ended with it; tasks with a `killGrace` are asked to end first. */
  killEverything(): void {
    const pending = this.takePending();
    const begun = [...this.#pool.workers.all].flatMap((worker) => this.#takeOrInterrupt(worker));
    this.#pool.workers.killUninterrupted('shutdown');
    for (const task of [...begun, ...pending])
      task.fail(new ShutdownExecutorError(KILLED_BY_SHUTDOWN), 'lost');
  }

  /** A worker whose task is asked to end answers later: it keeps what it was sent. */
  #takeOrInterrupt(worker: PoolWorker): Task[] {
    const last = worker.sent.tasks.at(-1);
    if (worker.interruption !== undefined) worker.interruption.reason = 'shutdown';
    else if (last === undefined || !this.#interrupt(worker, last)) return this.#takeLost(worker);
    const begun = worker.sent.tasks.filter(({ state }) => state !== 'settled');
    this.#beginSettling(worker, begun);
    return begun;
  }

  #interrupt(worker: PoolWorker, task: Task): boolean {
    const error = new ShutdownExecutorError(KILLED_BY_SHUTDOWN);
    return this.#pool.workers.termination.interrupt(worker, task, 'shutdown', error);
  }

  #takeUnfinished(): Task[] {
    const pending = this.takePending();
    const begun = [...this.#pool.workers.all].flatMap((worker) => this.#takeLost(worker));
    return [...begun, ...pending];
  }

  /** All that has not begun, wherever it is; a worker that is free then gets nothing of it. */
  takePending(): Task[] {
    const free = [...this.#pool.workers.all].filter((worker) => this.#pool.runAhead.revoke(worker));
    const pending = this.#pool.queue.takeAll();
    for (const task of pending) task.beginSettling();
    for (const worker of free) this.#pool.workers.release(worker);
    return pending;
  }

  /** It has begun all of them but `unbegun`. A callback of one cannot cancel the others any more. */
  #takeLost(worker: PoolWorker, unbegun?: Task): Task[] {
    const lost = this.#pool.runAhead.takeAll(worker).filter(({ state }) => state !== 'settled');
    this.#beginSettling(worker, lost, unbegun);
    return lost;
  }

  #beginSettling(worker: PoolWorker, tasks: readonly Task[], unbegun?: Task): void {
    for (const task of tasks) task.beginSettling();
    for (const task of tasks) if (task !== unbegun) this.#pool.events.tasks?.started(task, worker);
  }
}

/** How many tasks ran in a worker beside one of them. */
function othersOf({ isShared }: PoolWorker, begun: readonly Task[]): number {
  return isShared ? Math.max(0, begun.length - 1) : 0;
}
