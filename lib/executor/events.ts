/** The events of an executor. They are made only for who listens. */
import type { LeakFigures } from '../channel/leak-figures.ts';
import type { BrokenProcessPool } from '../errors.ts';
import type { PoolEvents, RecycleReason } from '../manager/pool-events.ts';
import type { PoolWorker } from '../manager/pool-worker.ts';

export interface WorkerEvent {
  /** `undefined` if the process could not be created. */
  readonly pid: number | undefined;
  readonly rank: number;
}

export interface WorkerExitedEvent extends WorkerEvent {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export interface WorkerRecycledEvent extends WorkerEvent {
  readonly reason: RecycleReason;
  /** In bytes; there if the reason is `'memory-leak'`. */
  readonly memory: LeakFigures | undefined;
  readonly tasksDone: number;
}

export interface OutputEvent extends WorkerEvent {
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
  /** The name of the task that was running. */
  readonly task: string | undefined;
}

export interface ExecutorEvents {
  /** A worker process was asked for. */
  workerStarted: [WorkerEvent];
  /** It is booted and initialized. */
  workerReady: [WorkerEvent];
  /** It is being replaced: it leaked, or has done its share of tasks. */
  workerRecycled: [WorkerRecycledEvent];
  workerExited: [WorkerExitedEvent];
  /** With `stdio: 'events'`: a line that a worker wrote. */
  output: [OutputEvent];
  /** The pool can run nothing any more. */
  broken: [BrokenProcessPool];
}

/** An executor is not held by its own pool: one that nobody else holds may be collected. */
export function eventsOf(executor: WeakRef<NodeJS.EventEmitter>): PoolEvents {
  const emit = <K extends keyof ExecutorEvents>(name: K, event: () => ExecutorEvents[K][0]): void => {
    const emitter = executor.deref();
    if (emitter === undefined || emitter.listenerCount(name) === 0) return;
    try {
      emitter.emit(name, event());
    } catch (error) {
      process.emitWarning(
        `A listener of the event ${name} threw: ${error instanceof Error ? error.stack : String(error)}`,
        {
          type: 'LokyWarning',
          code: 'LOKY_LISTENER_THREW',
        },
      );
    }
  };
  const worker = ({ pid, rank }: PoolWorker): WorkerEvent => ({ pid, rank });
  return {
    onWorkerStarting: (started) => emit('workerStarted', () => worker(started)),
    onWorkerReady: (ready) => emit('workerReady', () => worker(ready)),
    onWorkerExit: (gone, { exitCode, signal }) =>
      emit('workerExited', () => ({ ...worker(gone), exitCode, signal })),
    onWorkerRecycled: (recycled, reason, memory) =>
      emit('workerRecycled', () => ({ ...worker(recycled), reason, memory, tasksDone: recycled.tasksDone })),
    onBroken: (error) => emit('broken', () => error),
    onOutput: (writer, stream, line) =>
      emit('output', () => ({ ...worker(writer), stream, line, task: writer.task?.name })),
  };
}
