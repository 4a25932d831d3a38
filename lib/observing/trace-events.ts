/** Turns the events of an executor into those of the Trace Event format. It keeps nothing of what it has made. */
import type {
  TaskSettledEvent,
  TaskStartedEvent,
  WorkerEvent,
  WorkerExitedEvent,
  WorkerExitReason,
  WorkerRecycledEvent,
} from './events.ts';
import { BESIDE, describeRow, ROWS, type TraceEvent } from './trace-format.ts';

interface TraceEvents {
  workerStarted(event: WorkerEvent): void;
  workerReady(event: WorkerEvent): void;
  workerRecycled(event: WorkerRecycledEvent): void;
  workerExited(event: WorkerExitedEvent): void;
  taskStarted(event: TaskStartedEvent): void;
  taskSettled(event: TaskSettledEvent): void;
}

/** Ends that are part of a worker's life. */
export const QUIET_ENDS = new Set<WorkerExitReason>(['idle-timeout', 'resized', 'recycled', 'shutdown']);

/**
 * @param add Takes what happens.
 * @param describe Takes what describes a row; called once for each.
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
  /** The last process of each row. It stays until another one takes the row: its last task is reported after its end. */
  const processes = new Map<number, { readonly pid: number; ended: boolean }>();

  /** The row of a process: that of its rank, unless another process of this rank lives still. */
  function rowOf(pid: number | undefined, rank: number): number {
    if (pid === undefined) return rank;
    for (const [row, process] of processes) if (process.pid === pid) return row;
    const isTaken = (row: number): boolean => processes.get(row)?.ended === false;
    let row = rank;
    if (isTaken(row)) for (row = 0; isTaken(row); ) row += 1;
    processes.set(row, { pid, ended: false });
    return row;
  }

  /** The tasks that a process runs at this moment; and the processes that have been seen to run several at once. */
  const running = new Map<number, Set<number>>();
  const shared = new Set<number>();
  /** The rows for what runs beside others, by the row of the worker. */
  const besides = new Map<number, number[]>();
  let lastBeside = BESIDE;

  function noteRunning(pid: number | undefined, id: number): void {
    if (pid === undefined) return;
    const ids = running.get(pid) ?? new Set();
    running.set(pid, ids.add(id));
    if (ids.size > 1) shared.add(pid);
  }

  /** The row for the slice of a task that began at this time: one of its own if it ran beside others of its worker. */
  function rowOfTask(pid: number | undefined, rank: number, begun: number): number {
    const row = rowOf(pid, rank);
    if (pid === undefined || !shared.has(pid)) return row;
    const rows = besides.get(row) ?? [row];
    besides.set(row, rows);
    const free = rows.find((each) => (rowEnds.get(each) ?? 0) <= begun);
    if (free !== undefined) return free;
    lastBeside += 1;
    rows.push(lastBeside);
    placeOf(lastBeside, row);
    return lastBeside;
  }

  /** @param worker The row of the worker in which it runs beside others. */
  function placeOf(row: number, worker = row): { pid: number; tid: number } {
    const place = { pid: host, tid: executorId * ROWS + row };
    if (!described.has(row)) {
      if (described.size === 0) describe({ ph: 'M', name: 'process_name', ...place, args: { name: 'loky' } });
      described.add(row);
      for (const event of describeRow(host, place.tid, executorId * ROWS + worker)) describe(event);
    }
    return place;
  }

  function instant(name: string, row: number, args: Record<string, unknown>): void {
    add({ ph: 'i', name, cat: 'worker', ...placeOf(row), ts: performance.now() * 1000, s: 't', args });
  }

  return {
    workerStarted({ pid, rank }) {
      startedAt.set(pid, performance.now());
      placeOf(rowOf(pid, rank));
    },
    workerReady({ pid, rank }) {
      const from = startedAt.get(pid);
      startedAt.delete(pid);
      if (from === undefined) return; // started before this timeline
      const now = performance.now();
      const row = rowOf(pid, rank);
      rowEnds.set(row, now);
      const [ts, dur] = [from * 1000, (now - from) * 1000];
      add({ ph: 'X', name: 'start', cat: 'worker', ...placeOf(row), ts, dur, args: { pid } });
    },
    workerRecycled({ pid, rank, reason, memory, tasksDone }) {
      instant(`recycled: ${reason}`, rowOf(pid, rank), { pid, tasksDone, ...(memory && { memory }) });
    },
    workerExited({ pid, rank, exitCode, signal, reason }) {
      startedAt.delete(pid);
      if (pid !== undefined) running.delete(pid);
      const name = QUIET_ENDS.has(reason) ? `exit: ${reason}` : `died: ${reason}`;
      const row = rowOf(pid, rank);
      instant(name, row, { pid, exitCode, signal });
      const last = processes.get(row);
      if (last !== undefined) last.ended = true;
    },
    taskStarted({ pid, rank, waitTime, attempt, id }) {
      noteRunning(pid, id);
      if (attempt > 1) instant('runs again', rowOf(pid, rank), { id, attempt, waitTime });
    },
    taskSettled({ id, name, outcome, pid, rank, startedAt: begun, waitTime, runTime, isChunk }) {
      if (pid !== undefined) running.get(pid)?.delete(id);
      if (rank === undefined || begun === undefined || runTime === undefined) return; // it never ran
      // Answers of short tasks arrive together: their slices are laid one after the other.
      const row = rowOfTask(pid, rank, begun);
      const from = Math.max(begun, rowEnds.get(row) ?? 0);
      rowEnds.set(row, from + runTime);
      const [ts, dur] = [from * 1000, runTime * 1000];
      add({
        ph: 'X',
        name,
        cat: 'task',
        ...placeOf(row),
        ts,
        dur,
        args: { id, outcome, waitTime, pid, isChunk },
      });
    },
  };
}
