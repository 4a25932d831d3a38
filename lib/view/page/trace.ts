/** What the page shows as a file in the Trace Event format, as `traceTimeline` writes it: Perfetto and chrome://tracing open it. */
import { BESIDE, describeRow, ROWS, type TraceEvent } from '../../observing/trace-format.ts';
import { markKinds, type Slice, sliceKinds } from '../aggregate/messages.ts';
import { functionName, type Model } from './model.ts';

/** Also counts, which the timeline of a host has not. */
type PageEvent = Omit<TraceEvent, 'ph'> & { readonly ph: TraceEvent['ph'] | 'C' };

export function toTrace(model: Model): { traceEvents: PageEvent[]; displayTimeUnit: 'ms' } {
  const { pid } = model.host;
  const rows = [...new Set([...model.slices.keys(), ...model.marks.keys()])].sort((a, b) => a - b);
  const slices = rows.flatMap((row) => model.slices.get(row) ?? []);
  const besides = besidesOf(slices);
  const traceEvents: PageEvent[] = [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name: 'loky' } },
    ...rows.flatMap((row) => describeRow(pid, row, row)),
    ...[...besides.values()].flatMap(({ row, tid }) => describeRow(pid, tid, row)),
    ...slices.map((slice) => sliceEvent(model, slice, besides.get(keyOf(slice))?.tid ?? slice[0])),
    ...rows.flatMap((row) =>
      (model.marks.get(row) ?? []).map(
        ([tid, at, kind, process, why]): PageEvent => ({
          ...{ ph: 'i', name: `${markKinds[kind]}: ${why}`, cat: 'worker', pid, tid, ts: at * 1000, s: 't' },
          args: { pid: process },
        }),
      ),
    ),
    ...model.points.map(
      ({ at, pending, running }): PageEvent => ({
        ...{ ph: 'C', name: 'tasks', pid, tid: 0, ts: at * 1000, args: { pending, running } },
      }),
    ),
  ];
  return { traceEvents, displayTimeUnit: 'ms' };
}

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

function sliceEvent(
  model: Model,
  [, from, duration, fn, kind, count, busy, id]: Slice,
  tid: number,
): PageEvent {
  const outcome = sliceKinds[kind];
  const place = { ph: 'X', pid: model.host.pid, tid, ts: from * 1000, dur: duration * 1000 } as const;
  if (outcome === 'start') return { ...place, name: 'start', cat: 'worker' };
  const name = functionName(model, fn);
  return count === 1
    ? { ...place, name, cat: 'task', args: { id, outcome } }
    : { ...place, name: `${count} tasks, mostly ${name}`, cat: 'task', args: { count, outcome, busy } };
}
