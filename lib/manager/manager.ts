/**
 * The manager of a pool: what becomes of a task, from submit to settled.
 *
 *   submit                                host │ worker
 *     │                                        │
 *     ▼                                        │
 *   pending queue ───dispatch───▶ worker       │
 *     ▲   │                        │ encode    │
 *     │   │ cancel                 └──frames───┼──▶ task loop ──▶ decode ──▶ run
 *     │   ▼                                    │                              │
 *     │  settled ◀──── decode ◀────frames──────┼──────────── encode ◀─────────┘
 *     │   ▲                                    │
 *     │   │ fail: timeout, kill, its worker died (rule 'isolate'), the pool broke (rule 'break')
 *     └───┴── back to the queue: not begun, or its worker died and it may be run again
 *
 * What a worker says comes up in four steps: socket → frames → worker (what concerns only itself) → `onMessage`.
 * run-ahead.ts decides what a busy worker is sent ahead; workers.ts starts and ends workers; crash-recovery.ts decides what a
 * death leaves. Only a task moves itself from state to state.
 */
import { type ExitReport, exitCodeName } from '../child/exit-report.ts';
import { bytesOf } from '../child/frames.ts';
import { type Frame, FrameKind, type LeakFigures, readLeakFigures, readText } from '../child/protocol.ts';
import { CancelledError, QueueFullError, TimeoutError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { needsOwnWorker } from '../options/own-worker.ts';
import type { ShutdownOptions } from '../options/task-options.ts';
import { wantsKill } from '../options/task-options.ts';
import type { Payload, PreparedCall } from '../sending/common/payload.ts';
import type { Shared } from '../sending/common/shared.ts';
import type { Sender } from '../sending/sender.ts';
import { withSubmitSite } from '../system/submit-site.ts';
import { queueMicrotask } from '../system/timers.ts';
import { CrashRecovery } from './crash-recovery.ts';
import { Lifetime, quietly } from './lifetime.ts';
import { MemoryWatch } from './memory.ts';
import type { PoolEvents, PoolShortage, RecycleReason, TaskEvents } from './pool-events.ts';
import { PoolWarnings } from './pool-warnings.ts';
import { Preparation } from './preparation.ts';
import { PendingQueue } from './queue.ts';
import { Recycling } from './recycling.ts';
import { RunAhead } from './run-ahead.ts';
import { nextToShare } from './scaling.ts';
import { couldNotPreload, initializerThrew } from './startup-errors.ts';
import { Task, type TaskKeeper, type TaskOutcome, type TaskRequest } from './task.ts';
import { TaskCounts } from './task-counts.ts';
import { UnreadMessages } from './task-messages.ts';
import type { StreamControl } from './task-stream.ts';
import type { PoolWorker, WorkerEndReason } from './worker.ts';
import type { WorkerSetup } from './worker-setup.ts';
import { Workers, type WorkersOwner } from './workers.ts';

/** After so many sends, unused definitions are searched for. */
const FORGET_AFTER = 256;

const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task started.';
const CANCELLED = 'The future was cancelled before its task started.';
const ABORTED = 'The signal of the task was aborted.';

interface Answer {
  readonly ok: boolean;
  readonly value: unknown;
}

/** The future is settled: what the worker has answered is not looked at. */
const UNAWAITED: Answer = { ok: false, value: undefined };

export class Manager implements WorkersOwner, TaskKeeper {
  readonly #settings: ExecutorSettings;
  readonly #sender: Sender;
  readonly #setup: WorkerSetup;
  readonly #events: PoolEvents;
  readonly #queue = new PendingQueue();
  readonly #workers: Workers;
  readonly #runAhead: RunAhead;
  readonly #lifetime: Lifetime;
  readonly #crashRecovery: CrashRecovery;
  readonly #memoryWatch: MemoryWatch;
  readonly #preparation: Preparation;
  readonly #recycling: Recycling;
  readonly #warnings = new PoolWarnings();
  readonly counts = new TaskCounts();
  #isDispatchScheduled = false;
  #sentCount = 0;

  constructor(settings: ExecutorSettings, sender: Sender, setup: WorkerSetup, events: PoolEvents) {
    this.#settings = settings;
    this.#sender = sender;
    this.#setup = setup;
    this.#events = events;
    this.#memoryWatch = new MemoryWatch(settings.memory.limit, (worker) => {
      if (!worker.isRetiring) this.#recycle(worker, 'memory-limit', undefined);
    });
    const workers = new Workers(settings, setup, this, events);
    this.#workers = workers;
    this.#runAhead = new RunAhead({
      queue: this.#queue,
      workers,
      maxTasksPerWorker: settings.maxTasksPerWorker,
      onSlow: (worker) => this.#revoke(worker),
      dispatch: () => this.#dispatch(),
    });
    this.#lifetime = new Lifetime(
      workers,
      () => this.#runAhead.outstanding === 0 && this.#queue.length === 0,
    );
    this.#preparation = new Preparation(workers.all);
    sender.onLargeRetired(() => this.#forgetRetired());
    this.#recycling = new Recycling(workers, this.#lifetime, (worker) => {
      this.#recycle(worker, 'requested', undefined);
      this.#revoke(worker);
      this.#dispatch();
    });
    this.#crashRecovery = new CrashRecovery({
      settings,
      workers,
      queue: this.#queue,
      runAhead: this.#runAhead,
      lifetime: this.#lifetime,
      preparation: this.#preparation,
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
    const places = this.#workers.maxWorkers * this.#settings.tasksPerWorker;
    const free = Math.max(0, places - this.runningCount); // workers that start count: each takes a task
    const waiting = this.pendingCount - free;
    if (waiting >= maxPending) {
      throw new QueueFullError(
        `${waiting === 1 ? '1 task is' : `${waiting} tasks are`} pending already, and maxPending is ${maxPending}: wait for some of them first`,
      );
    }
  }

  /** For a process of the first worker that was launched before. */
  startFirst(): void {
    this.#workers.provide(1);
  }

  /** @throws SerializationError */
  prepare(
    fn: (...args: never[]) => unknown,
    args: readonly unknown[],
    { settings, submitSite, isChunk, plan, stream }: Omit<TaskRequest, 'call' | 'itemCount'>,
  ): TaskRequest {
    // A new function takes a while: the first worker boots in that time.
    if (this.#workers.all.size === 0 && this.#lifetime.isOpen && !settings.signal?.aborted)
      this.#workers.provide(1);
    const itemCount = args.length;
    return {
      call: this.#sender.prepareCall(fn, args),
      settings,
      submitSite,
      isChunk,
      itemCount,
      plan,
      stream,
    };
  }

  /** @throws BrokenProcessPool, ShutdownExecutorError, SerializationError */
  share<T>(value: T): Shared<T> {
    if (!this.#lifetime.isOpen) throw this.#lifetime.refusal;
    return this.#sender.share(value);
  }

  /** How many chunks of an async input are in flight, unless the caller says otherwise. */
  get asyncBuffer(): number {
    return 2 * this.#workers.maxWorkers;
  }

  submit(request: TaskRequest): Future<unknown> {
    if (!this.#lifetime.isOpen || this.#settings.maxPending !== Number.POSITIVE_INFINITY) this.expectRoom();
    const task = new Task(request, this);
    if (task.plan !== undefined) task.plan.giveBack = () => this.#revokeItems(task);
    if (task.stream !== undefined) task.stream.control = this.#streamControl(task);
    const observed = this.#events.tasks;
    observed?.queued(task);
    const { signal } = request.settings;
    if (signal?.aborted) task.cancelWith(ABORTED, signal.reason);
    // A listener may have shut the pool down.
    else if (!this.#lifetime.isOpen) task.fail(this.#lifetime.refusal, 'lost');
    else {
      if (signal !== undefined) task.listen(signal);
      this.#lifetime.hold();
      const hasIdle = this.#workers.idle.length > 0;
      if (hasIdle && this.#queue.length === 0) this.#start(task, observed);
      else {
        this.#queue.add(task);
        if (hasIdle) this.#dispatch();
        else this.#dispatchSoon();
      }
    }
    return task.future;
  }

  // … goes to a worker …

  /** Which waiting task goes to which worker: idle ones first, then as many workers as are missing, then ahead of its turn. */
  #dispatch(): void {
    while (this.#queue.length > 0 && this.#workers.idle.length > 0)
      this.#start(this.#queue.take() as Task, this.#events.tasks);
    if (this.#queue.length === 0) return;
    this.#workers.provide(this.#runAhead.outstanding + this.#queue.length);
    if (this.#settings.tasksPerWorker > 1) this.#share();
    else this.#runAhead.fillAll();
  }

  /** Waiting tasks go to workers that run others already. */
  #share(): void {
    const { tasksPerWorker, maxTasksPerWorker } = this.#settings;
    while (this.#queue.length > 0) {
      const { all, maxWorkers } = this.#workers;
      const waiting = this.#queue.length;
      const worker = nextToShare(all, { waiting, tasksPerWorker, maxTasksPerWorker, maxWorkers });
      if (worker === undefined) return;
      this.#start(this.#queue.take() as Task, this.#events.tasks, worker);
    }
  }

  /** After what is going on now: what is submitted in one go is sent ahead in one go. */
  #dispatchSoon(): void {
    if (this.#isDispatchScheduled) return;
    this.#isDispatchScheduled = true;
    queueMicrotask(() => {
      this.#isDispatchScheduled = false;
      this.#dispatch();
    });
  }

  /** On an idle worker: the one that was busy last, as the others may expire; or on one that takes it beside others. */
  #start(task: Task, observed: TaskEvents | undefined, shared?: PoolWorker): void {
    const { idle } = this.#workers;
    const worker = shared ?? (idle.at(-1) as PoolWorker);
    const id = this.#runAhead.nextId();
    let isBuilt = true;
    const isPlain = !task.isChunk && task.stream === undefined && task.messages === undefined;
    if (task.call.writeInto === undefined || !isPlain || !worker.runInline(task, id)) {
      let payload: Payload;
      try {
        payload = task.call.encode();
      } catch (error) {
        this.#unsendable(task, error);
        return;
      }
      isBuilt = worker.run(task, id, payload);
    }
    if (shared === undefined) idle.pop();
    task.begin(id, isBuilt);
    this.#runAhead.begun(task);
    if (this.#memoryWatch.isWanted && !worker.isWatched) this.#memoryWatch.watch(worker);
    if (task.definitions !== this.#preparation.latest) this.#preparation.note(task.definitions);
    if (isBuilt) observed?.started(task, worker);
    this.#sentCount += 1;
    if (this.#sentCount % FORGET_AFTER === 0) this.#forgetRetired();
  }

  /** Its values were copied when it was submitted; there may be no memory for their bytes. */
  #unsendable(task: Task, error: unknown): void {
    task.fail(withSubmitSite(error, task.submitSite));
    this.#lifetime.checkDrained();
  }

  /** Functions that were sent once and never again do not pile up in the workers. */
  #forgetRetired(): void {
    for (const id of this.#sender.takeRetired()) {
      this.#preparation.forget(id);
      for (const worker of this.#workers.all) worker.forget(id);
    }
  }

  /** A caller reads what the workers use. */
  figuresWanted(): void {
    this.#memoryWatch.wanted(this.#workers.all);
  }

  // … runs, and comes back …

  /** @throws for what no worker of ours sends: the worker is ended then. */
  onMessage(worker: PoolWorker, frame: Frame): void {
    switch (frame.kind) {
      case FrameKind.value:
      case FrameKind.error:
        this.#answered(worker, frame);
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
        this.#progressed(worker, frame);
        break;
      case FrameKind.crowded:
        worker.isCrowded = worker.isShared;
        break;
      case FrameKind.yielded:
        this.#yielded(worker, frame);
        break;
      case FrameKind.stopping:
        taskOf(worker, frame.id)?.stream?.noteStopping();
        break;
      case FrameKind.messageTaken:
        this.#messageTaken(worker, frame.id);
        break;
      case FrameKind.initializerFailed:
        if (!worker.isStarting) throw new Error('its initializer had succeeded before, and failed now');
        this.#crashRecovery.breakPool(initializerThrew(this.#decode(frame).value));
        break;
      case FrameKind.preloadFailed: {
        if (!worker.isStarting) throw new Error('it had loaded its modules before, and failed now');
        const name = this.#settings.preload[frame.id]?.specifier ?? 'a module';
        this.#crashRecovery.breakPool(couldNotPreload(name, this.#decode(frame).value));
        break;
      }
      case FrameKind.uncaught:
        worker.isDying = true;
        worker.uncaught = { error: this.#decode(frame).value };
        this.#workers.termination.expectExit(worker);
        break;
      case FrameKind.retire:
        this.#leaks(worker, readLeakFigures(frame.body));
        break;
      case FrameKind.unmeasurable:
        this.#warnings.unmeasurable(readText(frame.body));
        break;
      case FrameKind.growing:
        this.#workers.prepareReplacement(worker);
        break;
      case FrameKind.tornDown:
        this.#tornDown(worker, frame);
        break;
      default:
        throw new Error(`a frame of kind ${frame.kind} is for workers only`);
    }
  }

  #progressed(worker: PoolWorker, frame: Frame): void {
    const task = taskOf(worker, frame.id);
    if (task === undefined) return;
    if (task.state === 'settled') return; // it was asked to end
    const decode = () => this.#sender.decodeValue(frame);
    task.progress(decode);
    this.#events.tap?.taskProgressed(task, worker, decode);
  }

  /** Before the task's function can run, or while it fetches tasks of its own (`loky/bullmq`). */
  #loading(worker: PoolWorker, { id, body }: Frame): void {
    worker.loading = readText(body) || 'what it needs';
    const task = taskOf(worker, id);
    if (task === undefined) return;
    if (task.state === 'sent') task.markStarted(performance.now());
    if (task.state === 'running') task.load();
  }

  #built(worker: PoolWorker, id: number): void {
    if (id === 0) {
      if (worker.isStarting) worker.loading = undefined;
      else worker.notePrepared();
      this.#preparation.check();
      return;
    }
    const task = taskOf(worker, id);
    if (task === undefined) return;
    if (task.state === 'running') task.built();
    noteLoaded(worker);
    if (task.state !== 'running') return;
    this.#events.tasks?.started(task, worker);
  }

  #answered(worker: PoolWorker, frame: Frame): void {
    const first = worker.sent.tasks[0];
    const task = first?.wireId === frame.id ? first : worker.sharingTask(frame.id);
    if (task === undefined) return;
    this.#runAhead.answered(worker, task, frame.time);
    if (worker.loading !== undefined) noteLoaded(worker);
    worker.tasksDone += 1;
    const { ok, value } =
      task.state === 'settled' ? UNAWAITED : this.#decode(frame, task.isChunk ? task.itemCount : undefined);
    const runTime = frame.time / 1000;
    if (task.plan !== undefined) task.plan.runTime = runTime;
    try {
      this.counts.noteAnswered(task.startedAt - task.submittedAt, runTime);
      this.#crashRecovery.restartIntensity?.noteFinished(
        task.startedAt + runTime,
        task.isChunk ? task.itemCount : 1,
      );
      this.#events.tasks?.answered(task, worker, runTime);
      this.#events.tap?.taskAnswered(task, worker, runTime);
      if (this.#settings.maxTasksPerWorker - worker.tasksDone <= 1) this.#retireSpent(worker);
      if (worker.interruption?.task === task) this.#workers.termination.endInterruption(worker);
      if (worker.sent.tasks.length === 0) this.#workers.release(worker);
      if (this.#queue.length > 0) this.#refill(worker);
    } finally {
      // The worker has it no more: whatever went wrong, nothing else would settle it. One that was killed while its
      // answer was read is settled already.
      if (task.state !== 'settled') {
        if (ok && frame.kind === FrameKind.value) task.settle('succeeded', value);
        else task.fail(withSubmitSite(value, task.submitSite));
      }
      if (this.#runAhead.outstanding === 0 && this.#queue.length === 0) this.#lifetime.drained();
    }
  }

  // … and speaks with its host meanwhile.

  #yielded(worker: PoolWorker, frame: Frame): void {
    const task = taskOf(worker, frame.id);
    if (task?.state !== 'running') return;
    if (task.stream === undefined) throw new Error('it sent a stream value for a task that is not a stream');
    task.stream.receive(bytesOf(frame), () => this.#sender.decodeValue(frame));
  }

  #streamControl(task: Task): StreamControl {
    return {
      grant: (count) => {
        if (task.state === 'running') this.#workerOf(task)?.grantValues(task.wireId, count);
      },
      stop: () => {
        if (task.state === 'pending') this.cancelTask(task, false);
        else if (task.state === 'running') this.#workerOf(task)?.stopStream(task.wireId);
      },
    };
  }

  /** @throws TypeError, QueueFullError, SerializationError */
  sendMessage(task: Task, value: unknown): boolean {
    if (task.settings.sharesWorker) throw needsOwnWorker('future.send', 'gets no messages');
    this.#decideAbout(task);
    const messages = task.messages ?? new UnreadMessages();
    messages.expectRoom();
    const call = this.#prepareMessage(value);
    // Code of the user that was asked for the value may have ended the task.
    const worker = task.state === 'running' ? this.#workerOf(task) : undefined;
    if (task.state !== 'pending' && worker === undefined) return false;
    const message = { definitions: call.definitions, payload: call.encode() };
    task.messages = messages;
    messages.add(message);
    worker?.sendMessage(task.wireId, message);
    return true;
  }

  #prepareMessage(value: unknown): PreparedCall {
    return this.#sender.prepareCall(Array.of as (...args: never[]) => unknown, [value]);
  }

  #messageTaken(worker: PoolWorker, id: number): void {
    const task = taskOf(worker, id);
    if (task?.state !== 'running') return;
    if (task.messages === undefined) throw new Error('it has taken a message that was not sent');
    task.messages.taken();
  }

  /** Of a chunk that is running, what its worker has not claimed. Returns how many items it keeps. */
  #revokeItems(task: Task): number {
    if (task.state === 'running') this.#workerOf(task)?.revokeItems(task);
    return task.itemCount;
  }

  /** A worker that has tasks left gets more before it runs dry. */
  #refill(worker: PoolWorker): void {
    if (worker.state === 'idle' || worker.isShared) this.#dispatch();
    else if (worker.sent.tasks.length > 0) this.#runAhead.fill(worker);
  }

  /** The worker has nothing to do any more. */
  #free(worker: PoolWorker): void {
    this.#workers.release(worker);
    if (this.#queue.length > 0 && worker.state === 'idle') this.#dispatch();
  }

  /** What the worker has not begun waits again, before all others. */
  #revoke(worker: PoolWorker): void {
    if (this.#runAhead.revoke(worker)) this.#free(worker);
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

  /** The worker has announced that it leaves, and got a task before the host knew. */
  #handedBack(worker: PoolWorker): void {
    if (!worker.isRetiring) throw new Error('a task has closed, read or written file descriptor 4');
    for (const task of this.#runAhead.takeAll(worker).reverse()) {
      if (task.state === 'settled') continue; // it was asked to end
      task.revoke();
      this.#queue.addFirst(task);
    }
    if (worker.interruption !== undefined) this.#workers.termination.endInterruption(worker);
    this.#workers.release(worker);
    this.#dispatch();
    this.#lifetime.checkDrained();
  }

  #leaks(worker: PoolWorker, figures: LeakFigures): void {
    if (worker.isRetiring) return;
    this.#recycle(worker, 'memory-leak', figures);
    this.#revoke(worker);
    this.#warnings.leak(figures);
    this.#dispatch();
  }

  #recycle(worker: PoolWorker, reason: RecycleReason, figures: LeakFigures | undefined): void {
    this.#workers.recycle(worker);
    this.#events.onWorkerRecycled(worker, reason, figures);
  }

  /** Its replacement starts with its last task, and it leaves after that. */
  #retireSpent(worker: PoolWorker): void {
    const left = this.#settings.maxTasksPerWorker - worker.tasksDone;
    if (left === 1) this.#workers.prepareReplacement(worker);
    if (left > 0 || worker.isRetiring) return;
    this.#recycle(worker, 'max-tasks', undefined);
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
    const error = cancelledError(task, isPending, cause);
    if (isPending) this.#queue.noteCancelled(task);
    else this.#endWorkerOf(task, 'cancelled', error);
    task.settle('cancelled', error);
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
    this.#expire(task, `did not start within ${this.loadLimit} ms (startTimeout): it was loading ${loading}`);
  }

  #expire(task: Task, why: string): void {
    const error = new TimeoutError(`The task ${JSON.stringify(task.name)} ${why}; ${consequenceOf(task)}.`);
    this.#endWorkerOf(task, 'timed-out', error);
    task.fail(withSubmitSite(error, task.submitSite), 'timed-out');
    this.#lifetime.checkDrained();
  }

  taskSettled(task: Task, outcome: TaskOutcome, error: unknown): void {
    this.counts.outcomes[outcome] += 1;
    if (outcome !== 'succeeded') this.#events.tap?.taskFailed(task, outcome, error);
    this.#events.tasks?.settled(task, outcome, error);
  }

  /** Whether a task that was sent ahead has begun depends on which process gets its claim: after this the task is running or pending. */
  #decideAbout(task: Task): void {
    if (task.state !== 'sent') return;
    const worker = this.#workerOf(task) as PoolWorker;
    this.#revoke(worker);
    if (task.state === 'sent') {
      task.markStarted(performance.now());
      this.#events.tasks?.started(task, worker);
    }
    this.#dispatchSoon();
  }

  /** A task whose answer is on its way is left alone; a task with a `killGrace` is asked to end first. */
  #endWorkerOf(task: Task, reason: WorkerEndReason, error: Error): void {
    const worker = this.#workerOf(task);
    if (worker === undefined) return; // its answer is being rebuilt, by code of the user that asked for this
    this.#events.tasks?.started(task, worker); // it may have been loading until now
    this.#revoke(worker);
    if (worker.isShared && (reason === 'cancelled' || reason === 'timed-out'))
      worker.endedFor ??= { task: task.name, reason };
    if (worker.isShared || worker.sent.tasks.at(-1) === task) {
      const { termination } = this.#workers;
      if (!termination.interrupt(worker, task, reason, error)) termination.kill(worker, reason);
    }
    this.#dispatchSoon();
  }

  onGraceOver(): void {
    this.#dispatchSoon();
  }

  #workerOf(task: Task): PoolWorker | undefined {
    for (const worker of this.#workers.all) if (worker.sent.tasks.includes(task)) return worker;
    return undefined;
  }

  // … or loses its worker.

  onExit(worker: PoolWorker, exit: ExitReport): void {
    const before = this.#workers.noteExit(worker, exit);
    if (before === 'leaving' && worker.isTearingDown) this.#diedInTeardown(worker, exit);
    this.#memoryWatch.unwatch(worker);
    this.#preparation.check();
    this.#crashRecovery.workerEnded(worker, before, exit);
    this.#dispatch();
    this.#lifetime.checkDrained();
    this.#workers.replace();
    this.#recycling.advance();
  }

  onStartTooSlow(worker: PoolWorker): void {
    const before = worker.state;
    this.#workers.termination.kill(worker, 'start-timeout');
    this.#crashRecovery.startedTooSlowly(worker, before);
  }

  // The pool itself.

  onReady(worker: PoolWorker): void {
    this.#workers.noteReady(worker);
    this.#crashRecovery.workerReady();
    this.#preparation.prepare(worker);
    if (worker.state !== 'spare') this.#lifetime.prewarming.noteReady();
    this.#lifetime.checkDrained();
    if (worker.state === 'idle') this.#workers.becomeIdle(worker);
    this.#recycling.advance();
  }

  onIdle(): void {
    this.#dispatch();
  }

  onStartsResumed(): void {
    this.#lifetime.prewarming.replace();
    this.#dispatch();
    this.#workers.resumeStarts();
    this.#recycling.advance();
    if (!this.#workers.isStarting) this.#crashRecovery.shortageIsOver();
  }

  onGone(worker: PoolWorker): void {
    this.#workers.forget(worker);
    this.#lifetime.workerGone();
  }

  #tornDown(worker: PoolWorker, frame: Frame): void {
    if (!worker.isTearingDown) throw new Error('it had nothing to tear down');
    if (frame.id !== 0) this.#warnings.teardownFailed(this.#decode(frame).value);
    if (worker.state === 'leaving') this.#workers.termination.tornDown(worker);
  }

  onTeardownTooSlow(): void {
    this.#warnings.teardownTooSlow(this.#settings.teardownTimeout);
  }

  #diedInTeardown({ uncaught }: PoolWorker, exit: ExitReport): void {
    if (uncaught !== undefined) this.#warnings.teardownFailed(uncaught.error);
    else if (exit.exitCode !== 0)
      this.#warnings.teardownFailed(new Error(`its process ended with {${exitCodeName(exit)}}`));
  }

  get isOpen(): boolean {
    return this.#lifetime.isOpen;
  }

  get isBroken(): boolean {
    return this.#lifetime.brokenBy !== undefined;
  }

  /** Tasks that have not begun, wherever they are. */
  get pendingCount(): number {
    const { tasksPerWorker } = this.#settings;
    let sentAhead = 0;
    for (const { sent } of this.#workers.all) sentAhead += sent.waitingBehind(tasksPerWorker);
    return this.#queue.length + sentAhead;
  }

  /** Tasks that have begun and are not answered: a worker may have more of them than it runs at once. */
  get runningCount(): number {
    let running = 0;
    for (const { state, taskCount, sent } of this.#workers.all)
      if (state === 'busy') running += taskCount - sent.waitingBehind(this.#settings.tasksPerWorker);
    return running;
  }

  get workers(): ReadonlySet<PoolWorker> {
    return this.#workers.all;
  }

  get maxWorkers(): number {
    return this.#workers.maxWorkers;
  }

  /** The time in which no worker can be started for now, if there is one. */
  get shortage(): PoolShortage | undefined {
    return this.#crashRecovery.shortage;
  }

  /**
   * For an operator: what the worker runs is cancelled and the worker killed with it; one that is idle leaves. It is replaced
   * as after any other end. `false` if it starts or ends already.
   */
  endWorker(worker: PoolWorker): boolean {
    if (worker.state === 'busy') {
      const running = worker.tasks.filter((task, index) => index === 0 || task.state === 'running');
      return running.map((task) => this.cancelTask(task, true)).includes(true);
    }
    if (worker.state !== 'idle' && worker.state !== 'spare') return false;
    this.#workers.termination.kill(worker, 'cancelled');
    return true;
  }

  resize(maxWorkers: number): void {
    this.#workers.resize(maxWorkers);
    for (const worker of this.#workers.all) if (worker.isRetiring) this.#revoke(worker);
    this.#lifetime.prewarming.noteResize();
    this.#dispatch();
    this.#lifetime.checkDrained();
  }

  /** @throws SerializationError for a function that cannot be sent. */
  prewarm(wanted: number, functions: readonly ((...args: never[]) => unknown)[] = []): Promise<void> {
    const calls = functions.map((fn) => this.#sender.prepareCall(fn, []));
    const ready = this.#lifetime.prewarm(wanted);
    return calls.length === 0 ? ready : quietly(ready.then(() => this.#warm(calls)));
  }

  async #warm(calls: readonly PreparedCall[]): Promise<void> {
    if (this.#lifetime.isOpen)
      await this.#lifetime.until(
        Promise.all(calls.map(({ definitions }) => this.#preparation.add(definitions))),
      );
    if (!this.#lifetime.isOpen) throw this.#lifetime.refusal;
  }

  /** Resolves when all workers of this moment are gone. */
  recycle(): Promise<void> {
    if (!this.#lifetime.isOpen) return quietly(Promise.reject(this.#lifetime.refusal));
    return quietly(this.#lifetime.until(this.#recycling.begin()));
  }

  shutdown({ wait = true, cancelFutures = false, ...rest }: ShutdownOptions): Promise<void> {
    const closed = this.#lifetime.close();
    void closed.then(this.#setup.close);
    this.#preparation.stop();
    if (cancelFutures)
      for (const task of this.#crashRecovery.takePending()) task.cancelWith(CANCELLED_BY_SHUTDOWN);
    if (wantsKill(rest)) this.#crashRecovery.killEverything();
    this.#lifetime.checkDrained();
    return wait ? closed : Promise.resolve();
  }
}

function cancelledError(task: Task, isPending: boolean, cause: unknown): CancelledError {
  if (cause !== undefined) return new CancelledError(ABORTED, { cause });
  return new CancelledError(
    isPending ? CANCELLED : `The future was cancelled while its task ran; ${consequenceOf(task)}.`,
  );
}

/** The last clause of messages: what happens to the worker. */
function consequenceOf({ settings: { killGrace } }: Task): string {
  if (!(killGrace > 0)) return 'its worker was killed';
  return `the task was asked to end, and its worker is killed unless it ends within ${killGrace} ms (killGrace)`;
}

/** The task that the worker was sent under this number, if it is one that it runs. */
function taskOf(worker: PoolWorker, id: number): Task | undefined {
  const { task } = worker;
  return task?.wireId === id ? task : worker.sharingTask(id);
}

/** One of its tasks has what it needs. */
function noteLoaded(worker: PoolWorker): void {
  if (!worker.isShared || !worker.tasks.some(({ isLoading }) => isLoading)) worker.loading = undefined;
}
