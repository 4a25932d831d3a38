/**
 * What a host sends to its pages. Times are milliseconds of the host's `performance.now()`, durations milliseconds, sizes
 * bytes. Neither arguments nor results of tasks are part of it.
 */
import type { FleetFigures } from './fleet-figures.ts';

/** How a slice of a worker's row ended; `start` is the time in which a worker boots. */
export const sliceKinds = ['succeeded', 'failed', 'killed', 'timed-out', 'crashed', 'start'] as const;
export type SliceKind = (typeof sliceKinds)[number];

/**
 * A task, or several brief ones of one cell of time: row, start, duration, number of the function, index in `sliceKinds`, how
 * many tasks, how many milliseconds of the duration they ran, id of the task (0 for several), track: tasks that a worker runs at
 * the same time have different ones, from 0.
 */
export type Slice = readonly [
  row: number,
  from: number,
  duration: number,
  fn: number,
  kind: number,
  count: number,
  busy: number,
  id: number,
  track: number,
];

export const markKinds = ['crashed', 'killed', 'recycled', 'left'] as const;
export type MarkKind = (typeof markKinds)[number];

/** What happened to the process of a row: row, when, index in `markKinds`, pid (0: none), why. */
export type Mark = readonly [row: number, at: number, kind: number, pid: number, why: string];

/** Number, name, tasks, milliseconds in all, longest, tasks that did not succeed. */
export type FunctionRow = readonly [
  id: number,
  name: string,
  count: number,
  total: number,
  longest: number,
  errors: number,
];

export interface Progress {
  /** From 0 to 1, if it is known. */
  readonly share: number | undefined;
  readonly text: string;
}

export interface RunningTask {
  readonly id: number;
  readonly name: string;
  readonly fn: number;
  /** When it began. */
  readonly since: number;
  /** The modules that it loads before it begins. */
  readonly loading: string | undefined;
  readonly progress: Progress | undefined;
}

export interface WorkerRow {
  /** Unique among the rows of one message. */
  readonly key: string;
  readonly row: number;
  readonly pool: number;
  readonly rank: number;
  readonly pid: number | undefined;
  readonly state: string;
  readonly isRetiring: boolean;
  /** With its descendants. */
  readonly memory: number | undefined;
  /** How much more that is than the least that was seen. */
  readonly growth: number | undefined;
  /** Per cent of one core. */
  readonly cpu: number | undefined;
  readonly done: number;
  /** What it runs, in the order in which it was sent: several with `tasksPerWorker`, of which the first `MOST_TASKS`. */
  readonly tasks: readonly RunningTask[];
  /** How many it runs. */
  readonly running: number;
  /** Tasks that wait in the worker itself. */
  readonly ahead: number;
}

export interface PoolRow {
  readonly key: string;
  readonly id: number;
  readonly state: 'open' | 'closed' | 'broken';
  readonly pending: number;
  readonly running: number;
  readonly maxWorkers: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly exits: Readonly<Record<string, number>>;
  readonly recycled: Readonly<Record<string, number>>;
  readonly shortage: string | undefined;
  readonly memoryLimit: number | undefined;
  readonly leakThreshold: number;
  /** Sent once: they do not change. */
  readonly settings?: readonly (readonly [name: string, value: string])[];
}

export interface Report {
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly memory: number | undefined;
  readonly stderr: string;
}

export type FailureKind = 'failed' | 'timed-out' | 'killed' | 'lost' | 'died' | 'recycled' | 'broken';

export interface Failure {
  readonly id: number;
  readonly at: number;
  readonly kind: FailureKind;
  readonly pool: number;
  readonly rank: number | undefined;
  readonly pid: number | undefined;
  readonly task: string | undefined;
  /** How often the same happened in a row, or how many tasks the end of a worker cost. */
  readonly count: number;
  readonly message: string;
  readonly stack: string | undefined;
  readonly report: Report | undefined;
}

/** One second of the curves. */
export interface Point {
  readonly at: number;
  /** Tasks that came to their end, and those of them that did not succeed. */
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
  readonly running: number;
  /** `undefined` where no task was answered. */
  readonly waitP50: number | undefined;
  readonly waitP99: number | undefined;
  readonly runP50: number | undefined;
  readonly runP99: number | undefined;
  readonly loopP50: number | undefined;
  readonly loopP99: number | undefined;
  /** Of the host, in per cent of one core. */
  readonly cpu: number;
  readonly memory: number;
}

export interface HostInfo {
  readonly program: string;
  readonly pid: number;
  readonly machine: string;
  readonly node: string;
  readonly loky: string;
  /** Of `performance.now()`, in milliseconds since 1970. */
  readonly timeOrigin: number;
  /** Whether the page may act. */
  readonly actions: boolean;
}

export interface FleetMessage {
  readonly figures: FleetFigures | undefined;
  readonly error: string | undefined;
}

/** What has changed. In a snapshot: everything. */
export interface Delta {
  readonly now: number;
  readonly pools?: readonly PoolRow[];
  readonly workers?: readonly WorkerRow[];
  /** Keys of pools and workers that are there no more. */
  readonly gone?: readonly string[];
  readonly functions?: readonly FunctionRow[];
  readonly slices?: readonly Slice[];
  readonly marks?: readonly Mark[];
  readonly failures?: readonly Failure[];
  readonly points?: readonly Point[];
  readonly fleet?: FleetMessage;
}

export interface Snapshot extends Delta {
  readonly host: HostInfo;
}

/** What a page may ask for, if it may act. */
export type Action =
  | { readonly kind: 'cancel-task'; readonly pool: number; readonly task: number }
  | { readonly kind: 'end-worker'; readonly pool: number; readonly pid: number }
  | { readonly kind: 'resize'; readonly pool: number; readonly workers: number };

/** More of them would fill the row of a worker, four times a second. */
export const MOST_TASKS = 20;
