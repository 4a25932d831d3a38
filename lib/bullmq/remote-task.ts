/**
 * A task as its submitter sees it, and the one state machine it goes through. Nobody else settles its future:
 *
 *   unsent ──▶ sent ◀──▶ running ──▶ settled
 *      └─────────┴──────────────────────▲
 */
import { CancelledError } from '../errors.ts';
import { Future, type FutureOwner, futureControl } from '../futures/future.ts';
import { addAbortCallback, removeAbortCallback } from '../system/abort-listeners.ts';
import { type SubmitSite, withSubmitSite } from '../system/submit-site.ts';
import type { RemoteOutcome } from './remote-stats.ts';
import type { JobData } from './wire.ts';

/** Shared by all tasks of one view. */
export interface RemoteTaskSettings {
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly retries: number;
  readonly priority: number;
  readonly name: string | undefined;
}

/** As BullMQ counts. */
export const attemptsOf = ({ retries }: RemoteTaskSettings): number => retries + 1;

export interface RemoteTaskRequest {
  readonly id: string;
  readonly name: string;
  readonly data: JobData;
  readonly settings: RemoteTaskSettings;
  readonly submitSite: SubmitSite | undefined;
}

/** Who decides about tasks: the pool of remote tasks. */
export interface RemoteTaskKeeper {
  /** `true` if the task is cancelled then. */
  cancelTask(task: RemoteTask, kill: boolean, cause?: unknown): boolean;
}

export class RemoteTask implements FutureOwner {
  readonly future: Future<unknown>;
  readonly request: RemoteTaskRequest;
  state: 'unsent' | 'sent' | 'running' | 'settled' = 'unsent';
  /** Which machine runs it, as far as it is known. */
  machine: string | undefined;
  outcome: RemoteOutcome | undefined;
  /** How often in a row its job was not found. */
  missed = 0;
  /** Nobody waits for it any more: if its job is on its way, it is to be withdrawn. */
  isUnwanted = false;
  readonly #keeper: RemoteTaskKeeper;
  #onAbort: (() => void) | undefined;

  constructor(request: RemoteTaskRequest, keeper: RemoteTaskKeeper) {
    this.request = request;
    this.#keeper = keeper;
    this.future = new Future(this);
    this.#listen(request.settings.signal);
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

  isRunning(): boolean {
    return this.state === 'running';
  }

  progress(decode: () => unknown): void {
    futureControl.progress(this.future, decode);
  }

  succeed(value: unknown): void {
    this.#settle('succeeded');
    futureControl.resolve(this.future, value);
  }

  fail(error: unknown): void {
    this.#settle('failed');
    futureControl.reject(this.future, withSubmitSite(error, this.request.submitSite));
  }

  cancelWith(message: string, cause?: unknown): void {
    this.#settle('cancelled');
    const error = new CancelledError(message, cause === undefined ? undefined : { cause });
    futureControl.cancel(this.future, error);
  }

  #settle(outcome: RemoteOutcome): void {
    if (this.state === 'settled') throw new Error('a task was settled twice');
    this.state = 'settled';
    this.outcome = outcome;
    const { signal } = this.request.settings;
    if (this.#onAbort !== undefined) removeAbortCallback(signal as AbortSignal, this.#onAbort);
  }

  #listen(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    this.#onAbort = () => this.#keeper.cancelTask(this, true, signal.reason);
    addAbortCallback(signal, this.#onAbort);
  }
}
