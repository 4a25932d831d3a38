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
 * The dispatcher sends. What comes back is read here: socket → frames → worker (what concerns only itself) → `onMessage`.
 * settling/losses decides what a death leaves. fleet/ starts and ends workers. Only a task moves itself from state to state.
 */

import type { ExitReport } from '../child/exit-report.ts';
import { type Frame, FrameKind, type LeakFigures, readLeakFigures } from '../child/frames.ts';
import { QueueFullError, TimeoutError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import type { ShutdownOptions } from '../options/task-options.ts';
import { wantsKill } from '../options/task-options.ts';
import type { Sender } from '../sending/index.ts';
import { withSubmitSite } from '../system/submit-site.ts';
import { Dispatcher, type DispatcherListener } from './dispatch/dispatcher.ts';
import { Fleet, type FleetOwner } from './fleet/fleet.ts';
import { createMemoryWatch, type MemoryWatch } from './fleet/memory-watch.ts';
import type { PoolWorker, WorkerEndReason } from './fleet/pool-worker.ts';
import { SparePreparation } from './fleet/spare-preparation.ts';
import type { WorkerOrders } from './fleet/worker-orders.ts';
import { Lifetime } from './lifetime.ts';
import type { PoolEvents, PoolShortage } from './pool-events.ts';
import { PoolWarnings } from './pool-warnings.ts';
import { Losses } from './settling/losses.ts';
import { couldNotPreload, initializerThrew } from './settling/startup-errors.ts';
import { Task, type TaskKeeper, type TaskOutcome, type TaskRequest } from './tasks/task.ts';
import { TaskCounts } from './tasks/task-counts.ts';

/** After so many sends it is asked which definitions are used no more. */
const FORGET_AFTER = 256;
/** Of what a worker says of itself, in bytes: longer than any message of Node's, and not long enough to hold this process up. */
const LONGEST_TEXT = 1_000;

const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task began.';
const CANCELLED = 'The future was cancelled before its task began.';
const KILLED = 'The future was cancelled while its task ran; its worker was ended.';
const ABORTED = 'The signal of the task was aborted.';

interface Answer {
  readonly ok: boolean;
  readonly value: unknown;
}

export class Manager implements FleetOwner, DispatcherListener, TaskKeeper {
  readonly #settings: ExecutorSettings;
  readonly #sender: Sender;
  readonly #events: PoolEvents;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #losses: Losses;
  readonly #memoryWatch: MemoryWatch;
  readonly #sparePreparation: SparePreparation;
  readonly #warnings = new PoolWarnings();
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
    this.#fleet = new Fleet(settings, orders, this, events);
    this.#dispatcher = new Dispatcher(this.#fleet, settings.maxTasksPerWorker, this);
    this.#lifetime = new Lifetime(this.#fleet, this.#dispatcher);
    this.#sparePreparation = new SparePreparation(this.#fleet.workers);
    this.#losses = new Losses({
      settings,
      fleet: this.#fleet,
      dispatcher: this.#dispatcher,
      lifetime: this.#lifetime,
      sparePreparation: this.#sparePreparation,
      warnings: this.#warnings,
      events,
    });
  }

  // A task goes in …

  /** @throws BrokenProcessPool, ShutdownExecutorError, QueueFullError */
  expectRoom(): void {
    if (!this.#lifetime.isOpen) throw this.#lifetime.refusal;
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

  /** @throws SerializationError */
  prepare(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    { settings, submitSite, isChunk }: Omit<TaskRequest, 'call' | 'itemCount'>,
  ): TaskRequest {
    // A function that is new takes a while: the first worker boots meanwhile.
    if (this.#fleet.workers.size === 0 && this.#lifetime.isOpen && !settings.signal?.aborted)
      this.#fleet.provide(1);
    const itemCount = args.length;
    return { call: this.#sender.prepareCall(fn, args), settings, submitSite, isChunk, itemCount };
  }

  /** How many chunks of an async input are in flight, unless the caller says otherwise. */
  get asyncBuffer(): number {
    return 2 * this.#fleet.maxWorkers;
  }

  submit(request: TaskRequest): Future<unknown> {
    this.expectRoom();
    const task = new Task(request, this);
    if (this.#events.watchesTasks) this.#events.onTaskQueued(task);
    const { signal } = request.settings;
    if (signal?.aborted) task.cancelWith(ABORTED, signal.reason);
    // Whoever was told of it may have shut the pool down.
    else if (!this.#lifetime.isOpen) task.fail(this.#lifetime.refusal, 'lost');
    else {
      if (signal !== undefined) task.listen(signal);
      this.#lifetime.hold();
      this.#dispatcher.add(task);
    }
    return task.future;
  }

  onSent(worker: PoolWorker, task: Task): void {
    this.#memoryWatch.watch(worker);
    this.#sparePreparation.note(task.call.definitions);
    if (this.#events.watchesTasks && task.state === 'running' && !task.isLoading)
      this.#events.onTaskStarted(task, worker);
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

  /** @throws for what no worker of ours sends: the worker is ended then. */
  onMessage(worker: PoolWorker, frame: Frame): void {
    switch (frame.kind) {
      case FrameKind.value:
      case FrameKind.error:
        if (frame.id === worker.task?.wireId) this.#answered(worker, frame);
        break;
      case FrameKind.handedBack:
        if (frame.id === worker.task?.wireId) this.#handedBack(worker);
        break;
      case FrameKind.loading:
        this.#loading(worker, frame);
        break;
      case FrameKind.built:
        this.#built(worker, frame.id);
        break;
      case FrameKind.progress:
        if (frame.id === worker.task?.wireId) worker.task.progress(() => this.#sender.decodeValue(frame));
        break;
      case FrameKind.initializerFailed:
        if (!worker.isStarting) throw new Error('its initializer had succeeded before, and failed now');
        this.#losses.breakPool(initializerThrew(this.#decode(frame).value));
        break;
      case FrameKind.preloadFailed: {
        if (!worker.isStarting) throw new Error('it had loaded its modules before, and failed now');
        const name = this.#settings.preload[frame.id]?.specifier ?? 'a module';
        this.#losses.breakPool(couldNotPreload(name, this.#decode(frame).value));
        break;
      }
      case FrameKind.uncaught:
        worker.uncaught = { error: this.#decode(frame).value };
        this.#fleet.expectExit(worker);
        break;
      case FrameKind.retire:
        this.#retire(worker, readLeakFigures(frame.body));
        break;
      case FrameKind.unmeasurable:
        this.#warnings.unmeasurable(textOf(frame.body));
        break;
      case FrameKind.growing:
        this.#fleet.prepareReplacement(worker);
        break;
      default:
        throw new Error(`a frame of kind ${frame.kind} is for workers only`);
    }
  }

  /** Before the task's function can run, or while it fetches tasks of its own (`loky/bullmq`). */
  #loading(worker: PoolWorker, { id, body }: Frame): void {
    worker.loading = textOf(body) || 'what it needs';
    const { task } = worker;
    if (id !== task?.wireId) return;
    if (task.state === 'sent') task.markStarted(performance.now());
    if (task.state === 'running') task.load();
  }

  #built(worker: PoolWorker, id: number): void {
    if (id === 0) {
      if (worker.isStarting) worker.loading = undefined;
      else worker.notePrepared();
      return;
    }
    const { task } = worker;
    if (id !== task?.wireId) return;
    worker.loading = undefined;
    if (task.state !== 'running') return;
    task.built();
    if (this.#events.watchesTasks) this.#events.onTaskStarted(task, worker);
  }

  #answered(worker: PoolWorker, frame: Frame): void {
    const task = this.#dispatcher.takeAnswered(worker, frame.time);
    const answer = this.#decode(frame, task.isChunk ? task.itemCount : undefined);
    try {
      this.#moveOn(worker, task, frame.time / 1000);
    } finally {
      this.#settle(task, frame, answer); // the worker has it no more: whatever went wrong, nobody else would
    }
  }

  /** @param runTime In milliseconds. */
  #moveOn(worker: PoolWorker, task: Task, runTime: number): void {
    this.counts.noteAnswered(task, runTime);
    this.#losses.restartIntensity?.noteFinished(task.startedAt + runTime, task.isChunk ? task.itemCount : 1);
    if (this.#events.watchesTasks) this.#events.onTaskAnswered(task, worker, runTime);
    if (this.#settings.maxTasksPerWorker - worker.tasksDone <= 1) this.#retireSpent(worker);
    if (worker.tasks.length === 0) this.#fleet.release(worker);
    else this.#dispatcher.refill(worker);
  }

  #settle(task: Task, { kind }: Frame, { ok, value }: Answer): void {
    const isKilled = task.state === 'settled'; // while its answer was on its way
    if (!isKilled && ok && kind === FrameKind.value) task.succeed(value);
    else if (!isKilled) task.fail(withSubmitSite(value, task.submitSite));
    this.#lifetime.checkDrained();
  }

  /** @param items How many a chunk had. */
  #decode(frame: Frame, items?: number): Answer {
    try {
      if (items !== undefined && frame.kind === FrameKind.value)
        return { ok: true, value: this.#sender.decodeOutcomes(frame, items) };
      return { ok: true, value: this.#sender.decodeValue(frame) };
    } catch (error) {
      return { ok: false, value: error };
    }
  }

  /** It has announced that it leaves, and got a task before the host knew. */
  #handedBack(worker: PoolWorker): void {
    if (!worker.isRetiring) throw new Error('a task has closed, read or written file descriptor 4');
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
  #retireSpent(worker: PoolWorker): void {
    const left = this.#settings.maxTasksPerWorker - worker.tasksDone;
    if (left === 1) this.#fleet.prepareReplacement(worker);
    if (left > 0 || worker.isRetiring) return;
    this.#fleet.retire(worker);
    this.#events.onWorkerRecycled(worker, 'max-tasks', undefined);
  }

  // … is asked about, cancelled, or takes too long …

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

  expireTask(task: Task): void {
    this.#expire(task, `ran longer than its timeout of ${task.settings.timeout} ms`);
  }

  get loadLimit(): number {
    return this.#settings.startTimeout;
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
    this.counts.outcomes[outcome] += 1;
    if (this.#events.watchesTasks) this.#events.onTaskSettled(task, outcome, error);
  }

  /** Whether a task that was sent ahead has begun is up to who gets its claim: it is running or pending after this. */
  #decideAbout(task: Task): void {
    if (task.state !== 'sent') return;
    const worker = this.#workerOf(task) as PoolWorker;
    this.#dispatcher.takeBack(worker);
    if (task.state === 'sent') {
      task.markStarted(performance.now());
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

  // … or loses its worker.

  onExit(worker: PoolWorker, exit: ExitReport): void {
    const before = this.#fleet.noteExit(worker, exit);
    this.#memoryWatch.unwatch(worker);
    this.#losses.workerEnded(worker, before, exit);
    this.#dispatcher.dispatch();
    this.#lifetime.checkDrained();
    this.#fleet.replace();
  }

  onStartTooSlow(worker: PoolWorker): void {
    const before = worker.state;
    this.#fleet.kill(worker, 'start-timeout');
    this.#losses.startedTooSlowly(worker, before);
  }

  // The pool itself.

  onReady(worker: PoolWorker): void {
    this.#fleet.noteReady(worker);
    this.#losses.workerReady();
    if (worker.state === 'spare') this.#sparePreparation.prepare(worker);
    else this.#lifetime.workerReady();
    this.#lifetime.checkDrained();
    if (worker.state === 'idle') this.#fleet.becomeIdle(worker);
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

  onGone(worker: PoolWorker): void {
    this.#fleet.forget(worker);
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

/** The beginning of a text of a worker. */
function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, LONGEST_TEXT)).toString();
}
