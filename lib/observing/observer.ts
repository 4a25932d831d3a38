/**
 * Reports what a pool does: to listeners of the executor's events, subscribers of the
 * diagnostics channels, and the debug log. It changes nothing.
 */
import type { EventEmitter } from 'node:events';
import {
  type ExitReport,
  exitCodeName,
  terminatedWorkerError,
  terminationReason,
} from '../child/exit-report.ts';
import type { LeakFigures } from '../child/protocol.ts';
import type { BrokenProcessPool } from '../errors.ts';
import type { OutputLine, PoolEvents, PoolShortage, RecycleReason } from '../manager/pool-events.ts';
import { oneTapOf, type PoolTap } from '../manager/pool-tap.ts';
import type { PoolWorker, WorkerEndReason, WorkerStartReason } from '../manager/worker.ts';
import { inRootContext } from '../system/root-context.ts';
import { describeThrown } from '../system/thrown.ts';
import { channels } from './channels.ts';
import { debug, isDebugging, workerName } from './debug-log.ts';
import type { ExecutorEvents, WorkerEvent, WorkerExitReason } from './events.ts';
import { hasTaskListeners } from './listeners.ts';
import { TaskWatch } from './task-watch.ts';

export class PoolObserver implements PoolEvents {
  /** Whether tasks are observed, by listeners of the executor or the debug log. */
  hasTaskListeners: boolean = isDebugging;
  /** How many workers ended, and why. */
  readonly exits: Partial<Record<WorkerExitReason, number>> = {};
  readonly recycled: Partial<Record<RecycleReason, number>> = {};
  tap: PoolTap | undefined = undefined;
  readonly #taps = new Set<PoolTap>();
  readonly #emitter: WeakRef<EventEmitter<ExecutorEvents>>;
  readonly #executorId: number;
  readonly #tasks: TaskWatch;

  /** @param emitter Held weakly, so that an unreachable executor can be collected. */
  constructor(emitter: EventEmitter<ExecutorEvents>, executorId: number) {
    this.#emitter = new WeakRef(emitter);
    this.#executorId = executorId;
    this.#tasks = new TaskWatch(executorId, (name, event) => {
      const delivered = this.#publish(name, event);
      if (!delivered) this.#reconsiderInterest();
    });
  }

  get tasks(): TaskWatch | undefined {
    if (this.hasTaskListeners) return this.#tasks;
    const { taskQueued, taskStarted, taskSettled } = channels;
    const isHeard = taskQueued.hasSubscribers || taskStarted.hasSubscribers || taskSettled.hasSubscribers;
    return isHeard ? this.#tasks : undefined;
  }

  addTap(tap: PoolTap): void {
    this.tap = oneTapOf(this.#taps.add(tap));
  }

  removeTap(tap: PoolTap): void {
    this.#taps.delete(tap);
    this.tap = oneTapOf(this.#taps);
  }

  #reconsiderInterest(): void {
    const emitter = this.#emitter.deref();
    this.hasTaskListeners = isDebugging || (emitter !== undefined && hasTaskListeners(emitter));
  }

  onWorkerStarting(worker: PoolWorker, reason: WorkerStartReason): void {
    this.#debug(worker, `starts (${reason})`);
    this.tap?.workerStarting(worker);
    this.#publishOfWorker('workerStarted', () => ({ ...this.#eventOf(worker), reason }));
  }

  onWorkerReady(worker: PoolWorker): void {
    this.#debug(worker, 'is ready');
    this.tap?.workerReady(worker);
    this.#publishOfWorker('workerReady', () => this.#eventOf(worker));
  }

  onWorkerEnding(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#debug(worker, `is being ended (${reason})`);
    this.tap?.workerEnding(worker, reason);
  }

  onWorkerExit(worker: PoolWorker, exit: ExitReport): void {
    const reason = exitReason(worker, exit);
    const { exitCode, signal } = exit;
    count(this.exits, reason);
    this.#debug(worker, `has ended with ${exitCodeName(exit)} (${reason})`);
    this.tap?.workerExited(worker, exit, reason);
    this.#publishOfWorker('workerExited', () => ({
      ...this.#eventOf(worker),
      ...{ exitCode, signal, reason },
      error: exitError(worker, exit),
      task: taskAtExit(worker),
    }));
  }

  onWorkerRecycled(worker: PoolWorker, reason: RecycleReason, memory: LeakFigures | undefined): void {
    const { tasksDone } = worker;
    count(this.recycled, reason);
    this.#debug(worker, `is recycled after ${tasksDone} tasks (${reason})`);
    this.tap?.workerRecycled(worker, reason, memory);
    this.#publishOfWorker('workerRecycled', () => ({ ...this.#eventOf(worker), reason, memory, tasksDone }));
  }

  onWorkerShortage({ error, failures }: PoolShortage, pause: number): void {
    if (isDebugging)
      debug(this.#executorId, `starts no worker for ${pause} ms: ${error.message.split('\n')[0]}`);
    this.#publishOfWorker('workerShortage', () => ({ executorId: this.#executorId, error, failures, pause }));
  }

  onBroken(error: BrokenProcessPool): void {
    if (isDebugging) debug(this.#executorId, `is broken: ${error.message.split('\n')[0]}`);
    this.tap?.broken(error);
    inRootContext(() => {
      this.#emit('broken', error);
      if (channels.broken.hasSubscribers) channels.broken.publish({ executorId: this.#executorId, error });
    });
  }

  onOutput({ pid, rank }: PoolWorker, { stream, line, task, isUnfinished }: OutputLine): void {
    this.#emit('output', { executorId: this.#executorId, pid, rank, stream, line, task, isUnfinished });
  }

  /** Events of workers belong to no request, although a task started or ended the worker. */
  #publishOfWorker<K extends Exclude<keyof typeof channels, 'broken'>>(
    name: K,
    event: () => ExecutorEvents[K][0],
  ): void {
    const isHeard = (this.#emitter.deref()?.listenerCount(name) ?? 0) > 0 || channels[name].hasSubscribers;
    if (isHeard) inRootContext(() => this.#publish(name, event()));
  }

  /** Whether a listener of the executor has got it. */
  #publish<K extends Exclude<keyof typeof channels, 'broken'>>(
    name: K,
    event: ExecutorEvents[K][0],
  ): boolean {
    if (channels[name].hasSubscribers) channels[name].publish(event);
    return this.#emit(name, event);
  }

  #emit<K extends keyof ExecutorEvents>(name: K, event: ExecutorEvents[K][0]): boolean {
    const emitter = this.#emitter.deref() as NodeJS.EventEmitter | undefined;
    if (emitter === undefined || emitter.listenerCount(name) === 0) return false;
    try {
      emitter.emit(name, event);
    } catch (error) {
      process.emitWarning(`A listener of the event ${name} threw: ${describeThrown(error)}`, {
        type: 'LokyWarning',
        code: 'LOKY_LISTENER_THREW',
      });
    }
    return true;
  }

  #eventOf({ pid, rank }: PoolWorker): WorkerEvent {
    return { executorId: this.#executorId, pid, rank };
  }

  #debug(worker: PoolWorker, what: string): void {
    if (isDebugging) debug(this.#executorId, `${workerName(worker)} ${what}`);
  }
}

function exitError(worker: PoolWorker, exit: ExitReport): Error | undefined {
  if (worker.endReason !== undefined) return undefined;
  return exit.startError ?? terminatedWorkerError(exit, { ...worker.lastSeen, task: taskAtExit(worker) });
}

/** One for which the worker was ended is settled by now, and still its first. */
function taskAtExit({ task, endReason }: PoolWorker): string | undefined {
  return endReason !== undefined || task?.state === 'running' ? task?.name : undefined;
}

function exitReason(worker: PoolWorker, exit: ExitReport): WorkerExitReason {
  if (worker.endReason !== undefined) return worker.endReason;
  if (exit.startError !== undefined) return 'could-not-start';
  return terminationReason(exit, { ...worker.lastSeen, task: undefined });
}

function count<K extends string>(counts: Partial<Record<K, number>>, key: K): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
