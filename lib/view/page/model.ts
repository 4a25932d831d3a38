/** What the page knows, made of what the host sends. It is plain data: a paused page keeps a copy, an exported one carries it. */
import type {
  Delta,
  Failure,
  FleetMessage,
  FunctionRow,
  HostInfo,
  Mark,
  Point,
  PoolRow,
  Slice,
  Snapshot,
  WorkerRow,
} from '../aggregate/messages.ts';

export interface Model {
  host: HostInfo;
  /** The host's `performance.now()` when it sent what came last. */
  now: number;
  pools: Map<string, PoolRow>;
  workers: Map<string, WorkerRow>;
  functions: Map<number, FunctionRow>;
  /** By row, in the order in which they ended. */
  slices: Map<number, Slice[]>;
  marks: Map<number, Mark[]>;
  failures: Map<number, Failure>;
  points: Point[];
  fleet: FleetMessage | undefined;
}

/** Milliseconds of the stream that are drawn, and those that are kept: the pages lags a little behind. */
export const STREAM = 60_000;
const KEPT = STREAM + 3_000;
const MOST_POINTS = 600;
const MOST_FAILURES = 60;

/** @param former What was shown of the same host before the connection was lost: its curves continue. */
export function fromSnapshot(snapshot: Snapshot, former?: Model): Model {
  const model: Model = {
    host: snapshot.host,
    now: snapshot.now,
    pools: new Map(),
    workers: new Map(),
    functions: new Map(),
    slices: new Map(),
    marks: new Map(),
    failures: new Map(),
    points: [],
    fleet: undefined,
  };
  apply(model, snapshot);
  if (former !== undefined && isSameHost(former.host, snapshot.host)) {
    const first = model.points[0]?.at ?? snapshot.now;
    model.points = [...former.points.filter(({ at }) => at < first), ...model.points].slice(-MOST_POINTS);
  }
  return model;
}

export function isSameHost(a: HostInfo, b: HostInfo): boolean {
  return a.pid === b.pid && a.timeOrigin === b.timeOrigin;
}

export function apply(model: Model, delta: Delta): void {
  model.now = delta.now;
  for (const pool of delta.pools ?? []) {
    const { settings } = model.pools.get(pool.key) ?? {};
    model.pools.set(pool.key, settings === undefined ? pool : { ...pool, settings });
  }
  for (const worker of delta.workers ?? []) model.workers.set(worker.key, worker);
  for (const key of delta.gone ?? []) {
    model.pools.delete(key);
    model.workers.delete(key);
  }
  for (const row of delta.functions ?? []) {
    if (row[1] === '') model.functions.delete(row[0]);
    else model.functions.set(row[0], row);
  }
  for (const slice of delta.slices ?? []) listOf(model.slices, slice[0]).push(slice);
  for (const mark of delta.marks ?? []) listOf(model.marks, mark[0]).push(mark);
  for (const failure of delta.failures ?? []) model.failures.set(failure.id, failure);
  model.points.push(...(delta.points ?? []));
  if (delta.fleet !== undefined) model.fleet = delta.fleet;
  forget(model);
}

function listOf<T>(lists: Map<number, T[]>, row: number): T[] {
  let list = lists.get(row);
  if (list === undefined) {
    list = [];
    lists.set(row, list);
  }
  return list;
}

function forget(model: Model): void {
  const oldest = model.now - KEPT;
  for (const [row, slices] of model.slices)
    trim(model.slices, row, slices, ([, from, duration]) => from + duration >= oldest);
  for (const [row, marks] of model.marks) trim(model.marks, row, marks, ([, at]) => at >= oldest);
  if (model.points.length > MOST_POINTS) model.points.splice(0, model.points.length - MOST_POINTS);
  while (model.failures.size > MOST_FAILURES)
    model.failures.delete(model.failures.keys().next().value as number);
}

/** They are in order: the first that is kept ends the search. */
function trim<T>(lists: Map<number, T[]>, row: number, list: T[], isKept: (item: T) => boolean): void {
  const first = list.findIndex(isKept);
  if (first === 0) return;
  if (first === -1) lists.delete(row);
  else list.splice(0, first);
}

/** For a file: maps become lists of entries. */
export function toJson(model: Model): string {
  return JSON.stringify(model, (_, value: unknown) =>
    value instanceof Map ? { entries: [...(value as Map<unknown, unknown>)] } : value,
  );
}

export function fromJson(text: string): Model {
  return JSON.parse(text, (_, value: unknown) => {
    const entries = (value as { entries?: unknown } | null)?.entries;
    return Array.isArray(entries) ? new Map(entries as [unknown, unknown][]) : value;
  }) as Model;
}

/** Name of a function by its number; of tasks that were put together if it is not known any more. */
export function functionName(model: Model, id: number): string {
  return model.functions.get(id)?.[1] ?? '(other names)';
}

/** A line of the stream: what runs there now, if anything does. */
export interface Line {
  readonly row: number;
  readonly worker: WorkerRow | undefined;
  /** Another process of the same place, which starts or leaves. */
  readonly other: WorkerRow | undefined;
}

const PRECEDENCE = ['busy', 'idle', 'spare', 'initializing', 'booting', 'leaving', 'killed', 'gone'];

/** Places that have a worker, or had one in the last minute, in order. */
export function linesOf(model: Model): Line[] {
  const byRow = new Map<number, WorkerRow[]>();
  for (const worker of model.workers.values()) listOf(byRow, worker.row).push(worker);
  for (const row of [...model.slices.keys(), ...model.marks.keys()]) listOf(byRow, row);
  return [...byRow]
    .sort(([a], [b]) => a - b)
    .map(([row, workers]) => {
      const [worker, other] = workers.sort((a, b) => rankOf(a) - rankOf(b));
      return { row, worker, other };
    });
}

function rankOf({ state }: WorkerRow): number {
  const rank = PRECEDENCE.indexOf(state);
  return rank === -1 ? PRECEDENCE.length : rank;
}
