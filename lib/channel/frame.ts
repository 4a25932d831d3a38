/**
 * How a frame looks on the wire, the same at both ends. A frame is a header, a body and binary views:
 *
 *   magic u8 · kind u8 · views u16 · id u32 · time u32 · body length u32 · view lengths f64 each · body · views
 *
 * It knows no task: `kind` and `id` mean something to the two ends alone.
 */

export const MAGIC = 0x4c;
export const HEADER_BYTES = 16;
export const VIEW_LENGTH_BYTES = 8;

/** What a frame says. Numbers are part of the protocol between one host and its own workers. */
export const FrameKind = {
  /** Host to worker: a definition (function code or reference) to keep under its id. */
  define: 1,
  /** Host to worker: the definition with this id is used no more. */
  forget: 2,
  /** Host to worker, before all else: what it is to know of itself and its pool. */
  start: 9,
  /** Host to worker: run the initializer. */
  initialize: 3,
  /** Host to worker: run a call. */
  call: 4,
  /** Host to worker: run a call as soon as its claim can be had. */
  callAhead: 7,
  /** Host to worker: run a function once for each of a list of argument lists. */
  chunk: 5,
  /** Host to worker: make the function with this id ready, as it may be called soon. */
  prepare: 8,
  /** Host to worker: its place in the pool is the one with this number from now on. */
  rank: 10,
  /** Host to worker: answer with `built` when the call with this id is; with 0, when all is that was to be prepared. */
  announce: 11,
  /** Host to worker: finish what you run, then exit. */
  leave: 6,
  /** Worker to host: booted; from here on code of the user runs. */
  started: 15,
  /** Worker to host: booted and initialized. */
  ready: 16,
  /** Worker to host: the initializer failed, with its error. */
  initializerFailed: 17,
  /** Worker to host: the result of a call. */
  value: 18,
  /** Worker to host: the error of a call. */
  error: 19,
  /** Worker to host: something left behind by a task threw; the worker exits. */
  uncaught: 20,
  /** Worker to host: the worker may ask to be replaced soon. */
  growing: 21,
  /** Worker to host: the worker asks to be replaced, with figures. */
  retire: 22,
  /** Worker to host: the worker's memory cannot be measured, and why. */
  unmeasurable: 31,
  /** Worker to host: a call that it will not run: it is about to leave, or has no claim to it. */
  handedBack: 23,
  /** Worker to host: an order of the resource tracker. */
  resource: 24,
  /** Worker to host: how far a call is, as its task tells. */
  progress: 25,
  /** Worker to host: it loads modules, by their names; for the call with this id, or, with 0, to get ready itself. */
  loading: 26,
  /** Worker to host: the call with this id was built and runs from now on; with 0: what was to be prepared is. */
  built: 27,
  /** Worker to host: it could not import the module of `preload` with this index, with the error. */
  preloadFailed: 28,
} as const;

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export interface Frame {
  readonly kind: FrameKind;
  readonly id: number;
  /** How long it took, in microseconds; 0 where that means nothing. */
  readonly time: number;
  readonly body: Uint8Array;
  readonly views: readonly Uint8Array[];
}

/**
 * Stands for a body and views for which the reading end had no memory: a zero byte, which is no tag of any content, and
 * how many bytes they were, f64.
 */
export function lostBody(bytes: number): Uint8Array {
  const body = Buffer.alloc(1 + VIEW_LENGTH_BYTES);
  body.writeDoubleLE(bytes, 1);
  return body;
}

export const frameKinds: ReadonlySet<number> = new Set(Object.values(FrameKind));

/** The other end sent something that is no frame. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}
