/** What the page shows as a file in the Trace Event format, as `traceTimeline` writes it: Perfetto and chrome://tracing open it. */
import { markKinds, ROWS, type Slice, sliceKinds } from '../aggregate/messages.ts';
import { functionName, type Model } from './model.ts';

interface TraceEvent {
  readonly ph: 'X' | 'i' | 'M' | 'C';
  readonly name: string;
  readonly cat?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

export function toTrace(model: Model): { traceEvents: TraceEvent[]; displayTimeUnit: 'ms' } {
  const { pid } = model.host;
  const rows = [...new Set([...model.slices.keys(), ...model.marks.keys()])].sort((a, b) => a - b);
  const slices = rows.flatMap((row) => model.slices.get(row) ?? []);
  const besides = besidesOf(slices);
  const traceEvents: TraceEvent[] = [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: 'loky' } },
    ...rows.flatMap((row) => describeRow(pid, row, row)),
    ...[...besides.values()].flatMap(({ row, tid }) => describeRow(pid, row, tid)),
    ...slices.map((slice) => sliceEvent(model, slice, besides.get(keyOf(slice))?.tid ?? slice[0])),
    ...rows.flatMap((row) =>
      (model.marks.get(row) ?? []).map(
        ([tid, at, kind, process, why]): TraceEvent => ({
          ...{ ph: 'i', name: `${markKinds[kind]}: ${why}`, cat: 'worker', pid, tid, ts: at * 1000, s: 't' },
          args: { pid: process },
        }),
      ),
    ),
    ...model.points.map(
      ({ at, pending, running }): TraceEvent => ({
        ...{ ph: 'C', name: 'tasks', pid, tid: 0, ts: at * 1000, args: { pending, running } },
      }),
    ),
  ];
  return { traceEvents, displayTimeUnit: 'ms' };
}

/** From here on rows are those of tasks that ran beside others in one worker, as in the timeline of the host. */
const BESIDE = 5_000;

function keyOf([row, , , , , , , , track]: Slice): string {
  return `${row} ${track}`;
}

/** A row of its own for each track of a worker but the first, as slices of one row must not overlap. */
function besidesOf(slices: readonly Slice[]): Map<string, { readonly row: number; readonly tid: number }> {
  const besides = new Map<string, { readonly row: number; readonly tid: number }>();
  for (const slice of slices) {
    const [row, , , , , , , , track] = slice;
    if (track === 0 || besides.has(keyOf(slice))) continue;
    const tid = Math.floor(row / ROWS) * ROWS + BESIDE + besides.size + 1;
    besides.set(keyOf(slice), { row, tid });
  }
  return besides;
}

function describeRow(pid: number, row: number, tid: number): TraceEvent[] {
  const name = `executor ${Math.floor(row / ROWS)}, worker ${row % ROWS}`;
  return [
    { ph: 'M', name: 'thread_name', pid, tid, args: { name } },
    { ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: row } },
  ];
}

function sliceEvent(
  model: Model,
  [, from, duration, fn, kind, count, busy, id]: Slice,
  tid: number,
): TraceEvent {
  const outcome = sliceKinds[kind];
  const place = { ph: 'X', pid: model.host.pid, tid, ts: from * 1000, dur: duration * 1000 } as const;
  if (outcome === 'start') return { ...place, name: 'start', cat: 'worker' };
  const name = functionName(model, fn);
  return count === 1
    ? { ...place, name, cat: 'task', args: { id, outcome } }
    : { ...place, name: `${count} tasks, mostly ${name}`, cat: 'task', args: { count, outcome, busy } };
}
