/** The start of a worker: its process, what it is told first, and the time it has to get ready. It knows no others. */
import { type Frame, FrameKind } from '../../channel/frame.ts';
import { LONGEST_TIMER } from '../../system/longest-timer.ts';
import { inRootContext } from '../../system/root-context.ts';
import { startWorkerProcess, type WorkerProcessListener } from '../../worker-process/worker-process.ts';
import type { PoolEvents } from '../pool-events.ts';
import { TimeLimit } from '../time-limit.ts';
import type { PoolWorker, WorkerStartReason } from './pool-worker.ts';
import type { WorkerOrders } from './worker-orders.ts';

export interface WorkerStartListener extends Omit<WorkerProcessListener, 'onOutput'> {
  /** It is booted and initialized. */
  onReady(): void;
  onTooSlow(): void;
}

export type StartWorker = (
  worker: PoolWorker,
  reason: WorkerStartReason,
  listener: WorkerStartListener,
) => void;

/** @param startTimeout In milliseconds. */
export function workerStarter(orders: WorkerOrders, startTimeout: number, events: PoolEvents): StartWorker {
  const start: StartWorker = (worker, reason, listener) => {
    worker.startLimit = new TimeLimit(Math.min(startTimeout, LONGEST_TIMER), listener.onTooSlow);
    worker.process = startWorkerProcess(() => orders.settingsFor(worker.rank), {
      ...listener,
      onFrame: (frame) => read(worker, frame, listener),
      onOutput: (stream, line, id, isUnfinished) =>
        events.onOutput(worker, stream, line, worker.names.nameOf(stream, id), isUnfinished),
    });
    if (worker.state === 'killed') worker.process.kill(); // by whoever was asked for its environment
    events.onWorkerStarting(worker, reason);
    initialize(worker, orders);
  };
  // Whoever needs it first, it serves others, too.
  return (...order) => inRootContext(() => start(...order));
}

/** It reads this when it has booted, and answers with `started`, then `ready`. */
function initialize(worker: PoolWorker, { initializer }: WorkerOrders): void {
  if (initializer !== undefined) worker.tell(initializer.definitions);
  worker.process.send(FrameKind.initialize, 0, initializer?.payload);
}

function read(worker: PoolWorker, frame: Frame, listener: WorkerStartListener): void {
  if (frame.kind === FrameKind.started) {
    if (worker.state === 'booting') worker.state = 'initializing';
  } else if (frame.kind !== FrameKind.ready) listener.onFrame(frame);
  else if (worker.state === 'initializing') {
    worker.startLimit?.stop();
    listener.onReady();
  }
}
