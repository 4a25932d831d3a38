/**
 * Calls that share a worker (`tasksPerWorker`): they begin as they arrive and finish in any order. What each of them loads and
 * reports is known by its async context. It knows no channel; the task loop sends what it is given.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { END_OF_TASK, SEVERAL_TASKS } from '../lib/child/output.ts';
import type { Frame, FrameKind } from '../lib/child/protocol.ts';
import type { Receiver } from '../lib/sending/receiver.ts';
import { outsideOfTasks, type WhileLoading } from '../lib/system/worker-link.ts';
import { BuildReport } from './build-report.ts';
import { createProgress, type Progress, type ProgressOutput } from './progress.ts';
import { type Outcome, runCall } from './run-call.ts';

interface SharedCall {
  readonly id: number;
  readonly report: BuildReport;
  readonly progress: Progress;
  signal: AbortSignal | undefined;
}

interface SharedCallsOutput {
  readonly progress: ProgressOutput;
  /** What it sends has left this process when it returns. */
  sendAtOnce(kind: FrameKind, id: number, body?: Uint8Array): void;
  /** Into the output: the task with this number runs alone from now on; or several do, or none. */
  mark: ((id: number) => void) | undefined;
  answer(id: number, outcome: Outcome, startedAt: number): void;
  /** A call has ended. */
  onEnd(): void;
  /** Called with what is an error of this package. */
  onBroken(error: unknown): void;
}

export interface SharedCalls {
  /** How many run. */
  readonly count: number;
  /** The host wants a report when the call with this number was built. */
  announce(id: number): void;
  begin(frame: Frame, receiver: Receiver): void;
  /** Of the call in whose async context it is called. */
  reportProgress(value: unknown): void;
  /**
   * Of the call in whose async context it is called. It is never aborted: the end of one call is the end of this process, and no time
   * is given before that (`killGrace`).
   */
  signal(): AbortSignal;
  /** Of the call in whose async context it is called; else of the worker itself. */
  whileLoading: WhileLoading;
}

/** @param ofWorker What the worker loads while it runs no call. */
export function createSharedCalls(output: SharedCallsOutput, ofWorker: BuildReport): SharedCalls {
  const storage = new AsyncLocalStorage<SharedCall>();
  const running = new Set<SharedCall>();
  let announced: number | undefined;

  function mark(): void {
    if (output.mark === undefined) return;
    const [first] = running;
    output.mark(first === undefined ? END_OF_TASK : running.size === 1 ? first.id : SEVERAL_TASKS);
  }

  function finish(call: SharedCall, outcome: Outcome): void {
    const { id, report, progress } = call;
    report.end();
    progress.end();
    output.answer(id, outcome, report.startedAt);
    running.delete(call);
    mark();
    output.onEnd();
  }

  return {
    get count() {
      return running.size;
    },
    announce(id) {
      announced = id;
    },
    begin(frame, receiver) {
      const { id } = frame;
      const report = new BuildReport(output.sendAtOnce);
      if (announced === id) report.announce(id);
      announced = undefined;
      const progress = createProgress(output.progress, true);
      progress.begin(id);
      const call: SharedCall = { id, report, progress, signal: undefined };
      running.add(call);
      mark();
      const outcome = storage.run(call, runCall, receiver, frame, report);
      if (outcome instanceof Promise) outcome.then((settled) => finish(call, settled)).catch(output.onBroken);
      else finish(call, outcome);
    },
    reportProgress(value) {
      storage.getStore()?.progress.report(value);
    },
    signal() {
      const call = storage.getStore();
      if (call === undefined || !running.has(call)) throw outsideOfTasks();
      call.signal ??= new AbortController().signal;
      return call.signal;
    },
    whileLoading: (name, load) => (storage.getStore()?.report ?? ofWorker).whileLoading(name, load),
  };
}
