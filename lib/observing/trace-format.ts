/** The Trace Event format, and how rows are numbered in it: by the timeline of a host, and by that which the live view saves. */

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

/** The row of a worker is its rank; those of the executors of one host are this far apart. */
export const ROWS = 10_000;

/** From here on rows are those of tasks that run beside others in one worker. */
export const BESIDE = 5_000;

/** @param row That of the worker: `tid` is another one for what runs beside others. */
export function describeRow(pid: number, tid: number, row: number): TraceEvent[] {
  const name = `executor ${Math.floor(row / ROWS)}, worker ${row % ROWS}`;
  return [
    { ph: 'M', name: 'thread_name', pid, tid, args: { name } },
    { ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: row } },
  ];
}
