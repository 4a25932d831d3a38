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
 * dispatch/ sends; settling/ takes what comes back (arrivals), what is cancelled or timed out (interruptions), and what a
 * death has left (losses). fleet/ starts and ends workers. Only a task of tasks/ moves itself from state to state.
 */
import type { Frame } from '../channel/frame.ts';
import { QueueFullError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import type { ShutdownOptions } from '../options/task-options.ts';
import { wantsKill } from '../options/task-options.ts';
import type { Sender } from '../sending/index.ts';
import { withSubmitSite } from '../system/submit-site.ts';
import type { ExitReport } from '../worker-process/exit-report.ts';
import { Dispatcher, type DispatcherListener } from './dispatch/dispatcher.ts';
import { Fleet, type FleetListener } from './fleet/fleet.ts';
import { createMemoryWatch, type MemoryWatch } from './fleet/memory-watch.ts';
import type { PoolWorker, WorkerState } from './fleet/pool-worker.ts';
import { SparePreparation } from './fleet/spare-preparation.ts';
import type { WorkerOrders } from './fleet/worker-orders.ts';
import { Lifetime } from './lifetime.ts';
import type { PoolEvents, PoolShortage } from './pool-events.ts';
import type { PoolParts } from './pool-parts.ts';
import { PoolWarnings } from './pool-warnings.ts';
import { Arrivals } from './settling/arrivals.ts';
import { Interruptions } from './settling/interruptions.ts';
import { Losses } from './settling/losses.ts';
import { Task, type TaskRequest } from './tasks/task.ts';
import { TaskCounts } from './tasks/task-counts.ts';

/** After so many sends it is asked which definitions are used no more. */
const FORGET_AFTER = 256;

const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task began.';

export class Manager implements FleetListener, DispatcherListener {
  readonly #settings: ExecutorSettings;
  readonly #sender: Sender;
  readonly #events: PoolEvents;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #arrivals: Arrivals;
  readonly #interruptions: Interruptions;
  readonly #losses: Losses;
  readonly #memoryWatch: MemoryWatch;
  readonly #sparePreparation: SparePreparation;
  readonly counts = new TaskCounts();
  #sentCount = 0;

  constructor(settings: ExecutorSettings, sender: Sender, orders: WorkerOrders, events: PoolEvents) {
    this.#settings = settings;
    this.#sender = sender;
    this.#events = events;
    this.#memoryWatch = createMemoryWatch(settings.memory.limit, (worker) => {
      if (worker.isRetiring) return;
      this.#fleet.retire(worker);
      this.#events.onWorkerRecycled(worker, 'memory-limit', undefined);
    });
    const fleet = new Fleet(settings, orders, this, events);
    const dispatcher = new Dispatcher(fleet, settings.maxTasksPerWorker, this);
    const lifetime = new Lifetime(fleet, dispatcher);
    const sparePreparation = new SparePreparation(fleet.workers);
    const warnings = new PoolWarnings();
    const { counts } = this;
    const common = { fleet, dispatcher, lifetime, sparePreparation, counts, warnings };
    const parts: PoolParts = { settings, sender, events, ...common };
    this.#fleet = fleet;
    this.#dispatcher = dispatcher;
    this.#lifetime = lifetime;
    this.#sparePreparation = sparePreparation;
    this.#interruptions = new Interruptions(parts);
    this.#losses = new Losses(parts);
    this.#arrivals = new Arrivals(parts, this.#losses);
  }

  // A task goes in …

  /** @throws BrokenProcessPool, ShutdownExecutorError, QueueFullError */
  expectRoom(): void {
    const { refusal } = this.#lifetime;
    if (refusal !== undefined) throw refusal;
    const { maxPending } = this.#settings;
    if (maxPending === Number.POSITIVE_INFINITY) return;
    const free = Math.max(0, this.#fleet.maxWorkers - this.runningCount); // those who start count: they take a task each
    const waiting = this.pendingCount - free;
    if (waiting >= maxPending) {
      throw new QueueFullError(
        `${waiting === 1 ? '1 task is' : `${waiting} tasks are`} pending already, and maxPending is ${maxPending}: wait for some of them first`,
      );
    }
  }

  /** A call is being prepared, which takes a while for a function that is new: the first worker boots meanwhile. */
  expectTask(): void {
    if (this.#lifetime.isOpen && this.#fleet.workers.size === 0) this.#fleet.provide(1);
  }

  submit(request: TaskRequest): Future<unknown> {
    this.expectRoom();
    const task = new Task(request, this.#interruptions);
    if (this.#events.watchesTasks) this.#events.onTaskQueued(task);
    const { refusal } = this.#lifetime; // whoever was told of it may have shut the pool down
    if (task.settings.signal?.aborted) this.#interruptions.cancelNew(task, task.settings.signal.reason);
    else if (refusal !== undefined) task.fail(refusal, 'lost');
    else {
      task.listen();
      this.#lifetime.hold();
      this.#dispatcher.add(task);
    }
    return task.future;
  }

  onSent(worker: PoolWorker, task: Task): void {
    this.#memoryWatch.watch(worker);
    this.#sparePreparation.note(task.call.definitions);
    const hasBegun = task.state === 'running' && !task.isLoading;
    if (hasBegun && this.#events.watchesTasks) this.#events.onTaskStarted(task, worker);
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
    this.#lifetime.checkDrained();
  }

  /** Somebody reads what the workers use. */
  figuresWanted(): void {
    this.#memoryWatch.wanted(this.#fleet.workers);
  }

  // … runs, and comes back …

  onFrame(worker: PoolWorker, frame: Frame): void {
    this.#arrivals.take(worker, frame);
  }

  // … or loses its worker …

  onExit(worker: PoolWorker, before: WorkerState, exit: ExitReport): void {
    this.#memoryWatch.unwatch(worker);
    this.#losses.workerEnded(worker, before, exit);
    this.#dispatcher.dispatch();
    this.#lifetime.checkDrained();
  }

  onStartTooSlow(worker: PoolWorker, before: WorkerState): void {
    this.#losses.startedTooSlowly(worker, before);
  }

  // The pool itself.

  onReady(worker: PoolWorker): void {
    this.#losses.workerReady();
    if (worker.state === 'spare') this.#sparePreparation.prepare(worker);
    else this.#lifetime.workerReady();
    this.#lifetime.checkDrained();
  }

  onIdle(): void {
    this.#dispatcher.dispatch();
  }

  onStartsResumed(): void {
    this.#lifetime.replaceAwaited();
    this.#dispatcher.dispatch();
    this.#fleet.resumeStarts();
    if (!this.#fleet.isStarting) this.#losses.shortageIsOver();
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

  /** The time in which no worker can be started for now, if there is one. */
  get shortage(): PoolShortage | undefined {
    return this.#losses.shortage;
  }

  resize(maxWorkers: number): void {
    this.#fleet.resize(maxWorkers);
    for (const worker of this.#fleet.workers) if (worker.isRetiring) this.#dispatcher.takeBack(worker);
    this.#lifetime.resized();
    this.#dispatcher.dispatch();
    this.#lifetime.checkDrained();
  }

  prewarm(wanted: number): Promise<void> {
    return this.#lifetime.prewarm(wanted);
  }

  shutdown({ wait = true, cancelFutures = false, ...rest }: ShutdownOptions): Promise<void> {
    const closed = this.#lifetime.close();
    this.#sparePreparation.stop();
    if (cancelFutures)
      for (const task of this.#dispatcher.takePending()) task.cancelWith(CANCELLED_BY_SHUTDOWN);
    if (wantsKill(rest)) this.#losses.killEverything();
    this.#lifetime.checkDrained();
    return wait ? closed : Promise.resolve();
  }
}
