/**
 * A task as its submitter sees it, and the one state machine it goes through. Nothing else settles its future:
 *
 *   unsent ──▶ sent ◀──▶ running ──▶ settled
 *      └─────────┴──────────────────────▲
 */
import { CancelledError } from '../errors.ts';
import { call, inThisContext } from '../futures/callbacks.ts';
import { Future, type FutureOwner, futureControl } from '../futures/future.ts';
import { addAbortCallback, removeAbortCallback } from '../system/abort-listeners.ts';
import { type SubmitSite, withSubmitSite } from '../system/submit-site.ts';
import { clearTimeout, LONGEST_TIMER, setTimeout } from '../system/timers.ts';
import type { LostMachines } from './lost-machines.ts';
import type { RemoteTaskOptions, TaskOutput } from './remote-executor.ts';
import type { RemoteShare } from './remote-shares.ts';
import type { RemoteOutcome } from './remote-stats.ts';
import type { JobData, OutputLine } from './wire.ts';

/** Shared by all tasks of one view. */
export interface RemoteTaskSettings extends Readonly<RemoteTaskOptions> {
  readonly retries: number;
  readonly priority: number;
  /** Whether its future is done when its job is stored. */
  readonly isDetached?: boolean;
}

/**
 * - `own`: no other program knows its id
 * - `shared`: others may submit the same id
 * - `detached`: it is done when it is stored, and others ask for its outcome
 * - `attached`: it waits for the outcome of a job that was stored before
 */
type RemoteTaskKind = 'own' | 'shared' | 'detached' | 'attached';

/** What goes into the store before the job goes into the queue. */
export interface Upload {
  readonly key: string;
  readonly text: string;
}

/** As BullMQ counts. */
export const attemptsOf = ({ retries }: RemoteTaskSettings): number => retries + 1;

export interface RemoteTaskRequest {
  readonly id: string;
  readonly kind: RemoteTaskKind;
  readonly name: string;
  readonly data: JobData;
  readonly upload: Upload | undefined;
  /** What must be in the store before the job goes into the queue, and until the task is settled. */
  readonly shares: readonly RemoteShare[];
  readonly settings: RemoteTaskSettings;
  readonly submitSite: SubmitSite | undefined;
}

/** Who decides about tasks: the pool of remote tasks. */
export interface RemoteTaskKeeper {
  /** `true` if the task is cancelled then. */
  cancelTask(task: RemoteTask, kill: boolean, cause?: unknown): boolean;
  /** Its `queueTimeout` is over, and it is not known to have begun. */
  onQueueTimeout(task: RemoteTask): void;
  readonly lostMachines: LostMachines;
}

let lastKey = 0;

export class RemoteTask implements FutureOwner {
  readonly future: Future<unknown>;
  /** Its key in the pool: several tasks may wait for one job that has an id of its own. */
  readonly key: string;
  readonly request: RemoteTaskRequest;
  state: 'unsent' | 'sent' | 'running' | 'settled' = 'unsent';
  /** Which machine runs it, as far as it is known. */
  machine: string | undefined;
  outcome: RemoteOutcome | undefined;
  /** Whether its job was seen in the queue. */
  wasSeen = false;
  /** Whether its outcome is on its way out of the store. */
  isFetching = false;
  /** How often in a row its job, or the outcome of a failed one, was not found. */
  missed = 0;
  /** It is no longer awaited: if its job is on its way, it is to be withdrawn. */
  isUnwanted = false;
  readonly #keeper: RemoteTaskKeeper;
  #onAbort: (() => void) | undefined;
  readonly #onOutput: ((output: TaskOutput) => unknown) | undefined;
  #queueTimer: NodeJS.Timeout | undefined;
  #whenStored: { resolve(): void; reject(error: unknown): void }[] = [];

  constructor(request: RemoteTaskRequest, keeper: RemoteTaskKeeper) {
    this.request = request;
    this.#keeper = keeper;
    lastKey += 1;
    this.key = request.kind === 'own' ? request.id : `${request.id}:${lastKey}`;
    this.future = new Future(this);
    this.#listen(request.settings.signal);
    const { queueTimeout, onOutput } = request.settings;
    this.#onOutput = onOutput && inThisContext(onOutput);
    if (queueTimeout === undefined || queueTimeout > LONGEST_TIMER || request.kind === 'attached') return;
    this.#queueTimer = setTimeout(() => keeper.onQueueTimeout(this), queueTimeout).unref();
  }

  get id(): string {
    return this.request.id;
  }

  cancel(kill: boolean): boolean {
    return this.#keeper.cancelTask(this, kill);
  }

  send(): never {
    throw new TypeError(
      'a task of a BullMQExecutor takes no messages while it runs: give it what it needs as arguments',
    );
  }

  /** For code after an `await`: TypeScript remembers the `state` that was checked before. */
  get isSettled(): boolean {
    return this.state === 'settled';
  }

  isRunning(): boolean {
    return this.state === 'running';
  }

  /** Of one that is not stored. Resolves when its job is in the queue, or it was cancelled; rejects if it cannot be stored. */
  stored(): Promise<void> {
    return new Promise((resolve, reject) => this.#whenStored.push({ resolve, reject }));
  }

  markStored(): void {
    for (const { resolve } of this.#whenStored.splice(0)) resolve();
  }

  /** A machine has begun it; which one, as far as it is known. */
  markStarted(machine: string | undefined): void {
    if (machine !== undefined && machine !== this.machine) this.#noteTaken();
    this.state = 'running';
    this.machine = machine;
    clearTimeout(this.#queueTimer);
  }

  /** No machine runs it. */
  markWaiting(): void {
    this.#noteTaken();
    this.state = 'sent';
    this.machine = undefined;
  }

  /** Its machine has given it back. */
  markGivenBack(): void {
    this.#keeper.lostMachines.acquit(this.key);
    this.machine = undefined;
    this.markWaiting();
  }

  /** The machine that had it has it no more, and has not said so itself. */
  #noteTaken(): void {
    if (this.machine !== undefined) this.#keeper.lostMachines.suspect(this.machine, this.key);
  }

  get wantsOutput(): boolean {
    return this.#onOutput !== undefined;
  }

  output([isStderr, line]: OutputLine): void {
    const output: TaskOutput = { stream: isStderr ? 'stderr' : 'stdout', line, id: this.id };
    if (this.#onOutput !== undefined) call(this.#onOutput, output, 'onOutput');
  }

  progress(decode: () => unknown): void {
    futureControl.progress(this.future, decode);
  }

  succeed(value: unknown): void {
    this.#settle('succeeded');
    this.markStored();
    futureControl.resolve(this.future, value);
  }

  fail(error: unknown): void {
    this.#settle('failed');
    for (const { reject } of this.#whenStored.splice(0)) reject(error);
    futureControl.reject(this.future, withSubmitSite(error, this.request.submitSite));
  }

  cancelWith(message: string, cause?: unknown): void {
    this.#settle('cancelled');
    this.markStored();
    const error = new CancelledError(message, cause === undefined ? undefined : { cause });
    futureControl.cancel(this.future, error);
  }

  #settle(outcome: RemoteOutcome): void {
    if (this.state === 'settled') throw new Error('a task was settled twice');
    this.state = 'settled';
    this.outcome = outcome;
    clearTimeout(this.#queueTimer);
    const { signal } = this.request.settings;
    if (this.#onAbort !== undefined) removeAbortCallback(signal as AbortSignal, this.#onAbort);
  }

  #listen(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    this.#onAbort = () => this.#keeper.cancelTask(this, true, signal.reason);
    addAbortCallback(signal, this.#onAbort);
  }
}
