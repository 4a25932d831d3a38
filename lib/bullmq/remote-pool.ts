/**
 * All tasks of an executor that are not settled: into the queue, and what is heard of them back out.
 *
 *   submit ──▶ outbox ──addBulk──▶ queue in Redis ──▶ a machine that serves ──▶ its pool
 *                                       │                     │
 *   settled ◀── codec ◀──replies────────┼─────────────────────┘
 *      ▲                                │
 *      └───── patrol (reads the jobs) ◀─┘     cancel, kill ──withdrawal──▶ queue, machines
 *
 * It decides what becomes of a task; tasks settle themselves.
 */
import { QueueFullError, ShutdownExecutorError } from '../errors.ts';
import type { Future } from '../futures/future.ts';
import { type ShutdownOptions, wantsKill } from '../options/task-options.ts';
import { createKeepAlive } from '../system/keep-alive.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { JobLostError } from './errors.ts';
import type { RemoteSettings } from './executor-options.ts';
import type { JobOutlook } from './job-reader.ts';
import { Outbox } from './outbox.ts';
import { lostJob, Patrol } from './patrol.ts';
import { RemoteLink, type RemoteLinkListener } from './remote-link.ts';
import { RemoteCounts, type RemoteStats } from './remote-stats.ts';
import { RemoteTask, type RemoteTaskKeeper, type RemoteTaskRequest } from './remote-task.ts';
import type { Reply } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';
import { Withdrawals } from './withdrawal.ts';

/** A job that is not found, or has failed without an outcome, so often in a row is gone. Once may be before it was added. */
const GONE_AFTER = 2;

/** Milliseconds that it may take to withdraw what nobody waits for any more: Redis need not ever answer. */
const FAREWELL = 5_000;

/** Jobs that a warning names at most. */
const LEFTOVERS_SHOWN = 10;

const CANCELLED = 'The future was cancelled before its task was known to have begun.';
const KILLED = 'The future was cancelled while its task ran; its worker is ended.';
const ABORTED = 'The signal of the task was aborted.';
const CANCELLED_BY_SHUTDOWN = 'The executor was shut down with cancelFutures before the task began.';
const KILLED_BY_SHUTDOWN =
  'The Executor was shutdown with `killWorkers: true` before this job could complete.';

export class RemotePool implements RemoteTaskKeeper, RemoteLinkListener {
  /** In the queue and not settled. */
  readonly sent = new Map<string, RemoteTask>();
  readonly #settings: RemoteSettings;
  readonly #executorId: string;
  readonly #counts = new RemoteCounts();
  readonly #codec: ValueCodec;
  readonly #link: RemoteLink;
  readonly #outbox: Outbox;
  readonly #patrol: Patrol;
  readonly #keepAlive = createKeepAlive();
  readonly #unsent = new Map<string, RemoteTask>();
  readonly #withdrawals: Withdrawals;
  /** Cancelled while Redis was away: what has become of them is asked when it is back. The value is `kill`. */
  readonly #wishes = new Map<RemoteTask, boolean>();
  #closed: Promise<void> | undefined;
  #resolveDrained = () => {};
  #farewell: NodeJS.Timeout | undefined;

  constructor(settings: RemoteSettings, executorId: string, codec: ValueCodec) {
    this.#settings = settings;
    this.#executorId = executorId;
    this.#codec = codec;
    this.#link = new RemoteLink(settings, executorId, this);
    this.#outbox = new Outbox(settings, this.#link, this);
    this.#patrol = new Patrol(this.#link, settings.checkInterval, settings.queue, this);
    this.#withdrawals = new Withdrawals(this.#link, settings.checkInterval, () => this.#checkDrained());
  }

  /** @throws ShutdownExecutorError, QueueFullError */
  expectRoom(): void {
    if (this.#closed !== undefined) {
      throw new ShutdownExecutorError('cannot schedule new futures after shutdown');
    }
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
    this.expectRoom();
    const task = new RemoteTask(request, this);
    this.#counts.submitted += 1;
    const { signal } = request.settings;
    if (signal?.aborted) {
      this.#drop(task, () => task.cancelWith(ABORTED, signal.reason));
      return task.future;
    }
    this.#unsent.set(task.id, task);
    this.#keepAlive.hold();
    this.#outbox.add(task);
    this.#link.noteAwaited();
    return task.future;
  }

  // Into the queue …

  onSent(tasks: readonly RemoteTask[]): void {
    for (const task of tasks) {
      this.#unsent.delete(task.id);
      if (task.isUnwanted) this.#withdraw(task.id);
      if (task.state === 'settled') continue; // cancelled on its way, or answered already
      if (task.state === 'unsent') task.state = 'sent';
      this.sent.set(task.id, task);
    }
    this.#patrol.start();
    this.#checkDrained();
  }

  onRefused(tasks: readonly RemoteTask[], error: unknown): void {
    for (const task of tasks) {
      if (task.state === 'settled') continue;
      this.#drop(task, () => task.fail(this.#link.refusal(error)));
      this.#withdraw(task.id); // of a batch, some may be there
    }
  }

  // … and what is heard of them.

  onReady(): void {
    this.#withdrawals.resume(); // before a machine begins them
    this.#outbox.flushSoon();
    for (const [task, kill] of this.#wishes) void this.#fulfil(task, kill);
    void this.#patrol.walk(); // what was said meanwhile was not heard
  }

  onReplies(replies: readonly Reply[]): void {
    for (const [id, kind, text] of replies) {
      if (kind === 'value' || kind === 'error') this.#link.noteHeard(id);
      const task = this.sent.get(id) ?? this.#unsent.get(id); // a machine may be quicker than the answer to addBulk
      if (task === undefined || task.state === 'settled') continue;
      if (kind === 'progress') {
        task.state = 'running';
        task.progress(() => this.#codec.read(text, 'the progress'));
      } else if (kind === 'started') {
        task.state = 'running';
        task.machine = text || undefined;
      } else if (kind === 'waiting') {
        task.state = 'sent';
        task.machine = undefined;
      } else if (kind === 'stored') void this.#patrol.look(task);
      else this.#settle(task, kind, text);
    }
  }

  onOutlook(task: RemoteTask, outlook: JobOutlook): void {
    // Of a job that failed the outcome may be on its way still, as of one that is removed then.
    const isUnclear = outlook.kind === 'missing' || outlook.kind === 'failed';
    task.missed = isUnclear ? task.missed + 1 : 0;
    switch (outlook.kind) {
      case 'value':
      case 'error':
        this.#link.noteHeard(task.id);
        this.#settle(task, outlook.kind, outlook.text);
        break;
      case 'failed':
        if (task.missed >= GONE_AFTER) {
          this.#fail(task, new JobLostError(`job ${task.id} failed: ${outlook.reason}`));
        }
        break;
      case 'missing':
        if (task.missed >= GONE_AFTER) this.#fail(task, lostJob(task.id));
        break;
      default:
        task.state = outlook.kind === 'running' ? 'running' : 'sent';
        if (outlook.kind === 'running') task.machine = outlook.machine;
    }
  }

  #settle(task: RemoteTask, kind: 'value' | 'error', text: string): void {
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
    this.#unsent.delete(task.id);
    this.sent.delete(task.id);
    this.#wishes.delete(task);
    settle();
    if (task.outcome !== undefined) this.#counts.outcomes[task.outcome] += 1;
    this.#checkDrained();
  }

  /** Redis is away, or full: who waits is told, and what lies in the queue is taken back if it can be. */
  onUnavailable(error: Error): void {
    for (const task of this.#all()) this.#takeBack(task, () => task.fail(error));
  }

  // Who waited has changed his mind.

  cancelTask(task: RemoteTask, kill: boolean, cause?: unknown): boolean {
    const isRunning = task.state === 'running';
    if (task.state === 'settled' || (isRunning && !kill)) return false;
    const isAborted = cause !== undefined;
    if (!isAborted && !this.#canTakeBack(task)) {
      this.#wishes.set(task, kill || this.#wishes.get(task) === true);
      return false;
    }
    const message = isRunning ? KILLED : CANCELLED;
    this.#takeBack(task, () => task.cancelWith(isAborted ? ABORTED : message, cause));
    return true;
  }

  /** A machine may have run what lies in the queue of a Redis that is away: then nobody can promise anything. */
  #canTakeBack(task: RemoteTask): boolean {
    return this.#link.isReady || (task.state === 'unsent' && !this.#outbox.isSending(task));
  }

  /** What was cancelled while Redis was away, now that it is back. */
  async #fulfil(task: RemoteTask, kill: boolean): Promise<void> {
    if (task.state !== 'unsent') await this.#patrol.look(task);
    if (!this.#wishes.has(task) || !this.#link.isReady) return;
    this.#wishes.delete(task);
    this.cancelTask(task, kill);
  }

  /** One that is on its way is withdrawn when it has arrived. */
  #takeBack(task: RemoteTask, settle: () => void): void {
    if (task.state === 'settled') return;
    task.isUnwanted = true;
    if (task.state !== 'unsent') this.#withdraw(task.id);
    this.#drop(task, settle);
  }

  #all(): RemoteTask[] {
    return [...this.#unsent.values(), ...this.sent.values()];
  }

  #withdraw(id: string): void {
    this.#withdrawals.add(id);
    this.#keepAlive.hold();
  }

  shutdown({ wait = true, cancelFutures = false, ...rest }: ShutdownOptions): Promise<void> {
    this.#closed ??= this.#close();
    const isKilled = wantsKill(rest);
    for (const task of isKilled || cancelFutures ? this.#all() : []) {
      if (isKilled) this.#takeBack(task, () => task.fail(new ShutdownExecutorError(KILLED_BY_SHUTDOWN)));
      else if (!task.isRunning()) this.#takeBack(task, () => task.cancelWith(CANCELLED_BY_SHUTDOWN));
    }
    this.#checkDrained();
    return wait ? this.#closed : Promise.resolve();
  }

  async #close(): Promise<void> {
    this.#keepAlive.hold();
    await new Promise<void>((resolve) => {
      this.#resolveDrained = resolve;
    });
    clearTimeout(this.#farewell);
    this.#patrol.stop();
    this.#warnOfLeftovers();
    this.#withdrawals.close();
    await this.#link.close();
    this.#keepAlive.close();
  }

  /** Redis could not be told in time: only whoever reads this can. */
  #warnOfLeftovers(): void {
    const ids = [...this.#withdrawals.ids, ...this.#outbox.sending.map(({ id }) => id)];
    if (ids.length === 0) return;
    const shown = ids.slice(0, LEFTOVERS_SHOWN).join(', ') + (ids.length > LEFTOVERS_SHOWN ? ', …' : '');
    process.emitWarning(
      `${ids.length} tasks of the queue ${this.#settings.queue} that were cancelled or have failed could not be withdrawn until ` +
        `shutdown ended, for Redis did not take it, and may run all the same. Remove their jobs: ${shown}`,
      { type: 'LokyWarning', code: 'LOKY_NOT_WITHDRAWN' },
    );
  }

  /** To be called whenever a task may have been the last one. */
  #checkDrained(): void {
    if (this.isAwaited()) return;
    if (this.#outbox.sending.length > 0 || this.#withdrawals.size > 0) {
      if (this.#closed !== undefined) this.#farewell ??= setTimeout(() => this.#resolveDrained(), FAREWELL);
      return;
    }
    this.#patrol.stop();
    if (this.#closed === undefined) this.#keepAlive.release();
    else this.#resolveDrained();
  }
}
