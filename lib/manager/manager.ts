/**
 * The manager of a pool: what becomes of a task, from submit to settled.
 *
 *   submit                                host │ worker
 *     │                                        │
 *     ▼                                        │
 *   pending queue ──dispatcher──▶ worker       │
 *     ▲   │                        │ encode    │
 *     │   │ cancel                 └──frames───┼──▶ task loop ──▶ decode ──▶ run
 *     │   ▼                                    │                              │
 *     │  settled ◀──── decode ◀────frames──────┼──────────── encode ◀─────────┘
 *     │   ▲                                    │
 *     │   │ fail: timeout, kill, its worker died (rule 'isolate'), the pool broke (rule 'break')
 *     └───┴── back to the queue: not begun, or its worker died and it may be run again
 *
 * It decides; the fleet starts and ends workers, tasks move themselves from state to state.
 */
import { type Frame, FrameKind } from '../channel/frame.ts';
import { type LeakFigures, readLeakFigures } from '../channel/leak-figures.ts';
import { type BrokenProcessPool, QueueFullError, ShutdownExecutorError, TimeoutError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import type { ShutdownOptions } from '../options/task-options.ts';
import { wantsKill } from '../options/task-options.ts';
import type { Sender } from '../sending/index.ts';
import { type ExitReport, terminatedWorkerError } from '../worker-process/exit-report.ts';
import { Dispatcher, type DispatcherListener } from './dispatcher.ts';
import { FailedStarts } from './failed-starts.ts';
import { Fleet, type FleetListener } from './fleet.ts';
import { Lifetime } from './lifetime.ts';
import { createMemoryWatch, type MemoryWatch } from './memory-watch.ts';
import type { PoolEvents } from './pool-events.ts';
import { PoolWarnings } from './pool-warnings.ts';
import type { PoolWorker, WorkerEndReason, WorkerState } from './pool-worker.ts';
import { createRestartIntensity, type RestartIntensity } from './restart-intensity.ts';
import { SparePreparation } from './spare-preparation.ts';
import { diedWhileStarting, initializerThrew, isShortage } from './startup-errors.ts';
import { withSubmitSite } from './submit-site.ts';
import { Task, type TaskKeeper, type TaskOutcome, type TaskRequest } from './task.ts';
import { TaskCounts } from './task-counts.ts';
import type { WorkerOrders } from './worker-orders.ts';

/** After so many sends it is asked which definitions are used no more. */
const FORGET_AFTER = 256;

const GOES_ON = 'the executor goes on with fewer workers and tries again later';
const CANCELLED = 'The future was cancelled before its task began.';
const KILLED = 'The future was cancelled while its task ran; its worker was ended.';
const ABORTED = 'The signal of the task was aborted.';
const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task began.';
const KILLED_BY_SHUTDOWN =
  'The Executor was shutdown with `killWorkers: true` before this job could complete.';

export class Manager implements TaskKeeper, FleetListener, DispatcherListener {
  readonly #settings: ExecutorSettings;
  readonly #sender: Sender;
  readonly #events: PoolEvents;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #restartIntensity: RestartIntensity;
  readonly #memoryWatch: MemoryWatch;
  readonly #sparePreparation: SparePreparation;
  readonly #failedStarts: FailedStarts;
  readonly #warnings = new PoolWarnings();
  readonly counts = new TaskCounts();
  #sentCount = 0;

  constructor(settings: ExecutorSettings, sender: Sender, orders: WorkerOrders, events: PoolEvents) {
    this.#settings = settings;
    this.#sender = sender;
    this.#events = events;
    this.#failedStarts = new FailedStarts(settings);
    this.#restartIntensity = createRestartIntensity(settings.restartIntensity);
    this.#memoryWatch = createMemoryWatch(settings.memory.limit, (worker) => {
      if (worker.isRetiring) return;
      this.#fleet.retire(worker);
      this.#events.onWorkerRecycled(worker, 'memory-limit', undefined);
    });
    this.#fleet = new Fleet(settings, orders, this, events);
    this.#sparePreparation = new SparePreparation(this.#fleet.workers);
    this.#lifetime = new Lifetime(this.#fleet);
    this.#dispatcher = new Dispatcher(this.#fleet, settings.maxTasksPerWorker, this);
  }

  // A task goes in …

  /** @throws BrokenProcessPool, ShutdownExecutorError, QueueFullError */
  expectRoom(): void {
    this.#lifetime.expectOpen();
    const { maxPending } = this.#settings;
    if (maxPending === Number.POSITIVE_INFINITY) return;
    const free = Math.max(0, this.#fleet.maxWorkers - this.runningCount); // those who start count: they take a task each
    const waiting = this.pendingCount - free;
    if (waiting >= maxPending) {
      throw new QueueFullError(
        `${waiting} tasks are pending already, and maxPending is ${maxPending}: wait for some of them first`,
      );
    }
  }

  /** A call is being prepared, which takes a while for a function that is new: the first worker boots meanwhile. */
  expectTask(): void {
    if (this.#fleet.workers.size === 0) this.#fleet.provide(1);
  }

  submit(request: TaskRequest): Future<unknown> {
    this.expectRoom();
    const task = new Task(request, this);
    if (this.#events.watchesTasks) this.#events.onTaskQueued(task);
    if (task.settings.signal?.aborted) task.cancelWith(ABORTED, task.settings.signal.reason);
    else {
      this.#lifetime.hold();
      this.#dispatcher.add(task);
    }
    return task.future;
  }

  onSent(worker: PoolWorker, task: Task): void {
    this.#memoryWatch.watch(worker);
    this.#sparePreparation.note(task.call.definitions);
    if (this.#events.watchesTasks && task.state === 'running') this.#events.onTaskStarted(task, worker);
    this.#sentCount += 1;
    if (this.#sentCount % FORGET_AFTER === 0) this.#forgetRetired();
  }

  /** Functions that were sent once and never again do not pile up in the workers. */
  #forgetRetired(): void {
    for (const id of this.#sender.takeRetired()) {
      this.#sparePreparation.forget(id);
      for (const worker of this.#fleet.workers) worker.forget(id);
    }
  }

  onUnsendable(task: Task, error: unknown): void {
    task.fail(withSubmitSite(error, task.submitSite));
    this.#checkDrained();
  }

  // … runs, and comes back …

  onFrame(worker: PoolWorker, frame: Frame): void {
    try {
      this.#read(worker, frame);
    } catch (error) {
      this.#distrust(worker, error);
    }
  }

  #read(worker: PoolWorker, frame: Frame): void {
    switch (frame.kind) {
      case FrameKind.value:
      case FrameKind.error:
        if (frame.id === worker.task?.sentAs) this.#answered(worker, frame);
        break;
      case FrameKind.handedBack:
        if (frame.id === worker.task?.sentAs) this.#handedBack(worker);
        break;
      case FrameKind.progress:
        if (frame.id === worker.task?.sentAs) worker.task.progress(() => this.#sender.decodeValue(frame));
        break;
      case FrameKind.initializerFailed:
        if (!worker.isStarting) throw new Error('its initializer had succeeded before, and failed now');
        this.#break(initializerThrew(this.#decode(frame).value));
        break;
      case FrameKind.uncaught:
        worker.uncaught = { error: this.#decode(frame).value };
        this.#fleet.expectExit(worker);
        break;
      case FrameKind.retire:
        this.#retire(worker, readLeakFigures(frame.body));
        break;
      case FrameKind.growing:
        this.#fleet.prepareReplacement(worker);
        break;
      default:
        throw new Error(`a frame of kind ${frame.kind} is for workers only`);
    }
  }

  /** It sent what no worker of ours sends: it is ended, which is told like any other death. */
  #distrust(worker: PoolWorker, error: unknown): void {
    worker.fault = error instanceof Error ? error.message : String(error);
    worker.process.kill();
  }

  #answered(worker: PoolWorker, frame: Frame): void {
    const task = this.#dispatcher.takeAnswered(worker, frame.time);
    const runTime = frame.time / 1000;
    this.counts.noteAnswered(task, runTime);
    if (this.#events.watchesTasks) this.#events.onTaskAnswered(task, worker, runTime);
    const { ok, value } = this.#decode(frame);
    this.#countTask(worker);
    if (worker.tasks.length === 0) this.#fleet.release(worker);
    else this.#dispatcher.refill(worker);
    if (task.state === 'settled') return; // it was killed when its answer was on its way
    if (ok && frame.kind === FrameKind.value) task.succeed(value);
    else task.fail(withSubmitSite(value, task.submitSite));
    this.#checkDrained();
  }

  /** It has announced that it leaves, and got a task before the host knew. */
  #handedBack(worker: PoolWorker): void {
    for (const task of this.#dispatcher.takeAll(worker).reverse()) {
      task.takeBack();
      this.#dispatcher.addFirst(task);
    }
    this.#fleet.release(worker);
    this.#dispatcher.dispatch();
  }

  #retire(worker: PoolWorker, figures: LeakFigures): void {
    if (worker.isRetiring) return;
    this.#fleet.retire(worker);
    this.#dispatcher.takeBack(worker);
    this.#warnings.leak(figures);
    this.#events.onWorkerRecycled(worker, 'memory-leak', figures);
    this.#dispatcher.dispatch();
  }

  /** Its replacement starts with its last task, and it leaves after that. */
  #countTask(worker: PoolWorker): void {
    const left = this.#settings.maxTasksPerWorker - worker.tasksDone;
    if (left === 1) this.#fleet.prepareReplacement(worker);
    if (left > 0 || worker.isRetiring) return;
    this.#fleet.retire(worker);
    this.#events.onWorkerRecycled(worker, 'max-tasks', undefined);
  }

  #decode(frame: Frame): { readonly ok: boolean; readonly value: unknown } {
    try {
      return { ok: true, value: this.#sender.decodeValue(frame) };
    } catch (error) {
      return { ok: false, value: error };
    }
  }

  // … or is cancelled, or takes too long …

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
    this.#checkDrained();
    return true;
  }

  expireTask(task: Task): void {
    this.#endWorkerOf(task, 'timed-out');
    const { timeout } = task.settings;
    const error = new TimeoutError(
      `The task ${JSON.stringify(task.name)} ran longer than its timeout of ${timeout} ms; its worker was ended.`,
    );
    task.fail(withSubmitSite(error, task.submitSite), 'timed-out');
    this.#checkDrained();
  }

  /** To be called whenever a task is settled, by itself. */
  taskSettled(task: Task, outcome: TaskOutcome, error: unknown): void {
    this.counts.outcomes[outcome] += 1;
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

  /** Ends what runs the task, and nobody else: one whose answer is on its way is let go. */
  #endWorkerOf(task: Task, reason: WorkerEndReason): void {
    const worker = this.#workerOf(task);
    if (worker === undefined) return; // its answer is being rebuilt, by code of the user that asked for this
    this.#dispatcher.takeBack(worker);
    if (worker.tasks.last() === task) this.#fleet.kill(worker, reason);
    this.#dispatcher.dispatchSoon();
  }

  #workerOf(task: Task): PoolWorker | undefined {
    for (const worker of this.#fleet.workers) if (worker.tasks.includes(task)) return worker;
    return undefined;
  }

  // … or loses its worker.

  /** All that it had answered was read before; what it had not begun waits again. */
  onExit(worker: PoolWorker, before: WorkerState, exit: ExitReport): void {
    this.#memoryWatch.unwatch(worker);
    this.#dispatcher.takeBack(worker);
    const lost = this.#takeLost(worker);
    if (before === 'booting' || before === 'initializing') this.#diedWhileStarting(exit, before);
    else if (before !== 'killed' && before !== 'leaving') this.#died(worker, exit, lost);
    else this.#failOrRetry(worker, exit, lost);
    this.#dispatcher.dispatch();
    this.#checkDrained();
  }

  #died(worker: PoolWorker, exit: ExitReport, lost: readonly Task[]): void {
    const isolates =
      this.#settings.onWorkerCrash === 'isolate' && !this.#restartIntensity.exceededBy(performance.now());
    if (isolates) this.#failOrRetry(worker, exit, lost);
    else {
      const begun = lost.find((task) => task !== worker.unbegunAt(exit));
      this.#break(terminatedWorkerError(exit, { ...worker.lastSeen, task: begun?.name }), lost);
    }
  }

  #failOrRetry(worker: PoolWorker, exit: ExitReport, lost: readonly Task[]): void {
    for (const task of lost) {
      if (task === worker.unbegunAt(exit) ? task.waitAgain() : task.retry()) {
        if (this.#events.watchesTasks) this.#events.onTaskRetried(task);
        this.#dispatcher.addFirst(task);
      } else {
        const error = terminatedWorkerError(exit, { ...worker.lastSeen, task: task.name });
        task.fail(withSubmitSite(error, task.submitSite), 'lost');
      }
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
    else this.#break(error);
  }

  onStartTooSlow(_worker: PoolWorker, before: WorkerState): void {
    this.#break(this.#failedStarts.tooSlow(before));
  }

  /** Nothing can run any more: everything unfinished fails with the same error, and so does every later submit. */
  #break(error: BrokenProcessPool, lost: readonly Task[] = []): void {
    if (this.#lifetime.brokenBy === undefined) {
      this.#lifetime.break(error);
      this.#sparePreparation.stop();
      this.#events.onBroken(error);
    }
    const unfinished = [...lost, ...this.#takeUnfinished()];
    this.#fleet.killAll('broken');
    for (const task of unfinished) task.fail(this.#lifetime.brokenBy, 'lost');
    this.#checkDrained();
  }

  #takeUnfinished(): Task[] {
    const sent = [...this.#fleet.workers].flatMap((worker) => this.#takeLost(worker));
    return [...sent, ...this.#takePending()];
  }

  #takeLost(worker: PoolWorker): Task[] {
    const lost = this.#dispatcher.takeAll(worker).filter(({ state }) => state !== 'settled');
    if (this.#events.watchesTasks) for (const task of lost) this.#events.onTaskStarted(task, worker);
    return beginSettling(lost);
  }

  #takePending(): Task[] {
    for (const worker of this.#fleet.workers) this.#dispatcher.takeBack(worker);
    return beginSettling(this.#dispatcher.takeQueue());
  }

  // The pool itself.

  onReady(worker: PoolWorker): void {
    this.#failedStarts.reset();
    if (worker.state === 'spare') this.#sparePreparation.prepare(worker);
    else this.#lifetime.workerReady();
    this.#checkDrained();
  }

  onIdle(): void {
    this.#dispatcher.dispatch();
  }

  onGone(): void {
    this.#lifetime.workerGone();
  }

  get isOpen(): boolean {
    return this.#lifetime.isOpen;
  }

  /** Tasks that have not begun. */
  get pendingCount(): number {
    return this.#dispatcher.pendingCount;
  }

  get runningCount(): number {
    return this.#dispatcher.runningCount;
  }

  get workers(): ReadonlySet<PoolWorker> {
    return this.#fleet.workers;
  }

  get maxWorkers(): number {
    return this.#fleet.maxWorkers;
  }

  resize(maxWorkers: number): void {
    this.#fleet.resize(maxWorkers);
    this.#lifetime.resized();
    this.#dispatcher.dispatch();
  }

  prewarm(wanted: number): Promise<void> {
    return this.#lifetime.prewarm(wanted);
  }

  shutdown({ wait = true, cancelFutures = false, ...rest }: ShutdownOptions): Promise<void> {
    const closed = this.#lifetime.close();
    this.#sparePreparation.stop();
    if (cancelFutures) for (const task of this.#takePending()) task.cancelWith(CANCELLED_BY_SHUTDOWN);
    if (wantsKill(rest)) this.#killEverything();
    this.#checkDrained();
    return wait ? closed : Promise.resolve();
  }

  #killEverything(): void {
    const unfinished = this.#takeUnfinished();
    this.#fleet.killAll('shutdown');
    for (const task of unfinished) task.fail(new ShutdownExecutorError(KILLED_BY_SHUTDOWN), 'lost');
  }

  /** To be called whenever a task may have been the last one. */
  #checkDrained(): void {
    if (this.#dispatcher.isEmpty) this.#lifetime.drained();
  }
}

function beginSettling(tasks: Task[]): Task[] {
  for (const task of tasks) task.beginSettling();
  return tasks;
}
