/** What a view gets from one pool, turned into figures. It keeps no task, no worker that has ended, and no value. */

import { type ExitReport, megabytes, terminatedWorkerError } from '../child/exit-report.ts';
import type { LeakFigures } from '../child/protocol.ts';
import { type BrokenProcessPool, TerminatedWorkerError } from '../errors.ts';
import type { RecycleReason, WorkerExitReason } from '../manager/pool-events.ts';
import type { PoolTap } from '../manager/pool-tap.ts';
import type { Task, TaskOutcome } from '../manager/task.ts';
import type { PoolWorker, WorkerEndReason } from '../manager/worker.ts';
import { QUIET_ENDS } from '../observing/trace-events.ts';
import { ROWS } from '../observing/trace-format.ts';
import { wordsOf } from './aggregate/error-words.ts';
import type { FailureInput, Failures, Words } from './aggregate/failures.ts';
import { Functions, type FunctionTotals } from './aggregate/functions.ts';
import type { Lane, Lanes } from './aggregate/lanes.ts';
import type { FailureKind, Progress } from './aggregate/messages.ts';
import { readProgress } from './aggregate/progress.ts';
import type { Series } from './aggregate/series.ts';

export interface Aggregates {
  readonly functions: Functions;
  readonly lanes: Lanes;
  readonly failures: Failures;
  readonly series: Series;
}

interface Place {
  readonly task: number;
  readonly pid: number | undefined;
  readonly rank: number;
  readonly lane: Lane;
}

export class PoolWatch implements PoolTap {
  readonly #pool: number;
  readonly #aggregates: Aggregates;
  readonly #startedAt = new WeakMap<PoolWorker, number>();
  readonly #progress = new WeakMap<Task, Progress>();
  /** The row in which the latest message to the pages has a task, by the number of the task. */
  seen: ReadonlyMap<number, number> = new Map();
  #lastAnswered: Place | undefined;
  /** What the worker that ended last was at. */
  #lastEnded: readonly Place[] = [];

  constructor(pool: number, aggregates: Aggregates) {
    this.#pool = pool;
    this.#aggregates = aggregates;
  }

  /** Passed by every task: it makes one small object and no text. */
  taskAnswered(task: Task, worker: PoolWorker, runTime: number): void {
    const { functions, lanes, series } = this.#aggregates;
    const totals = functions.of(task.name);
    Functions.note(totals, runTime);
    series.waitTime.record(task.startedAt - task.submittedAt);
    series.runTime.record(runTime);
    const lane = this.#laneOf(worker);
    lanes.answered(lane, totals.id, task.startedAt, runTime, task.id);
    this.#lastAnswered = { task: task.id, pid: worker.pid, rank: worker.rank, lane };
  }

  taskFailed(task: Task, outcome: Exclude<TaskOutcome, 'succeeded'>, error: unknown): void {
    const { functions, lanes } = this.#aggregates;
    const answered = this.#lastAnswered?.task === task.id ? this.#lastAnswered : undefined;
    const ended = this.#lastEnded.find((place) => place.task === task.id);
    const hasBegun = task.startedAt !== 0;
    const totals = functions.of(task.name);
    if (outcome === 'cancelled' && !hasBegun) return; // it waited, and its program wants it no more
    if (answered !== undefined) lanes.lastFailed(answered.lane);
    else this.#endedWithoutAnswer(task, totals, ended !== undefined);
    Functions.noteError(totals);
    const { pid, rank } = placeOf(error) ?? answered ?? ended ?? { pid: undefined, rank: undefined };
    const kind = outcome === 'cancelled' ? 'killed' : outcome;
    this.#addFailure(kind, { rank, pid, task: task.name }, error);
  }

  #endedWithoutAnswer(task: Task, totals: FunctionTotals, isDrawn: boolean): void {
    if (task.startedAt === 0) {
      Functions.note(totals, 0);
      return;
    }
    const now = performance.now();
    Functions.note(totals, now - task.startedAt);
    const row = this.seen.get(task.id);
    if (isDrawn || row === undefined) return;
    const lane = this.#aggregates.lanes.of(row, task.settings.sharesWorker);
    if (lane.tracks !== undefined || lane.end <= task.startedAt)
      this.#aggregates.lanes.ended(lane, totals.id, task.startedAt, now, 'killed', task.id);
  }

  taskProgressed(task: Task, _: PoolWorker, decode: () => unknown): void {
    let progress: Progress | undefined;
    try {
      progress = readProgress(decode());
    } catch {
      return; // its future reports that
    }
    if (progress !== undefined) this.#progress.set(task, progress);
  }

  progressOf(task: Task): Progress | undefined {
    return this.#progress.get(task);
  }

  workerStarting(worker: PoolWorker): void {
    this.#startedAt.set(worker, performance.now());
  }

  workerReady(worker: PoolWorker): void {
    const from = this.#startedAt.get(worker);
    if (from === undefined) return; // it was started before anyone looked
    this.#aggregates.lanes.ended(this.#laneOf(worker), 0, from, performance.now(), 'start', 0);
  }

  workerEnding(worker: PoolWorker, reason: WorkerEndReason): void {
    if (!QUIET_ENDS.has(reason)) this.#mark(worker, 'killed', reason);
    this.#endSlices(worker, reason === 'timed-out' ? 'timed-out' : 'killed');
  }

  workerRecycled(worker: PoolWorker, reason: RecycleReason, memory: LeakFigures | undefined): void {
    this.#mark(worker, 'recycled', reason);
    if (reason === 'max-tasks') return;
    const message =
      memory === undefined
        ? `Worker ${worker.rank} was above memory.limit with ${megabytes(worker.memory)} and is replaced`
        : `Worker ${worker.rank} had grown from ${megabytes(memory.reference)} to ${megabytes(memory.memory)}, more than memory.leakThreshold (${megabytes(memory.threshold)}), and is replaced`;
    const { pid, rank } = worker;
    this.#addFailure('recycled', { rank, pid }, undefined, () => ({ message, stack: undefined }));
  }

  workerExited(worker: PoolWorker, exit: ExitReport, reason: WorkerExitReason): void {
    if (worker.endReason !== undefined) {
      if (QUIET_ENDS.has(reason)) this.#mark(worker, 'left', reason);
      return;
    }
    this.#mark(worker, 'crashed', reason);
    const { task } = worker;
    this.#endSlices(worker, 'crashed');
    const { pid, rank, memory } = worker;
    const { exitCode, signal, stderr } = exit;
    const report = { reason, exitCode, signal, memory, stderr };
    this.#addFailure('died', { rank, pid, task: task?.name, report }, undefined, () => {
      const error = terminatedWorkerError(exit, { ...worker.lastSeen, task: task?.name });
      const [sentence = ''] = error.message.split('\n', 1);
      const what = sentence.slice(sentence.indexOf(': ') + 2);
      return { message: `${what.slice(0, 1).toUpperCase()}${what.slice(1)}`, stack: undefined };
    });
  }

  broken(error: BrokenProcessPool): void {
    this.#addFailure('broken', {}, error);
  }

  #addFailure(
    kind: FailureKind,
    about: Omit<FailureInput, 'at' | 'kind' | 'pool'>,
    error: unknown,
    words: () => Words = () => wordsOf(error),
  ): void {
    const input = { at: performance.now(), kind, pool: this.#pool, ...about };
    this.#aggregates.failures.add(input, error, words);
  }

  /** Of what the worker was at. */
  #endSlices(worker: PoolWorker, kind: 'timed-out' | 'killed' | 'crashed'): void {
    const lane = this.#laneOf(worker);
    const { pid, rank, tasks } = worker;
    const { functions, lanes } = this.#aggregates;
    const now = performance.now();
    this.#lastEnded = tasks.map(({ id, name, startedAt }) => {
      lanes.ended(lane, functions.of(name).id, startedAt || now, now, kind, id);
      return { task: id, pid, rank, lane };
    });
  }

  #mark(worker: PoolWorker, kind: 'crashed' | 'killed' | 'recycled' | 'left', why: string): void {
    const row = this.#pool * ROWS + worker.rank;
    this.#aggregates.lanes.mark(row, performance.now(), kind, worker.pid, why);
  }

  #laneOf({ rank, isShared }: PoolWorker): Lane {
    return this.#aggregates.lanes.of(this.#pool * ROWS + rank, isShared);
  }
}

function placeOf(error: unknown): { pid: number | undefined; rank: number } | undefined {
  return error instanceof TerminatedWorkerError ? error : undefined;
}
