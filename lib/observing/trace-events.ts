/** Turns the events of an executor into those of the Trace Event format. It keeps nothing of what it has made. */
import type { WorkerEvent, WorkerExitReason } from './events.ts';
import type { Listeners } from './observed-executor.ts';
import { BESIDE, describeRow, ROWS, type TraceEvent } from './trace-format.ts';

/** Ends that are part of a worker's life. */
export const QUIET_ENDS = new Set<WorkerExitReason>(['idle-timeout', 'resized', 'recycled', 'shutdown']);

/** A worker's process, in the row of its rank unless another process of this rank lives still. */
interface Process {
  readonly pid: number;
  readonly row: number;
  hasEnded: boolean;
  /** Its tasks of this moment. */
  readonly running: Set<number>;
  /** It was seen to run several tasks at once. */
  isShared: boolean;
  /** Its row, and those for what runs beside others. */
  readonly rows: number[];
}

interface Place {
  readonly pid: number;
  readonly tid: number;
}

/** Where events are drawn: each row is described when it is first used. */
class Rows {
  readonly #executorId: number;
  readonly #describe: (event: TraceEvent) => void;
  /** The last process of each row. It stays until another one takes the row: its last task is reported after its end. */
  readonly #processes = new Map<number, Process>();
  /** Where the last slice of a row ends, in milliseconds. */
  readonly #ends = new Map<number, number>();
  readonly #described = new Set<number>();
  #lastBeside = BESIDE;

  constructor(executorId: number, describe: (event: TraceEvent) => void) {
    this.#executorId = executorId;
    this.#describe = describe;
  }

  /** `undefined` for one that could not be created: its row is that of its rank. */
  processOf(pid: number | undefined, rank: number): Process | undefined {
    if (pid === undefined) return undefined;
    for (const process of this.#processes.values()) if (process.pid === pid) return process;
    const isTaken = (row: number): boolean => this.#processes.get(row)?.hasEnded === false;
    let row = rank;
    if (isTaken(row)) for (row = 0; isTaken(row); ) row += 1;
    const rows = this.#processes.get(row)?.rows ?? [row];
    const process = { pid, row, hasEnded: false, running: new Set<number>(), isShared: false, rows };
    this.#processes.set(row, process);
    return process;
  }

  placeOf(pid: number | undefined, rank: number): Place {
    return this.#place(this.processOf(pid, rank)?.row ?? rank);
  }

  /**
   * The place of a slice, and where it begins: in a row of its own if it is that of a task which ran beside others of its
   * worker, else behind the last one, as answers of short tasks arrive together. In milliseconds.
   */
  add(
    pid: number | undefined,
    rank: number,
    begun: number,
    duration: number,
  ): { readonly place: Place; readonly from: number } {
    const process = this.processOf(pid, rank);
    const row = process?.isShared ? this.#rowBeside(process, begun) : (process?.row ?? rank);
    const from = Math.max(begun, this.#ends.get(row) ?? 0);
    this.#ends.set(row, from + duration);
    return { place: this.#place(row, process?.row), from };
  }

  #rowBeside({ rows }: Process, begun: number): number {
    const free = rows.find((row) => (this.#ends.get(row) ?? 0) <= begun);
    if (free !== undefined) return free;
    this.#lastBeside += 1;
    rows.push(this.#lastBeside);
    return this.#lastBeside;
  }

  /** @param ofWorker The row of the worker in which it runs beside others. */
  #place(row: number, ofWorker = row): Place {
    const first = this.#executorId * ROWS;
    const place = { pid: process.pid, tid: first + row };
    if (this.#described.has(row)) return place;
    if (this.#described.size === 0)
      this.#describe({ ph: 'M', name: 'process_name', ...place, args: { name: 'loky' } });
    this.#described.add(row);
    for (const event of describeRow(place.pid, place.tid, first + ofWorker)) this.#describe(event);
    return place;
  }
}

/**
 * @param add Takes what happens.
 * @param describe Takes what describes a row; called once for each.
 * @returns Listeners, by the names of the events.
 */
export function createTraceEvents(
  executorId: number,
  add: (event: TraceEvent) => void,
  describe: (event: TraceEvent) => void,
) {
  const rows = new Rows(executorId, describe);
  const startedAt = new Map<number | undefined, number>();

  function instant(name: string, place: Place, args: Record<string, unknown>): void {
    add({ ph: 'i', name, cat: 'worker', ...place, ts: performance.now() * 1000, s: 't', args });
  }

  return {
    workerStarted({ pid, rank }: WorkerEvent) {
      startedAt.set(pid, performance.now());
      rows.placeOf(pid, rank);
    },
    workerReady({ pid, rank }) {
      const begun = startedAt.get(pid);
      startedAt.delete(pid);
      if (begun === undefined) return; // started before this timeline
      const duration = performance.now() - begun;
      const { place, from } = rows.add(pid, rank, begun, duration);
      const [ts, dur] = [from * 1000, duration * 1000];
      add({ ph: 'X', name: 'start', cat: 'worker', ...place, ts, dur, args: { pid } });
    },
    workerRecycled({ pid, rank, reason, memory, tasksDone }) {
      const args = { pid, tasksDone, ...(memory && { memory }) };
      instant(`recycled: ${reason}`, rows.placeOf(pid, rank), args);
    },
    workerExited({ pid, rank, exitCode, signal, reason }) {
      startedAt.delete(pid);
      const name = QUIET_ENDS.has(reason) ? `exit: ${reason}` : `died: ${reason}`;
      instant(name, rows.placeOf(pid, rank), { pid, exitCode, signal });
      const ended = rows.processOf(pid, rank);
      if (ended !== undefined) ended.hasEnded = true;
    },
    taskStarted({ pid, rank, waitTime, attempt, id }) {
      const worker = rows.processOf(pid, rank);
      worker?.running.add(id);
      if (worker && worker.running.size > 1) worker.isShared = true;
      if (attempt > 1) instant('runs again', rows.placeOf(pid, rank), { id, attempt, waitTime });
    },
    taskSettled({ id, name, outcome, pid, rank, startedAt: begun, waitTime, runTime, isChunk }) {
      if (rank === undefined) return; // it never ran
      rows.processOf(pid, rank)?.running.delete(id);
      if (begun === undefined || runTime === undefined) return;
      const { place, from } = rows.add(pid, rank, begun, runTime);
      const [ts, dur] = [from * 1000, runTime * 1000];
      add({ ph: 'X', name, cat: 'task', ...place, ts, dur, args: { id, outcome, waitTime, pid, isChunk } });
    },
  } satisfies Listeners;
}
