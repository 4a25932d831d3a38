/**
 * What becomes of a job on the machine that took it: done, failed permanently, run again, or returned to the queue. It reports to BullMQ,
 * by returning and throwing, and the executor that waits.
 */
import type { Job } from 'bullmq';
import {
  BrokenProcessPool,
  CancelledError,
  QueueFullError,
  SerializationError,
  ShutdownExecutorError,
  TerminatedWorkerError,
} from '../errors.ts';
import { executorInternals } from '../executor/process-pool-executor.ts';
import type { Future } from '../futures/future.ts';
import { devalue } from '../system/devalue/devalue.ts';
import { bullmq } from './engine.ts';
import { JobLostError } from './errors.ts';
import type { CallOutcome } from './in-worker.ts';
import { createJobRun, type RunSettings } from './job-run.ts';
import { type JobShares, MachineShares } from './machine-shares.ts';
import { newPayloadKey, payloadKeyOf, putPayload, referenceTo, withPayload } from './payload-store.ts';
import { storable } from './plain-json.ts';
import { isOverdue, queueTimeoutError } from './queue-timeout.ts';
import {
  type Capabilities,
  hasWhatItNeeds,
  isRefusal,
  LONGEST_DELAY,
  nobodyTook,
  type Refusal,
  refusalDelay,
} from './refusal.ts';
import { LARGEST_IN_MESSAGE, type Replies } from './replies.ts';
import type { JobCounts } from './server-stats.ts';
import { TaskOutputs } from './task-outputs.ts';
import { asJobData, type JobData } from './wire.ts';
import { type ValueCodec, valueCodec } from './wire-values.ts';

/** Why a job ends here before its task does, if it does. What stands later counts more. */
const ENDINGS = ['cancelled', 'handed back', 'superseded'] as const;
type Ending = (typeof ENDINGS)[number];

/** Small: tables of maps outlive their entries, see processor.ts. */
interface ActiveJob {
  /** `undefined` as long as the job is held: its machine was cut off, and its submitter may withdraw it. */
  future: Future<CallOutcome> | undefined;
  /** `superseded`: another machine has the job, and what becomes of it here is not reported. */
  ending: Ending | undefined;
  /** What it needs of the shared values. */
  shares: JobShares | undefined;
}

/** A job that this machine has taken. */
interface TakenJob {
  readonly id: string;
  readonly job: Job;
  readonly token: string | undefined;
  readonly data: Partial<JobData>;
  readonly active: ActiveJob;
}

type Failed = Omit<Extract<CallOutcome, { ok: false }>, 'ok'>;

interface RunnerSettings extends RunSettings {
  readonly maxShared: number;
  readonly replies: Replies;
  readonly handBackTimeout: number;
  /** The machines that serve the queue at this moment. */
  machines(): Promise<readonly Capabilities[]>;
  /** What jobs must wait for before they begin; `undefined` for nothing. */
  held(): Promise<void> | undefined;
  /** This machine can run nothing any more. */
  onBroken(error: Error): void;
}

/** Milliseconds until a job is tried again whose executor had no room. */
const NO_ROOM_DELAY = 1_000;
/** Seconds for which the outcome of a job that does not say so is kept. */
const KEPT = 3_600;

const CANCELLED_WHILE_HELD = 'The submitter withdrew the job before it started.';

export class JobRunner {
  readonly #settings: RunnerSettings;
  readonly #start: ReturnType<typeof createJobRun>;
  readonly #shares: MachineShares;
  readonly #active = new Map<string, ActiveJob>();
  /** Whose outcome was kept here: whatever BullMQ makes of such a job, for example when it cannot be moved, does not change it. */
  readonly #answered = new WeakSet<Job>();
  readonly #progressCodec: ValueCodec;
  /** Since the start. */
  readonly counts: JobCounts = {
    ...{ started: 0, done: 0, failed: 0, retried: 0, handedBack: 0, refused: 0, superseded: 0 },
  };
  readonly #output: TaskOutputs;
  #onIdle = () => {};

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#start = createJobRun(settings);
    this.#shares = new MachineShares(settings);
    const { executor } = settings;
    this.#output = new TaskOutputs(
      executor,
      executorInternals.settingsOf(executor).stdio === 'events',
      settings.replies,
    );
    this.#progressCodec = valueCodec(devalue, settings.tasks.reducers, Number.POSITIVE_INFINITY);
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** The processor of the BullMQ worker. */
  async process(job: Job, token: string | undefined): Promise<string> {
    const data = asJobData(job.data);
    if (data === undefined) throw unrecoverable(notOurs(job));
    const id = String(job.id);
    const active: ActiveJob = { future: undefined, ending: undefined, shares: undefined };
    this.#active.set(id, active);
    try {
      const held = this.#settings.held();
      if (held !== undefined) await held;
      return await this.#run({ id, job, token, data, active });
    } finally {
      active.shares?.release();
      if (data.output === true) this.#output.end(job);
      active.future = undefined;
      if (this.#active.get(id) === active) this.#active.delete(id); // a copy that has lost its lock may have a successor here
      if (this.#active.size === 0) this.#onIdle();
    }
  }

  async #run(taken: TakenJob): Promise<string> {
    const { job, data, active } = taken;
    let outcome: CallOutcome;
    try {
      assertGoesOn(active);
      const call = await this.#prepare(taken);
      assertGoesOn(active);
      if (data.output === true) this.#output.begin(job, data);
      active.future = this.#start(job, call, active.shares?.handles);
      this.counts.started += 1;
      this.#note(taken, 'started');
      this.#passProgress(taken, active.future);
      outcome = await this.#storeLarge(taken, await active.future);
    } catch (error) {
      if (active.ending === 'superseded') throw this.#superseded();
      if (active.future === undefined && isRefusal(error)) return this.#refuse(taken, error);
      if (active.ending === 'handed back' || isOfMachine(error)) return this.#giveBack(taken, error as Error);
      if (error instanceof TerminatedWorkerError && mayTryAgain(job)) {
        this.counts.retried += 1;
        this.#note(taken, 'waiting');
        throw error;
      }
      return this.#fail(taken, error);
    }
    if (active.ending === 'superseded') throw this.#superseded();
    if (!outcome.ok) return this.#failAs(taken, outcome);
    this.counts.done += 1;
    await this.#answer(taken, 'value', outcome.text);
    return outcome.text;
  }

  /** @returns the data with all that lies in the store. */
  async #prepare({ id, job, data, active }: TakenJob): Promise<Partial<JobData>> {
    if (isOverdue(data, job, Date.now())) throw queueTimeoutError(id, undefined);
    const key = payloadKeyOf(data);
    const call = key === undefined ? data : await withPayload(this.#settings.store, job, data, key);
    if (data.shared !== undefined) active.shares = await this.#shares.take(id, data.shared);
    return call;
  }

  /** The job is not this machine's to move. */
  #superseded(): Error {
    this.counts.superseded += 1;
    return new (bullmq().WaitingError)();
  }

  /** What is too large for the queue goes into the store. @throws PayloadStoreError */
  async #storeLarge({ id }: TakenJob, outcome: CallOutcome): Promise<CallOutcome> {
    const { store, maxPayload, queue } = this.#settings;
    if (store === undefined || Buffer.byteLength(outcome.text) <= maxPayload) return outcome;
    const key = newPayloadKey(queue, 'result');
    await putPayload(store, key, Buffer.from(outcome.text), `the outcome of job ${id}`);
    return { ...outcome, text: referenceTo(key) };
  }

  /** Jobs that BullMQ failed without asking: their machines were lost too often. */
  noteFailed(job: Job, error: Error): void {
    const data = asJobData(job.data);
    if (data === undefined || job.finishedOn === undefined || this.#answered.has(job)) return;
    const lost = new JobLostError(
      `job ${job.id} was given up after ${job.attemptsStarted} starts: the machines that ran it were lost (${error.message})`,
    );
    const text = valueCodec(devalue, undefined, this.#settings.maxPayload).writeThrown(lost);
    void this.#answer({ id: String(job.id), job, data }, 'error', text);
  }

  /** Ends a job that runs here and was cancelled. */
  cancel(jobId: string): void {
    this.#end(this.#active.get(jobId), 'cancelled');
  }

  /** The lock of a job was lost, by an outage or to another machine, or the job is done: this copy of it ends. */
  supersede(jobId: string): void {
    this.#end(this.#active.get(jobId), 'superseded');
  }

  /** Ends everything; what was not done is for other machines. */
  handBackAll(): void {
    for (const active of this.#active.values()) this.#end(active, 'handed back');
  }

  #end(active: ActiveJob | undefined, ending: Ending): void {
    if (active === undefined) return;
    if (active.ending === undefined || ENDINGS.indexOf(ending) > ENDINGS.indexOf(active.ending))
      active.ending = ending;
    active.future?.cancel({ kill: true });
  }

  close(): void {
    this.#output.close();
    this.#shares.close();
  }

  async idle(): Promise<void> {
    if (this.#active.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #fail(taken: TakenJob, error: unknown): Promise<never> {
    const { tasks, maxPayload } = this.#settings;
    const text = valueCodec(devalue, tasks.reducers, maxPayload).writeThrown(error);
    const { message = String(error), stack = '' } = error as Partial<Error>;
    return this.#failAs(taken, { text, message, stack });
  }

  /** For good: a task that throws is not run again, as in a pool. */
  async #failAs(taken: TakenJob, failed: Failed): Promise<never> {
    this.counts.failed += 1;
    await this.#answer(taken, 'error', failed.text);
    throw unrecoverable(failed);
  }

  async #giveBack(taken: TakenJob, error: Error): Promise<never> {
    const { WaitingError, DelayedError } = bullmq();
    const { job, token, data, active } = taken;
    this.counts.handedBack += 1;
    this.#note(taken, 'waiting');
    if (active.future !== undefined && data.startBy != null)
      await job.updateData({ ...data, hasBegun: true }).catch(ignore);
    if (error instanceof QueueFullError) {
      await job.moveToDelayed(Date.now() + NO_ROOM_DELAY, token).catch(ignore);
      throw new DelayedError();
    }
    if (error instanceof BrokenProcessPool || isOfMachine(error)) this.#settings.onBroken(error);
    await job.moveToWait(token).catch(ignore);
    throw new WaitingError();
  }

  /** Another machine may be able to run it. One that is there and busy is waited for, as it would be without this machine. */
  async #refuse(taken: TakenJob, refusal: Refusal): Promise<never> {
    const { id, job, token, data } = taken;
    const bound = this.#settings.handBackTimeout;
    const now = Date.now();
    const { refusedSince } = data;
    let since = typeof refusedSince === 'number' ? refusedSince : now;
    let delay = refusalDelay(now - since, bound, Math.random());
    if (delay === undefined) {
      if (!(await this.#mayBeTaken(data))) return this.#fail(taken, nobodyTook(refusal, id, bound));
      since = now; // the bound is for the time without such a machine
      delay = LONGEST_DELAY;
    }
    this.counts.refused += 1;
    if (since === now) await job.updateData({ ...data, refusedSince: now }).catch(ignore);
    this.#note(taken, 'waiting');
    await job.moveToDelayed(now + delay, token).catch(ignore);
    throw new (bullmq().DelayedError)();
  }

  /** An engine that does not answer says nothing against it. */
  async #mayBeTaken(data: Partial<JobData>): Promise<boolean> {
    try {
      return (await this.#settings.machines()).some((machine) => hasWhatItNeeds(machine, data));
    } catch {
      return true;
    }
  }

  /** Before BullMQ moves the job: a reader that sees it done must find its outcome. */
  async #answer(
    { id, job, data }: Pick<TakenJob, 'id' | 'job' | 'data'>,
    kind: 'value' | 'error',
    text: string,
  ): Promise<void> {
    if (typeof data.reply !== 'string') return;
    this.#answered.add(job);
    await this.#settings.replies.settle(data.reply, id, kind, text, keepOf(data));
  }

  /** What cannot be sent of it causes a warning. A `map` has no listener. */
  #passProgress({ id, data: { reply, chunk } }: TakenJob, future: Future<CallOutcome>): void {
    if (typeof reply !== 'string' || chunk === true) return;
    future.onProgress((value) => {
      const text = this.#progressCodec.write(value, 'the progress');
      if (text.length > LARGEST_IN_MESSAGE) throw largeReport(text.length);
      this.#settings.replies.report(reply, id, 'progress', text);
    });
  }

  #note({ id, data: { reply } }: TakenJob, kind: 'started' | 'waiting'): void {
    if (typeof reply === 'string') this.#settings.replies.note(reply, id, kind);
  }
}

/** @throws what keeps a job that has not begun from beginning. */
function assertGoesOn({ ending }: ActiveJob): void {
  if (ending === 'cancelled') throw new CancelledError(CANCELLED_WHILE_HELD);
  if (ending !== undefined) throw new ShutdownExecutorError('the machine leaves');
}

function unrecoverable({ message, stack }: { message: string; stack?: string | undefined }): Error {
  const error = new (bullmq().UnrecoverableError)(storable(message));
  if (stack) error.stack = storable(stack);
  return error;
}

/** Of a job that could not be moved: its lock runs out, and another machine takes it. To throw the error would fail the job. */
function ignore(): void {}

/** Whether the task has nothing to do with it: elsewhere it may go well. */
function isOfMachine(error: unknown): boolean {
  if (error instanceof TerminatedWorkerError) return false;
  return (
    error instanceof BrokenProcessPool ||
    error instanceof ShutdownExecutorError ||
    error instanceof QueueFullError
  );
}

function largeReport(length: number): SerializationError {
  return new SerializationError(
    `a report of progress has ${length} characters, and through Redis it must not have more than ${LARGEST_IN_MESSAGE}: report ` +
      'how far the task is, and return large values as its result',
  );
}

/** Every client of Redis can write a job. */
function keepOf({ keep }: Partial<JobData>): number {
  return Number.isInteger(keep) && (keep as number) > 0 ? (keep as number) : KEPT;
}

function mayTryAgain(job: Job): boolean {
  return job.attemptsMade + 1 < (job.opts.attempts ?? 1);
}

function notOurs(job: Job): Error {
  return new Error(
    `job ${job.id} (${job.name}) was not made by a BullMQExecutor, and serveTasks runs no other: give such jobs a queue of their own, ` +
      'and a Worker with processor()',
  );
}
