/**
 * All tasks of an executor that are not settled: it sends them to the queue, and settles them by what comes back.
 *
 *   submit ──▶ outbox ──addBulk──▶ queue in Redis ──▶ a machine that serves ──▶ its pool
 *                                       │                     │
 *   settled ◀── codec ◀──replies────────┼─────────────────────┘
 *      ▲                                │
 *      └───── reconciler (reads the jobs) ◀─┘     cancel, kill ──withdrawal──▶ queue, machines
 *
 * The pool decides what becomes of a task; tasks settle themselves.
 */
import { CancelledError, QueueFullError, ShutdownExecutorError, type TimeoutError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import { type ShutdownOptions, wantsKill } from '../options/task-options.ts';
import { KeepAlive } from '../system/keep-alive.ts';
import type { SubmitSite } from '../system/submit-site.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { JobLostError } from './errors.ts';
import type { RemoteSettings } from './executor-options.ts';
import { Followers } from './followers.ts';
import type { JobState } from './job-reader.ts';
import { LateOutput } from './late-output.ts';
import { LostMachines } from './lost-machines.ts';
import { Outbox } from './outbox.ts';
import { deletePayload, fetchOutcome, keyIn, type PayloadStore, putPayload } from './payload-store.ts';
import { queueTimeoutError, type TakenFromQueue, takingFromQueue } from './queue-timeout.ts';
import { lostJob, Reconciler, unknownJob } from './reconciler.ts';
import { RemoteLink, type RemoteLinkListener } from './remote-link.ts';
import { RemoteCounts, type RemoteStats } from './remote-stats.ts';
import {
  RemoteTask,
  type RemoteTaskKeeper,
  type RemoteTaskRequest,
  type RemoteTaskSettings,
  type Upload,
} from './remote-task.ts';
import { warnOfLeftovers, watchUnstored } from './remote-warnings.ts';
import { RetriedRequests } from './retried-requests.ts';
import { type JobData, type Reply, type ReplyKind, readOutput, replyOfJob } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';
import { withdrawal } from './withdrawal.ts';

/**
 * A job that is not found so often in a row is gone; once may be before it was added. One that has failed without an outcome
 * was not failed by a machine's answer; once may be before that is written.
 */
const GONE_AFTER = 2;

/** Milliseconds that it may take to withdraw tasks that are no longer awaited: Redis may never answer. */
const CLOSE_TIMEOUT = 5_000;

const CANCELLED = 'The future was cancelled before its task was known to have started.';
const CANCELLED_ELSEWHERE =
  'The task was cancelled by another executor that waited for it, before it was known to have started.';
const DETACHED = 'The executor no longer waits for the outcome; the task continues.';
const KILLED = 'The future was cancelled while its task ran; its worker is killed.';
const ABORTED = 'The signal of the task was aborted.';
const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task started.';
const KILLED_BY_SHUTDOWN =
  'The Executor was shutdown with `killWorkers: true` before this job could complete.';

export class RemotePool implements RemoteTaskKeeper, RemoteLinkListener {
  /** In the queue and not settled, by their keys. */
  readonly sent = new Map<string, RemoteTask>();
  readonly lostMachines = new LostMachines();
  readonly #settings: RemoteSettings;
  readonly #executorId: string;
  readonly #counts = new RemoteCounts();
  readonly #codec: ValueCodec;
  readonly #link: RemoteLink;
  readonly #outbox: Outbox;
  readonly #reconciler: Reconciler;
  readonly #keepAlive = new KeepAlive();
  readonly #unsent = new Map<string, RemoteTask>();
  readonly #followers: Followers;
  /** Jobs that are being withdrawn and that other executors may wait for: these must be notified. */
  readonly #withdrawnShared = new Set<string>();
  /** Tasks whose `queueTimeout` is over, and whose jobs may have begun. */
  readonly #overdue: RetriedRequests<RemoteTask, TakenFromQueue>;
  readonly #lateOutput = new LateOutput((task) => this.#followers.remove(task));
  /** Jobs that may still run although they are no longer awaited, by their ids. */
  readonly #withdrawals: RetriedRequests<string, boolean>;
  /** Cancelled during an outage of Redis: their states are read after it. The value is `kill`. */
  readonly #wishes = new Map<RemoteTask, boolean>();
  #closed: Promise<void> | undefined;
  #resolveDrained = () => {};
  #closeTimeout: NodeJS.Timeout | undefined;

  constructor(settings: RemoteSettings, executorId: string, codec: ValueCodec) {
    this.#settings = settings;
    this.#executorId = executorId;
    this.#codec = codec;
    this.#link = new RemoteLink(settings, executorId, this);
    this.#followers = new Followers(this.#link);
    this.#overdue = new RetriedRequests(this.#link, settings.checkInterval, (task, end) =>
      this.#onTaken(task, end),
    );
    this.#outbox = new Outbox(settings, this.#link, this);
    this.#reconciler = new Reconciler(this.#link, settings.checkInterval, settings.queue, this);
    this.#withdrawals = new RetriedRequests(this.#link, settings.checkInterval, (id, isRemoved) => {
      const isShared = this.#withdrawnShared.delete(id);
      if (isRemoved && isShared) this.#announce(id, new CancelledError(CANCELLED_ELSEWHERE));
      this.#checkDrained();
    });
  }

  /** @throws ShutdownExecutorError */
  assertOpen(): void {
    if (this.#closed === undefined) return;
    throw new ShutdownExecutorError('cannot schedule new futures after shutdown');
  }

  /** @throws ShutdownExecutorError, QueueFullError */
  expectRoom(): void {
    this.assertOpen();
    const { maxPending } = this.#settings;
    if (this.pendingCount < maxPending) return;
    throw new QueueFullError(
      `${this.pendingCount} tasks are pending already, and maxPending is ${maxPending}`,
    );
  }

  /** Tasks that are not settled. */
  get pendingCount(): number {
    return this.#unsent.size + this.sent.size;
  }

  stats(): RemoteStats {
    return this.#counts.stats(this.#executorId, this.#link.isReady, this.#all());
  }

  noteLostMachine(): void {
    this.#counts.machinesLost += 1;
  }

  isAwaited(): boolean {
    return this.pendingCount > 0;
  }

  submit(request: RemoteTaskRequest): Future<unknown> {
    const task = this.#newTask(request);
    if (task.isSettled) return task.future;
    this.#unsent.set(task.key, task);
    watchUnstored(this, true);
    if (request.upload === undefined && request.shares.length === 0) this.#outbox.add(task);
    else void this.#upload(task);
    this.#link.noteAwaited();
    return task.future;
  }

  get unstoredCount(): number {
    return this.#unsent.size;
  }

  get queue(): string {
    return this.#settings.queue;
  }

  /** @throws what the first task that could not be stored has failed with. */
  async flush(): Promise<void> {
    await Promise.all([...this.#unsent.values()].map((task) => task.stored()));
  }

  /** A task that waits for a job which was stored before. @throws ShutdownExecutorError, QueueFullError */
  attach(id: string, settings: RemoteTaskSettings, submitSite: SubmitSite | undefined): RemoteTask {
    const data = { reply: replyOfJob(id) } as JobData;
    const common = { name: id, data, upload: undefined, shares: [], settings, submitSite };
    const task = this.#newTask({ id, kind: 'attached', ...common });
    if (task.isSettled) return task;
    task.state = 'sent';
    // This executor has stored the job itself: if it is missing now, it has ended or was cancelled, and that is about to be heard.
    for (const other of this.#followers.of(id)) task.wasSeen ||= other.state === 'sent';
    this.sent.set(task.key, task);
    this.#link.noteAwaited();
    this.#reconciler.start();
    void this.#followers.add(task).then(() => this.#reconciler.look(task));
    return task;
  }

  /** It is settled if its signal is aborted already. @throws ShutdownExecutorError, QueueFullError */
  #newTask(request: RemoteTaskRequest): RemoteTask {
    this.expectRoom();
    const task = new RemoteTask(request, this);
    for (const share of request.shares) {
      share.hold();
      if (request.kind !== 'own') share.leave();
    }
    this.#counts.submitted += 1;
    const { signal } = request.settings;
    if (signal?.aborted) this.#drop(task, () => task.cancelWith(ABORTED, signal.reason));
    else this.#keepAlive.hold();
    return task;
  }

  /** It is no longer awaited; its job continues. */
  detach(task: RemoteTask): void {
    if (task.state !== 'settled') this.#drop(task, () => task.cancelWith(DETACHED));
  }

  async #upload(task: RemoteTask): Promise<void> {
    const { upload, shares } = task.request;
    try {
      if (upload !== undefined) await this.#putArguments(task, upload);
      await Promise.all(shares.map(({ stored }) => stored));
    } catch (error) {
      if (task.state !== 'settled') this.#fail(task, error);
      return;
    }
    if (task.state !== 'settled') this.#outbox.add(task);
  }

  async #putArguments(task: RemoteTask, { key, text }: Upload): Promise<void> {
    const store = this.#settings.store as PayloadStore;
    await putPayload(store, key, Buffer.from(text), `the arguments of job ${task.id}`);
    if (task.state === 'settled') deletePayload(store, key);
  }

  // Submission.

  /** A job with an id of its own may be done: then it must not run again, even if it is gone from the queue. */
  beforeSending(tasks: readonly RemoteTask[]): Promise<void> | undefined {
    const named = tasks.filter(({ request }) => request.kind !== 'own');
    if (named.length === 0) return undefined;
    return Promise.all(named.map((task) => this.#prepareNamed(task))).then(() => {});
  }

  async #prepareNamed(task: RemoteTask): Promise<void> {
    if (task.request.kind === 'shared') await this.#followers.add(task);
    if (task.request.settings.jobId === undefined) return;
    try {
      const [jobState] = await this.#link.readJobs([task]);
      if (task.isSettled || (jobState?.kind !== 'value' && jobState?.kind !== 'error')) return;
      if (task.request.kind === 'shared') this.onJobState(task, jobState);
      else this.#drop(task, () => task.succeed(task.id));
    } catch {} // then addBulk will say it
  }

  onSent(tasks: readonly RemoteTask[]): void {
    for (const task of tasks) {
      this.#unsent.delete(task.key);
      task.markStored();
      if (task.isUnwanted) this.#withdraw(task);
      if (task.state === 'settled') continue; // cancelled on its way, or answered already
      if (task.request.kind === 'detached') {
        this.#drop(task, () => task.succeed(task.id));
        continue;
      }
      if (task.state === 'unsent') task.state = 'sent';
      this.sent.set(task.key, task);
      void this.#overdue.tryNow(task);
      if (task.request.kind === 'shared') void this.#reconciler.look(task); // others may have stored it, long ago
    }
    if (this.#unsent.size === 0) watchUnstored(this, false);
    this.#reconciler.start();
    this.#checkDrained();
  }

  onRefused(tasks: readonly RemoteTask[], error: unknown): void {
    for (const task of tasks) {
      if (task.state === 'settled') continue;
      this.#drop(task, () => task.fail(this.#link.refusal(error)));
      if (task.request.kind === 'own') this.#withdraw(task); // of a batch, some may be there
    }
  }

  // Replies, and states of jobs.

  async onReady(): Promise<void> {
    await this.#followers.resume();
    if (!this.#link.isReady) return; // it will be again
    this.#withdrawals.resume(); // before a machine begins them
    this.#outbox.flushSoon();
    for (const [task, kill] of this.#wishes) void this.#fulfil(task, kill);
    this.#overdue.resume();
    void this.#reconciler.walk(); // messages of the outage were missed
  }

  onReplies(replies: readonly Reply[]): void {
    for (const [id, kind, text] of replies) {
      if (kind === 'value' || kind === 'error') this.#noteHeard(id);
      // A machine may be quicker than the answer to addBulk.
      const own = this.sent.get(id) ?? this.#unsent.get(id) ?? this.#lateOutput.taskOf(id);
      const tasks = own === undefined ? this.#followers.of(id) : [own];
      for (const task of [...tasks]) this.#onReply(task, kind, text);
    }
  }

  #onReply(task: RemoteTask, kind: ReplyKind, text: string): void {
    if (kind === 'output') for (const line of readOutput(text)) task.output(line);
    if (task.state === 'settled') return;
    task.wasSeen = true;
    if (kind === 'progress') {
      task.markStarted(task.machine);
      task.progress(() => this.#codec.read(text, 'the progress'));
    } else if (kind === 'started') task.markStarted(text || undefined);
    else if (kind === 'waiting') task.markGivenBack();
    else if (kind === 'stored') void this.#reconciler.look(task);
    else if (kind !== 'output') this.#settle(task, kind, text);
  }

  onJobState(task: RemoteTask, jobState: JobState): void {
    task.missed = jobState.kind === 'missing' || jobState.kind === 'failed' ? task.missed + 1 : 0;
    task.wasSeen ||= jobState.kind !== 'missing';
    switch (jobState.kind) {
      case 'value':
      case 'error':
        this.#noteHeard(task.id);
        this.#settle(task, jobState.kind, jobState.text);
        break;
      case 'failed':
        if (task.missed < GONE_AFTER) break;
        this.#fail(task, new JobLostError(`job ${task.id} failed: ${jobState.reason}`));
        break;
      case 'missing':
        if (!task.wasSeen && task.request.kind === 'attached')
          this.#fail(task, unknownJob(task.id, this.queue));
        else if (task.missed >= GONE_AFTER) this.#fail(task, lostJob(task.id));
        break;
      default:
        if (jobState.kind === 'running') task.markStarted(jobState.machine);
        else task.markWaiting();
    }
  }

  /** The outcome of a job needs to be kept no longer, unless others may ask for it. */
  #noteHeard(id: string): void {
    if (!this.#followers.has(id)) this.#link.noteHeard(id);
  }

  #settle(task: RemoteTask, kind: 'value' | 'error', text: string): void {
    const key = keyIn(text);
    if (key === undefined) this.#settleWith(task, kind, text);
    else if (!task.isFetching) void this.#fetch(task, kind, key);
  }

  async #fetch(task: RemoteTask, kind: 'value' | 'error', key: string): Promise<void> {
    task.isFetching = true;
    try {
      const text = await fetchOutcome(this.#settings.store, key, task.id, task.request.kind !== 'own');
      if (task.state !== 'settled') this.#settleWith(task, kind, text);
    } catch (error) {
      if (task.state !== 'settled') this.#fail(task, error);
    }
  }

  #settleWith(task: RemoteTask, kind: 'value' | 'error', text: string): void {
    let value: unknown;
    try {
      value = this.#codec.read(text, kind === 'value' ? 'the result' : 'the error');
    } catch (error) {
      this.#fail(task, error);
      return;
    }
    if (kind === 'error') this.#fail(task, value);
    else this.#drop(task, () => task.succeed(value));
  }

  #fail(task: RemoteTask, error: unknown): void {
    this.#drop(task, () => task.fail(error));
  }

  /** Its callbacks may submit and shut down: it does not count any more. */
  #drop(task: RemoteTask, settle: () => void): void {
    const { upload, kind, shares } = task.request;
    this.#unsent.delete(task.key);
    if (this.#unsent.size === 0) watchUnstored(this, false);
    this.sent.delete(task.key);
    this.#wishes.delete(task);
    this.#overdue.forget(task);
    if (task.wantsOutput) this.#lateOutput.await(task);
    else this.#followers.remove(task);
    if (upload !== undefined && kind === 'own')
      deletePayload(this.#settings.store as PayloadStore, upload.key);
    for (const share of shares) share.release();
    settle();
    if (task.outcome !== undefined) this.#counts.outcomes[task.outcome] += 1;
    this.#checkDrained();
  }

  /** Redis cannot be reached, or is full: the task fails, and its job is removed from the queue if that is possible. */
  onUnavailable(error: Error): void {
    for (const task of this.#all()) {
      // Of a job with an id of its own others may wait for the outcome, and its submitter can ask again.
      if (task.request.kind === 'own') this.#revoke(task, () => task.fail(error));
      else this.#drop(task, () => task.fail(error));
    }
  }

  // Cancellation.

  cancelTask(task: RemoteTask, kill: boolean, cause?: unknown): boolean {
    const isRunning = task.state === 'running';
    if (task.state === 'settled' || (isRunning && !kill)) return false;
    const isAborted = cause !== undefined;
    if (!isAborted && !this.#canRevoke(task)) {
      this.#wishes.set(task, kill || this.#wishes.get(task) === true);
      return false;
    }
    const message = isRunning ? KILLED : CANCELLED;
    this.#revoke(task, () => task.cancelWith(isAborted ? ABORTED : message, cause));
    return true;
  }

  /** While Redis cannot be reached, a machine may run the job: then the result of a cancellation is unknown. */
  #canRevoke(task: RemoteTask): boolean {
    return this.#link.isReady || (task.state === 'unsent' && !this.#outbox.isSending(task));
  }

  /** What was cancelled while Redis was away, now that it is back. */
  async #fulfil(task: RemoteTask, kill: boolean): Promise<void> {
    if (task.state !== 'unsent') await this.#reconciler.look(task);
    if (!this.#wishes.has(task) || !this.#link.isReady) return;
    this.#wishes.delete(task);
    this.cancelTask(task, kill);
  }

  /** One that is on its way is withdrawn when it has arrived. */
  #revoke(task: RemoteTask, settle: () => void): void {
    if (task.state === 'settled') return;
    task.isUnwanted = true;
    if (task.state !== 'unsent') this.#withdraw(task);
    this.#drop(task, settle);
  }

  #all(): RemoteTask[] {
    return [...this.#unsent.values(), ...this.sent.values()];
  }

  #withdraw({ id, request }: RemoteTask): void {
    if (request.kind !== 'own') this.#withdrawnShared.add(id);
    this.#withdrawals.add(id, withdrawal(this.#link, id));
    this.#keepAlive.hold();
  }

  #announce(id: string, error: Error): void {
    this.#link.announce(id, [id, 'error', this.#codec.writeThrown(error)]);
  }

  // Timeouts in the queue.

  onQueueTimeout(task: RemoteTask): void {
    if (task.state === 'settled' || task.state === 'running' || task.isFetching) return;
    const isHere = task.state === 'unsent' && !this.#outbox.isSending(task);
    if (isHere) this.#drop(task, () => task.fail(this.#queueTimeoutError(task)));
    else this.#overdue.add(task, takingFromQueue(this.#link, task));
  }

  #onTaken(task: RemoteTask, end: TakenFromQueue): void {
    if (task.state === 'settled' || task.isFetching) return;
    if (end === 'begun') void this.#reconciler.look(task);
    else if (end !== 'taken') this.onJobState(task, end);
    else {
      const error = this.#queueTimeoutError(task);
      if (task.request.kind === 'shared') this.#announce(task.id, error);
      this.#drop(task, () => task.fail(error));
    }
  }

  #queueTimeoutError({ id, request }: RemoteTask): TimeoutError {
    return queueTimeoutError(id, request.settings.queueTimeout as number);
  }

  shutdown({ wait = true, cancelFutures = false, ...rest }: ShutdownOptions): Promise<void> {
    this.#closed ??= this.#close();
    const isKilled = wantsKill(rest);
    for (const task of isKilled || cancelFutures ? this.#all() : []) {
      const settle = isKilled
        ? () => task.fail(new ShutdownExecutorError(KILLED_BY_SHUTDOWN))
        : () => task.cancelWith(CANCELLED_BY_SHUTDOWN);
      if (task.request.kind === 'attached') this.#drop(task, settle);
      else if (isKilled || !task.isRunning()) this.#revoke(task, settle);
    }
    this.#checkDrained();
    return wait ? this.#closed : Promise.resolve();
  }

  async #close(): Promise<void> {
    this.#keepAlive.hold();
    await new Promise<void>((resolve) => {
      this.#resolveDrained = resolve;
    });
    clearTimeout(this.#closeTimeout);
    this.#lateOutput.close();
    this.#reconciler.stop();
    warnOfLeftovers(this.#settings.queue, [
      ...this.#withdrawals.keys,
      ...this.#outbox.sending.map(({ id }) => id),
    ]);
    this.#withdrawals.close();
    this.#overdue.close();
    await this.#link.close();
    this.#keepAlive.close();
  }

  /** To be called whenever a task may have been the last one. */
  #checkDrained(): void {
    if (this.isAwaited()) return;
    if (this.#outbox.sending.length > 0 || this.#withdrawals.size > 0) {
      if (this.#closed !== undefined)
        this.#closeTimeout ??= setTimeout(() => this.#resolveDrained(), CLOSE_TIMEOUT);
      return;
    }
    this.#reconciler.rest();
    if (this.#closed === undefined) this.#keepAlive.release();
    else this.#resolveDrained();
  }
}
