/**
 * A task and the one state machine it goes through. Nothing else settles its future, limits its time or
 * listens to its signal:
 *
 *   pending ──send──▶ sent (ahead of its turn) ──begin──▶ running ──succeed, fail, cancel (killed)──▶ settled
 *     ▲ │ └──────────────────────begin───────────────────────▲ │
 *     │ └──cancel──▶ settled                                   │
 *     └──revoke (it had not begun), retry (its worker died)──┘
 *
 * A task that runs may be loading what it needs: that has a limit of its own, and the task's clock starts when it is over.
 */
import { CancelledError } from '../errors.ts';
import { Future, type FutureOwner, futureControl } from '../futures/future.ts';
import type { Definition, PreparedCall } from '../sending/common/payload.ts';
import { addAbortCallback, removeAbortCallback } from '../system/abort-listeners.ts';
import type { SubmitSite } from '../system/submit-site.ts';
import { TimeLimit } from '../system/time-limit.ts';
import { LONGEST_TIMER } from '../system/timers.ts';
import type { ChunkPlan } from './chunk-plan.ts';
import type { UnreadMessages } from './task-messages.ts';
import type { TaskStream } from './task-stream.ts';

/** In characters: a name is part of messages, and a longer one could make them longer than a string may be. */
const LONGEST_NAME = 1000;

/** Shared by all tasks of one view (`withOptions`). */
export interface TaskSettings {
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** In milliseconds. */
  readonly killGrace: number;
  readonly retries: number;
  /** Whether the pool outlives the death of a worker. */
  readonly mayRetry: boolean;
  /** Its worker may run others at the same time (`tasksPerWorker`). */
  readonly sharesWorker: boolean;
  readonly priority: number;
  readonly name: string | undefined;
  /** How many values of a stream are on their way or wait to be taken, at most; `undefined`: by how quickly they are taken. */
  readonly bufferSize: number | undefined;
}

/**
 * `failed`: it threw, or could not be sent. `lost`: its worker died, the pool broke, or was shut down with
 * `killWorkers`.
 */
export type TaskOutcome = 'succeeded' | 'failed' | 'cancelled' | 'timed-out' | 'lost';

/** The manager: it decides about a task whose state is read, or whose time limit has passed. */
export interface TaskKeeper {
  /** `true` if the task is cancelled then. */
  cancelTask(task: Task, kill: boolean, cause?: unknown): boolean;
  expireTask(task: Task): void;
  /** In milliseconds: how long a task may take to load what it needs. */
  readonly loadLimit: number;
  expireLoading(task: Task): void;
  /** Whether a task that was sent ahead has begun. It is running or pending after that. */
  hasBegun(task: Task): boolean;
  /** A message of the host. `false` if the task is over. */
  sendMessage(task: Task, value: unknown): boolean;
  /** Called before its future settles. */
  taskSettled(task: Task, outcome: TaskOutcome, error: unknown): void;
}

export interface TaskRequest {
  readonly call: PreparedCall;
  readonly isChunk: boolean;
  /** How many items a chunk has. */
  readonly itemCount: number;
  readonly plan?: ChunkPlan | undefined;
  /** Where its values go if its function is a generator function that is streamed. */
  readonly stream?: TaskStream | undefined;
  readonly settings: TaskSettings;
  readonly submitSite: SubmitSite | undefined;
}

let lastTaskId = 0;

export class Task implements FutureOwner {
  /** Unique within this process. */
  readonly id: number;
  readonly future: Future<unknown>;
  readonly call: PreparedCall;
  /** What a worker must know before it gets the call; the first one stands for the function. */
  readonly definitions: readonly Definition[];
  readonly isChunk: boolean;
  /** Fewer when some were revoked. */
  itemCount: number;
  readonly plan: ChunkPlan | undefined;
  readonly stream: TaskStream | undefined;
  /** What its host has sent to it and it has not taken; `undefined` while nothing was sent. */
  messages: UnreadMessages | undefined;
  readonly settings: TaskSettings;
  readonly submitSite: SubmitSite | undefined;
  readonly submittedAt = performance.now();
  startedAt = 0;
  state: 'pending' | 'sent' | 'running' | 'settling' | 'settled' = 'pending';
  /** What an observer keeps of it: its own business. */
  note: object | undefined;
  /** The trace context that goes with it; `undefined` where tasks are not traced. */
  traceContext: string | undefined;
  /** Under which number it was sent to a worker. */
  wireId = 0;
  readonly #keeper: TaskKeeper;
  #retriesLeft: number;
  #hasWaitedAgain = false;
  #timeLimit: TimeLimit | undefined;
  #isLoading = false;
  #onAbort: (() => void) | undefined;

  constructor(request: TaskRequest, keeper: TaskKeeper) {
    const { call, isChunk, itemCount, plan, stream, settings, submitSite } = request;
    lastTaskId += 1;
    this.id = lastTaskId;
    this.call = call;
    this.definitions = call.definitions;
    this.isChunk = isChunk;
    this.itemCount = itemCount;
    this.plan = plan;
    this.stream = stream;
    this.settings = settings;
    this.submitSite = submitSite;
    this.#keeper = keeper;
    this.#retriesLeft = settings.retries;
    if (call.shares !== undefined) for (const share of call.shares) share.hold();
    this.future = new Future(this);
  }

  get name(): string {
    const name = this.settings.name ?? (this.call.name || '(anonymous)');
    return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
  }

  // What its future asks.

  cancel(kill: boolean): boolean {
    return this.#keeper.cancelTask(this, kill);
  }

  send(value: unknown): boolean {
    return this.#keeper.sendMessage(this, value);
  }

  isRunning(): boolean {
    return this.state === 'running' || (this.state === 'sent' && this.#keeper.hasBegun(this));
  }

  // What the manager does with it.

  /** From when it is in the queue: before that there would be nothing to cancel it in. */
  listen(signal: AbortSignal): void {
    this.#onAbort = () => this.#keeper.cancelTask(this, true, signal.reason);
    addAbortCallback(signal, this.#onAbort);
  }

  /** To a worker that has others to do first. */
  sendAhead(id: number): void {
    if (this.state !== 'pending') this.#fault('pending');
    this.state = 'sent';
    this.wireId = id;
  }

  /**
   * To a worker that begins it at once.
   *
   * @param isBuilt Its function runs already; else `built` follows.
   */
  begin(id: number, isBuilt: boolean): void {
    if (this.state !== 'pending') this.#fault('pending');
    this.wireId = id;
    this.state = 'running';
    this.startedAt = performance.now();
    if (!isBuilt) this.load();
    else if (this.settings.timeout !== undefined) this.built();
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Its worker has not built it yet, or loads something for it: its own clock does not run. */
  load(): void {
    if (this.#isLoading) return;
    if (this.state !== 'running') this.#fault('running');
    this.#stopClock();
    this.#isLoading = true;
    this.#timeLimit = new TimeLimit(this.#keeper.loadLimit, () => this.#keeper.expireLoading(this));
  }

  /** Its function runs from now on. */
  built(): void {
    if (this.state !== 'running') this.#fault('running');
    if (this.#isLoading) this.startedAt = performance.now();
    if (this.#timeLimit !== undefined) this.#stopClock();
    const { timeout } = this.settings;
    if (timeout !== undefined && timeout <= LONGEST_TIMER) {
      this.#timeLimit = new TimeLimit(timeout, () => this.#keeper.expireTask(this));
    }
  }

  #stopClock(): void {
    this.#timeLimit?.stop();
    this.#isLoading = false;
  }

  /** It was sent ahead, and its turn has come. */
  markStarted(at: number): void {
    this.state = 'running';
    this.startedAt = at;
  }

  /** Its worker has not begun it, and will not. */
  revoke(): void {
    if (this.state !== 'sent' && this.state !== 'running') this.#fault('sent');
    this.#waitAgain();
  }

  /**
   * Its worker died before it had read it: `false` if that has happened before. It counts as a crash then, as a task that
   * is too much to read would otherwise end one worker after the other.
   */
  requeue(): boolean {
    if (this.#hasWaitedAgain || this.stream?.mayRunAgain === false) return false;
    this.#hasWaitedAgain = true;
    this.#waitAgain();
    return true;
  }

  /** Its worker was ended on account of another task: that counts as none of its own crashes. `false` if it may run once only. */
  rerun(): boolean {
    if (this.settings.retries === 0) return false;
    this.#waitAgain();
    return true;
  }

  /** After its worker died: `false` if it has been run often enough. */
  retry(): boolean {
    if (this.#retriesLeft === 0 || this.stream?.mayRunAgain === false) return false;
    this.#retriesLeft -= 1;
    this.#waitAgain();
    return true;
  }

  #waitAgain(): void {
    this.#stopClock();
    this.state = 'pending';
  }

  /** @param decode Called only if the future has a callback for progress. */
  progress(decode: () => unknown): void {
    futureControl.progress(this.future, decode);
  }

  /**
   * It has left the queue or lost its worker, and is about to be settled with others: a callback of one of
   * them cannot cancel it any more.
   */
  beginSettling(): void {
    this.state = 'settling';
  }

  fail(error: unknown, outcome: 'failed' | 'timed-out' | 'lost' = 'failed'): void {
    this.settle(outcome, error);
  }

  cancelWith(message: string, cause?: unknown): void {
    this.settle('cancelled', new CancelledError(message, cause === undefined ? undefined : { cause }));
  }

  /** @param result Its value, or the error with which its future fails. */
  settle(outcome: TaskOutcome, result: unknown): void {
    if (this.state === 'settled') throw new Error('a task was settled twice');
    this.state = 'settled';
    const { shares } = this.call;
    if (shares !== undefined) for (const share of shares) share.release();
    if (this.#timeLimit !== undefined) this.#stopClock();
    if (this.#onAbort !== undefined) removeAbortCallback(this.settings.signal as AbortSignal, this.#onAbort);
    this.messages = undefined;
    if (this.stream !== undefined) this.stream.settled(outcome, result);
    this.#keeper.taskSettled(this, outcome, outcome === 'succeeded' ? undefined : result);
    if (outcome === 'succeeded') futureControl.resolve(this.future, result);
    else if (outcome === 'cancelled') futureControl.cancel(this.future, result as CancelledError);
    else futureControl.reject(this.future, result);
  }

  #fault(wanted: Task['state']): never {
    throw new Error(`a task was expected to be ${wanted}, it is ${this.state}`);
  }
}
