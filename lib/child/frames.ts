/**
 * The pipe between the host and a worker, the same code at both ends: frames are written, read, and carried by a channel.
 * A frame is a header, a body and binary views:
 *
 *   magic u8 · kind u8 · views u16 · id u32 · time u32 · body length u32 · view lengths f64 each · body · views
 *
 * What they mean is in protocol.ts.
 */
import type { Duplex } from 'node:stream';
import type { InlineBody, Payload } from '../sending/common/payload.ts';
import { nextTick } from '../system/timers.ts';
import { type Frame, FrameKind, MalformedFrameError } from './protocol.ts';

/** The descriptor of the pipe in a worker. */
export const PIPE_DESCRIPTOR = 3;

export const MAGIC = 0x4c;
export const HEADER_BYTES = 16;
export const VIEW_LENGTH_BYTES = 8;

const frameKinds: ReadonlySet<number> = new Set(Object.values(FrameKind));

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

/** How much of a message there is. */
export function bytesOf({ body, views }: Payload): number {
  let bytes = body.length;
  for (let index = 0; index < views.length; index += 1) bytes += (views[index] as Uint8Array).length;
  return bytes;
}
