/** Turns the events of an executor into those of the Trace Event format. It keeps nothing of what it has made. */
import type {
  TaskSettledEvent,
  TaskStartedEvent,
  WorkerEvent,
  WorkerExitedEvent,
  WorkerRecycledEvent,
} from '../executor/events.ts';

/**
 * An event of the Trace Event format: `X` is a slice with a duration, `i` an instant, `M` describes a row. Times are
 * in microseconds of `performance.now()`.
 */
export interface TraceEvent {
  readonly ph: 'X' | 'i' | 'M';
  readonly name: string;
  readonly cat?: string;
  /** The host's process: its workers are rows of it. */
  readonly pid: number;
  /** The worker's rank. */
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface TraceEvents {
  workerStarted(event: WorkerEvent): void;
  workerReady(event: WorkerEvent): void;
  workerRecycled(event: WorkerRecycledEvent): void;
  workerExited(event: WorkerExitedEvent): void;
  taskStarted(event: TaskStartedEvent): void;
  taskSettled(event: TaskSettledEvent): void;
}

/** Rows of several executors of one host are told apart by this much. */
const RANKS = 10_000;

/** Ends that are part of a worker's life. */
const QUIET = new Set(['idle-timeout', 'resized', 'recycled', 'shutdown']);

/**
 * @param add Takes what happens.
 * @param describe Takes what describes a row; told once for each.
 */
export function createTraceEvents(
  executorId: number,
  add: (event: TraceEvent) => void,
  describe: (event: TraceEvent) => void,
): TraceEvents {
  const { pid: host } = process;
  const startedAt = new Map<number | undefined, number>();
  /** Where the last slice of a row ends, in milliseconds. */
  const rowEnds = new Map<number, number>();
  const described = new Set<number>();

  function row(rank: number): { pid: number; tid: number } {
    const place = { pid: host, tid: executorId * RANKS + rank };
    if (!described.has(rank)) {
      if (described.size === 0) describe({ ph: 'M', name: 'process_name', ...place, args: { name: 'loky' } });
      described.add(rank);
      const name = `executor ${executorId}, worker ${rank}`;
      describe({ ph: 'M', name: 'thread_name', ...place, args: { name } });
      describe({ ph: 'M', name: 'thread_sort_index', ...place, args: { sort_index: place.tid } });
    }
    return place;
  }

  function instant(name: string, rank: number, args: Record<string, unknown>): void {
    add({ ph: 'i', name, cat: 'worker', ...row(rank), ts: performance.now() * 1000, s: 't', args });
  }

  return {
    workerStarted({ pid, rank }) {
      startedAt.set(pid, performance.now());
      row(rank);
    },
    workerReady({ pid, rank }) {
      const from = startedAt.get(pid);
      startedAt.delete(pid);
      if (from === undefined) return; // started before this timeline
      const now = performance.now();
      rowEnds.set(rank, now);
      const [ts, dur] = [from * 1000, (now - from) * 1000];
      add({ ph: 'X', name: 'start', cat: 'worker', ...row(rank), ts, dur, args: { pid } });
    },
    workerRecycled({ pid, rank, reason, memory, tasksDone }) {
      instant(`recycled: ${reason}`, rank, { pid, tasksDone, ...(memory && { memory }) });
    },
    workerExited({ pid, rank, exitCode, signal, reason }) {
      startedAt.delete(pid);
      const name = QUIET.has(reason) ? `exit: ${reason}` : `died: ${reason}`;
      instant(name, rank, { pid, exitCode, signal });
    },
    taskStarted({ rank, waitTime, attempt, id }) {
      if (attempt > 1) instant('runs again', rank, { id, attempt, waitTime });
    },
    taskSettled({ id, name, outcome, pid, rank, startedAt: begun, waitTime, runTime, isChunk }) {
      if (rank === undefined || begun === undefined || runTime === undefined) return; // it never ran
      // Answers of short tasks arrive together: their slices are laid one after the other.
      const from = Math.max(begun, rowEnds.get(rank) ?? 0);
      rowEnds.set(rank, from + runTime);
      const [ts, dur] = [from * 1000, runTime * 1000];
      add({
        ph: 'X',
        name,
        cat: 'task',
        ...row(rank),
        ts,
        dur,
        args: { id, outcome, waitTime, pid, isChunk },
      });
    },
  };
}
