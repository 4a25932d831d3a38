/**
 * What host and worker say to each other: each kind of frame, and what some of them hold. How frames travel is in frames.ts.
 */
import type { Payload } from '../sending/common/payload.ts';

/** What a frame says. Numbers are part of the protocol between one host and its own workers. */
export const FrameKind = {
  // From host to worker

  /** A definition (function code or reference) to keep under its id. */
  define: 1,
  /** The definition with this id is used no more. */
  forget: 2,
  /** Before all else: what it is to know of itself and its pool. */
  start: 9,
  /** Run the initializer. */
  initialize: 3,
  /** Run a call. */
  call: 4,
  /** Run a call as soon as its claim can be had. */
  callAhead: 7,
  /** Run a function once for each of a list of argument lists. */
  chunk: 5,
  /** Of the next chunk only so many items are to run (u32), of which the first as many as `id`, and as many more with each claim. */
  claimed: 12,
  /** Make the function with this id ready, as it may be called soon. */
  prepare: 8,
  /** Its place in the pool is the one with this number from now on. */
  rank: 10,
  /** Answer with `built` when the call with this id is; with 0, when all is that was to be prepared. */
  announce: 11,
  /** The call with this number is to end; with the error that its future has failed with. */
  interrupt: 13,
  /** Run the teardown, and answer with `tornDown`. */
  teardown: 14,
  /** The trace context, as JSON of what a propagator has written, of the call or chunk that comes next. */
  traceContext: 36,
  /** Finish what you run, then exit. */
  leave: 6,
  /** Run a call of a generator function, whose values travel as they are yielded. */
  stream: 32,
  /** So many more values (u32) of the stream with this id may be sent. */
  credit: 33,
  /** No more values of the stream with this id are wanted. */
  stopStream: 34,
  /** A message for the task with this id, as a call of one argument. */
  message: 35,

  // From worker to host

  /** Booted; from here on code of the user runs. */
  started: 15,
  /** Booted and initialized. */
  ready: 16,
  /** The initializer failed, with its error. */
  initializerFailed: 17,
  /** The result of a call. */
  value: 18,
  /** The error of a call. */
  error: 19,
  /** Something left behind by a task threw; the worker exits. */
  uncaught: 20,
  /** The worker may ask to be replaced soon. */
  growing: 21,
  /** The worker asks to be replaced, with figures. */
  retire: 22,
  /** The worker's memory cannot be measured, and why. */
  unmeasurable: 31,
  /** A call that it will not run: it is about to leave, or has no claim to it. */
  handedBack: 23,
  /** An order of the resource tracker. */
  resource: 24,
  /** How far a call is, as its task reports. */
  progress: 25,
  /** It loads modules, by their names; for the call with this id, or, with 0, to get ready itself. */
  loading: 26,
  /** The call with this id was built and runs from now on; with 0: what was to be prepared is. */
  built: 27,
  /** It could not import the module of `preload` with this index, with the error. */
  preloadFailed: 28,
  /** The teardown has ended; with 1: it has failed, with its error. */
  tornDown: 29,
  /** One value of the stream with this id. */
  yielded: 40,
  /** The generator of the stream with this id is being ended, as its host wants no more of it. */
  stopping: 41,
  /** The task with this id takes the next one of its messages. */
  messageTaken: 42,
  /** It is to get no task until it has answered all of them, as its memory can be judged only then. */
  crowded: 30,
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

/** The other end sent something that is no frame. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

/** The longest text that a worker may send about itself, in bytes: longer than any message of Node's, and short enough not to delay the host. */
const LONGEST_TEXT = 1_000;

/** The beginning of a text. */
export function readText({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, Math.min(byteLength, LONGEST_TEXT)).toString();
}

export function encodeCount(count: number): Uint8Array {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(count);
  return body;
}

/** @throws RangeError if it is none. */
export function readCount({ buffer, byteOffset, byteLength }: Uint8Array): number {
  return Buffer.from(buffer, byteOffset, byteLength).readUInt32LE();
}

/**
 * The first frame that a worker gets: what it must know before it can take any other. It has no IPC channel of Node's
 * beside its pipe: a module that is preloaded could take a message from there, or close it, and Node parses in the host
 * what comes from there, where rubbish is an uncaught error.
 */
export interface StartMessage {
  readonly rank: number;
  readonly executorId: number;
  readonly depth: number;
  /** The sender's settings, for the worker's receiver. */
  readonly settings: { readonly body: Uint8Array; readonly views: readonly Uint8Array[] };
  /** With captured output: what marks in it where a task begins; `undefined` if its lines are not attributed to tasks. */
  readonly outputMark: string | undefined;
  /** It runs several tasks at once. */
  readonly isShared: boolean;
  readonly leakThreshold: number;
  readonly leakCheckDelay: number;
  /** To be its current directory; `undefined` for the one that it has. */
  readonly cwd: string | undefined;
  /** To be imported first, as if by the file `from`. */
  readonly preload: readonly { readonly specifier: string; readonly from: string | null }[];
  /** The main script, to be imported before anything else (`loky_init_main`). */
  readonly main: string | undefined;
}

/** As JSON, which has no Infinity; the first submit waits for this, and would wait for Node's v8 module to be loaded. */
export function encodeStart({ settings, ...rest }: StartMessage): Payload {
  const text = JSON.stringify(rest, (_, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : value,
  );
  return { body: Buffer.from(text), views: [settings.body, ...settings.views] };
}

export function decodeStart({ kind, body, views: [settings, ...views] }: Frame): StartMessage {
  if (kind !== FrameKind.start || settings === undefined)
    throw new MalformedFrameError(`the first frame is of kind ${kind}`);
  const rest = JSON.parse(Buffer.from(body).toString()) as Omit<StartMessage, 'settings'>;
  return { ...rest, settings: { body: settings, views } };
}

/** Measured by a worker between two tasks; all in bytes. */
export interface LeakFigures {
  /** After the first task and a forced garbage collection. */
  readonly reference: number;
  /** Now, after another one. */
  readonly memory: number;
  readonly threshold: number;
}

/** @throws Error if it is not what a worker sends. */
export function readLeakFigures(body: Uint8Array): LeakFigures {
  const { reference, memory, threshold } = JSON.parse(Buffer.from(body).toString()) as Record<
    string,
    unknown
  >;
  return { reference: Number(reference), memory: Number(memory), threshold: Number(threshold) };
}
