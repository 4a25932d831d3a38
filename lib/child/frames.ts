/**
 * The pipe between the host and a worker, the same code at both ends: frames are written, read, and carried by a channel.
 * A frame is a header, a body and binary views:
 *
 *   magic u8 · kind u8 · views u16 · id u32 · time u32 · body length u32 · view lengths f64 each · body · views
 *
 * `kind` and `id` mean something to the two ends alone.
 */
import type { Duplex } from 'node:stream';
import type { InlineBody, Payload } from '../sending/common/payload.ts';
import { nextTick } from '../system/timers.ts';

/** The descriptor of the pipe in a worker. */
export const PIPE_DESCRIPTOR = 3;

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
  /** Host to worker: of the next chunk only so many items are to run (u32), of which the first as many as `id`, and as many more with each claim. */
  claimed: 12,
  /** Host to worker: make the function with this id ready, as it may be called soon. */
  prepare: 8,
  /** Host to worker: its place in the pool is the one with this number from now on. */
  rank: 10,
  /** Host to worker: answer with `built` when the call with this id is; with 0, when all is that was to be prepared. */
  announce: 11,
  /** Host to worker: the call with this number is to end; with the error that its future has failed with. */
  interrupt: 13,
  /** Host to worker: run the teardown, and answer with `tornDown`. */
  teardown: 14,
  /** Host to worker: the trace context, as JSON of what a propagator has written, of the call or chunk that comes next. */
  traceContext: 36,
  /** Host to worker: finish what you run, then exit. */
  leave: 6,
  /** Host to worker: run a call of a generator function, whose values travel as they are yielded. */
  stream: 32,
  /** Host to worker: so many more values (u32) of the stream with this id may be sent. */
  credit: 33,
  /** Host to worker: no more values of the stream with this id are wanted. */
  stopStream: 34,
  /** Host to worker: a message for the task with this id, as a call of one argument. */
  message: 35,
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
  /** Worker to host: how far a call is, as its task reports. */
  progress: 25,
  /** Worker to host: it loads modules, by their names; for the call with this id, or, with 0, to get ready itself. */
  loading: 26,
  /** Worker to host: the call with this id was built and runs from now on; with 0: what was to be prepared is. */
  built: 27,
  /** Worker to host: it could not import the module of `preload` with this index, with the error. */
  preloadFailed: 28,
  /** Worker to host: the teardown has ended; with 1: it has failed, with its error. */
  tornDown: 29,
  /** Worker to host: one value of the stream with this id. */
  yielded: 40,
  /** Worker to host: the generator of the stream with this id is being ended, as its host wants no more of it. */
  stopping: 41,
  /** Worker to host: the task with this id takes the next one of its messages. */
  messageTaken: 42,
  /** Worker to host: it is to get no task until it has answered all of them, as its memory can be judged only then. */
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

const frameKinds: ReadonlySet<number> = new Set(Object.values(FrameKind));

/** The other end sent something that is no frame. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

// Writing

/** Where most of a tick's small frames fit; a buffer is used up piece by piece, never written to twice. */
const STAGE_BYTES = 64 * 1024;
/** The room for a body that is written in place: those that need more are encoded first. */
const INLINE_BYTES = 256;
/** Up to here a copy is cheaper than a write of its own. */
const COPIED_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEWS: readonly Uint8Array[] = [];

/** Where frames go: a stream, or what writes to a descriptor. Bytes that it was given are not written to any more. */
interface ByteSink {
  write(bytes: Uint8Array): unknown;
}

const NOWHERE: ByteSink = { write() {} };

/**
 * Turns frames into as few writes as possible: small frames of one tick are put together in one buffer, large bodies and
 * views are written as they are, without a copy.
 */
export class FrameWriter {
  #sink: ByteSink;
  #stage = NO_BYTES;
  #start = 0;
  #end = 0;
  #isScheduled = false;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Adds a frame; it leaves at the end of this tick, or with `flush`. */
  send(
    kind: FrameKind,
    id: number,
    body: Uint8Array = NO_BYTES,
    views: readonly Uint8Array[] = NO_VIEWS,
    time = 0,
  ): void {
    const isCopied = body.length <= COPIED_BYTES;
    let at = this.#reserve(HEADER_BYTES + views.length * VIEW_LENGTH_BYTES + (isCopied ? body.length : 0));
    this.#writeHeader(at, kind, id, time, views.length, body.length);
    at += HEADER_BYTES;
    for (let index = 0; index < views.length; index += 1)
      at = this.#stage.writeDoubleLE((views[index] as Uint8Array).length, at);
    if (isCopied) this.#stage.set(body, at);
    else this.#put(body);
    for (let index = 0; index < views.length; index += 1) this.#put(views[index] as Uint8Array);
  }

  /**
   * The same with a small body that is written in place. `false` if it cannot be: nothing was added then. Most calls and
   * results go this way, so that each function on it counts (`__tests__/manager/call-budget.test.ts`).
   */
  sendInline(kind: FrameKind, id: number, body: InlineBody, time = 0): boolean {
    const room = HEADER_BYTES + INLINE_BYTES;
    if (this.#end + room > this.#stage.length) this.#newStage(room);
    const at = this.#end;
    const stage = this.#stage;
    const start = at + HEADER_BYTES;
    const end = body.writeInto(stage, start, at + room);
    if (end < 0) return false;
    this.#end = end;
    stage[at] = MAGIC;
    stage[at + 1] = kind;
    stage.writeUInt16LE(0, at + 2);
    stage.writeUInt32LE(id, at + 4);
    stage.writeUInt32LE(time, at + 8);
    stage.writeUInt32LE(end - start, at + 12);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      nextTick(this.flush);
    }
    return true;
  }

  readonly flush = (): void => {
    this.#isScheduled = false;
    if (this.#end > this.#start) this.#sink.write(this.#stage.subarray(this.#start, this.#end));
    this.#start = this.#end;
  };

  /** What is sent from now on goes nowhere. */
  protected stopWriting(): void {
    this.#sink = NOWHERE;
  }

  /** Where so many bytes may be written. */
  #reserve(bytes: number): number {
    if (this.#end + bytes > this.#stage.length) this.#newStage(bytes);
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  #newStage(bytes: number): void {
    this.flush();
    this.#stage = Buffer.allocUnsafeSlow(Math.max(STAGE_BYTES, bytes));
    this.#start = this.#end = 0;
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_BYTES) {
      const at = this.#reserve(bytes.length);
      this.#stage.set(bytes, at);
    } else {
      this.flush();
      this.#sink.write(bytes);
    }
  }

  #writeHeader(at: number, kind: FrameKind, id: number, time: number, views: number, bytes: number): void {
    const stage = this.#stage;
    stage[at] = MAGIC;
    stage[at + 1] = kind;
    stage.writeUInt16LE(views, at + 2);
    stage.writeUInt32LE(id, at + 4);
    stage.writeUInt32LE(time, at + 8);
    stage.writeUInt32LE(bytes, at + 12);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    nextTick(this.flush);
  }
}

// Reading

/** No process holds more: a larger length is forged, and waiting for its end would never end. */
const LARGEST_FRAME = 2 ** 40;

/**
 * Stands for a body and views for which the reading end had no memory: a zero byte, which is no tag of any content, and
 * how many bytes they were, f64.
 */
export function lostBody(bytes: number): Uint8Array {
  const body = Buffer.alloc(1 + VIEW_LENGTH_BYTES);
  body.writeDoubleLE(bytes, 1);
  return body;
}

/** A part of a frame that comes in several chunks and is put together in a buffer of its own. */
interface Part {
  readonly bytes: Uint8Array;
  filled: number;
}

interface Incoming {
  readonly kind: FrameKind;
  readonly id: number;
  readonly time: number;
  readonly body: Part;
  readonly views: readonly Part[];
  /** Bytes that come before all else and are read past, because there is no memory for them. */
  unwanted: number;
}

/**
 * Cuts a stream of bytes into frames. Small frames are views on the chunk they came in, whose memory may be used again:
 * a reader that keeps one copies it.
 */
export class FrameReader {
  /** Called with each frame. */
  onFrame: (frame: Frame) => void;
  readonly #allocate: (length: number) => Uint8Array;
  #partialHeader: Buffer | undefined;
  #incoming: Incoming | undefined;
  #isStopped = false;

  /**
   * @param allocate Throws where there is no memory of that size. Such a frame is read to its end, so that the other
   *   end is not blocked, and arrives with a {@link lostBody}.
   */
  constructor(onFrame: (frame: Frame) => void, allocate = allocateBuffer) {
    this.onFrame = onFrame;
    this.#allocate = allocate;
  }

  /** Whether a frame has begun and not ended. */
  get isMidFrame(): boolean {
    return this.#incoming !== undefined || this.#partialHeader !== undefined;
  }

  /**
   * Returns whether a frame has begun and not ended.
   *
   * @throws MalformedFrameError if the bytes are no frame. The reader is of no use afterwards.
   */
  read(received: Buffer): boolean {
    let chunk = received;
    if (this.#partialHeader !== undefined) {
      chunk = Buffer.concat([this.#partialHeader, received]);
      this.#partialHeader = undefined;
    }
    const { length } = chunk;
    let at = 0;
    while (at < length && !this.#isStopped) {
      if (this.#incoming !== undefined) {
        at = this.#fill(chunk, at);
        continue;
      }
      const start = at + HEADER_BYTES;
      const end = start <= length ? start + chunk.readUInt32LE(at + 12) : Number.POSITIVE_INFINITY;
      const kind = chunk[at + 1] as FrameKind;
      const hasViews = chunk[at + 2] !== 0 || chunk[at + 3] !== 0;
      if (end > length || hasViews || chunk[at] !== MAGIC || !frameKinds.has(kind)) {
        at = this.#begin(chunk, at);
        continue;
      }
      // Almost every frame is small and whole.
      const [id, time] = [chunk.readUInt32LE(at + 4), chunk.readUInt32LE(at + 8)];
      at = end;
      this.onFrame({ kind, id, time, body: chunk.subarray(start, end), views: NO_VIEWS });
    }
    return this.#incoming !== undefined || this.#partialHeader !== undefined;
  }

  /** Reads no further frame, not even of the chunk that is being read. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Begins a frame that is large, or of which a part is there. Returns where the rest of the chunk begins. */
  #begin(chunk: Buffer, start: number): number {
    const headerBytes = headerLength(chunk, start);
    if (headerBytes === undefined || start + headerBytes > chunk.length) {
      this.#partialHeader = Buffer.from(chunk.subarray(start)); // the chunk's memory may be used again
      return chunk.length;
    }
    const bodyStart = start + headerBytes;
    const lengths: number[] = [];
    for (let at = start + HEADER_BYTES; at < bodyStart; at += VIEW_LENGTH_BYTES)
      lengths.push(chunk.readDoubleLE(at));
    this.#incoming = {
      kind: chunk[start + 1] as FrameKind,
      id: chunk.readUInt32LE(start + 4),
      time: chunk.readUInt32LE(start + 8),
      ...this.#contentOf(chunk.readUInt32LE(start + 12), lengths),
    };
    return this.#fill(chunk, bodyStart);
  }

  #contentOf(body: number, views: readonly number[]): Pick<Incoming, 'body' | 'views' | 'unwanted'> {
    const part = (length: number): Part => ({ bytes: this.#allocate(length), filled: 0 });
    const total = totalOf(body, views);
    try {
      return { body: part(body), views: views.map(part), unwanted: 0 };
    } catch {
      const bytes = lostBody(total);
      return { body: { bytes, filled: bytes.length }, views: [], unwanted: total };
    }
  }

  #fill(chunk: Buffer, start: number): number {
    const frame = this.#incoming as Incoming;
    let at = start + Math.min(frame.unwanted, chunk.length - start);
    frame.unwanted -= at - start;
    if (frame.unwanted > 0) return at;
    for (const each of [frame.body, ...frame.views]) {
      const missing = each.bytes.length - each.filled;
      if (missing === 0) continue;
      const taken = Math.min(missing, chunk.length - at);
      each.bytes.set(chunk.subarray(at, at + taken), each.filled);
      each.filled += taken;
      at += taken;
      if (taken < missing) return at;
    }
    this.#incoming = undefined;
    const { kind, id, time, body, views } = frame;
    this.onFrame({ kind, id, time, body: body.bytes, views: views.map(({ bytes }) => bytes) });
    return at;
  }
}

/** `undefined` while too little of the header is there. */
function headerLength(chunk: Buffer, start: number): number | undefined {
  if (chunk[start] !== MAGIC) throw new MalformedFrameError(`expected a frame, got the byte ${chunk[start]}`);
  if (start + HEADER_BYTES > chunk.length) return undefined;
  const kind = chunk[start + 1] as number;
  if (!frameKinds.has(kind)) throw new MalformedFrameError(`there is no frame of kind ${kind}`);
  return HEADER_BYTES + chunk.readUInt16LE(start + 2) * VIEW_LENGTH_BYTES;
}

/** @throws MalformedFrameError if there can be no such frame. */
function totalOf(body: number, views: readonly number[]): number {
  let total = body;
  for (const length of views) {
    total += length;
    if (!(Number.isSafeInteger(length) && length >= 0 && total <= LARGEST_FRAME))
      throw new MalformedFrameError(`there is no frame with ${length} bytes of binary data`);
  }
  return total;
}

/** Memory that nothing writes to is not committed: a forged length costs address space only. */
const allocateBuffer = (length: number): Uint8Array => Buffer.from(new ArrayBuffer(length));

// A channel: both over a duplex stream

/**
 * Frames over a duplex stream. A channel ends once: when the other end is gone, when the stream breaks, or when what
 * comes is no frame.
 */
export class Channel extends FrameWriter {
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  readonly #onEnd: (error: MalformedFrameError | undefined) => void;
  #hasEnded = false;

  /**
   * @param onEnd Called once. `error` is there if the other end sent what is no frame.
   * @param sink How bytes get into the stream; default: by its own `write`.
   */
  constructor(
    stream: Duplex,
    onFrame: (frame: Frame) => void,
    onEnd: (error: MalformedFrameError | undefined) => void,
    sink: ByteSink = stream,
  ) {
    super(sink);
    this.#stream = stream;
    this.#reader = new FrameReader(onFrame);
    this.#onEnd = onEnd;
    stream.on('end', () => this.close());
    stream.on('close', () => this.close());
    // EPIPE and ECONNRESET of a dying process arrive here; 'close' follows and ends the channel.
    stream.on('error', () => {});
  }

  /** What is called with each frame from now on. */
  set onFrame(onFrame: (frame: Frame) => void) {
    this.#reader.onFrame = onFrame;
  }

  /** Whether the other end has begun a frame and not ended it. */
  get isMidFrame(): boolean {
    return !this.#hasEnded && this.#reader.isMidFrame;
  }

  /** To be given all that arrives. Its memory may be used again afterwards. Returns whether a frame has begun and not ended. */
  receive(chunk: Buffer): boolean {
    if (this.#hasEnded) return false;
    try {
      return this.#reader.read(chunk) && !this.#hasEnded;
    } catch (error) {
      if (!(error instanceof MalformedFrameError)) throw error;
      this.close(error);
      return false;
    }
  }

  /** Whether all that was written has been handed to the system. */
  get isDrained(): boolean {
    return this.#hasEnded || this.#stream.writableLength === 0;
  }

  /** Resolves when everything sent so far has been handed to the system; `undefined` if it has been already. */
  drained(): Promise<void> | undefined {
    this.flush();
    if (this.isDrained) return undefined;
    const stream = this.#stream;
    return new Promise((resolve) => {
      stream.once('close', resolve);
      stream.write('', () => {
        stream.off('close', resolve);
        resolve();
      });
    });
  }

  close(error?: MalformedFrameError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.stopWriting();
    this.#reader.stop();
    this.#stream.destroy();
    this.#onEnd(error);
  }
}

// What some kinds of frames hold

export function bytesOf({ body, views }: Payload): number {
  let bytes = body.length;
  for (let index = 0; index < views.length; index += 1) bytes += (views[index] as Uint8Array).length;
  return bytes;
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
  /** To be imported first, as if by the file `from`. */
  /** To be its current directory; `undefined` for the one that it has. */
  readonly cwd: string | undefined;
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
