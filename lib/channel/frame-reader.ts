/**
 * Cuts a stream of bytes into frames. Small frames are views on the chunk they came in, whose memory may be used
 * again: whoever keeps one copies it.
 */
import {
  type Frame,
  frameKinds,
  HEADER_BYTES,
  lostBody,
  MAGIC,
  MalformedFrameError,
  VIEW_LENGTH_BYTES,
} from './frame.ts';

const NO_VIEWS: readonly Uint8Array[] = [];
/** No process holds more: a larger length is forged, and waiting for its end would be waiting for ever. */
const LARGEST_FRAME = 2 ** 40;

export interface FrameReader {
  /** Whether a frame has begun and not ended. */
  readonly isMidFrame: boolean;
  /**
   * Returns whether a frame has begun and not ended.
   *
   * @throws MalformedFrameError if the bytes are no frame. The reader is of no use afterwards.
   */
  read(chunk: Buffer): boolean;
  /** Reads no further frame, not even of the chunk that is being read. */
  stop(): void;
}

/** A part of a frame that comes in several chunks and is put together in a buffer of its own. */
interface Part {
  readonly bytes: Uint8Array;
  filled: number;
}

interface Incoming {
  readonly kind: Frame['kind'];
  readonly id: number;
  readonly time: number;
  readonly body: Part;
  readonly views: readonly Part[];
  /** Bytes that come before all else and are read past, because there is no memory for them. */
  unwanted: number;
}

/**
 * @param allocate Throws where there is no memory of that size. Such a frame is read to its end, so that the other
 *   end is not blocked, and arrives with a {@link lostBody}.
 */
export function createFrameReader(
  onFrame: (frame: Frame) => void,
  allocate: (length: number) => Uint8Array = allocateBuffer,
): FrameReader {
  let partialHeader: Buffer | undefined;
  let incoming: Incoming | undefined;
  let isStopped = false;

  /** Where the next frame begins; the chunk's length if all is read. */
  function readFrame(chunk: Buffer, start: number): number {
    const headerBytes = headerLength(chunk, start);
    if (headerBytes === undefined || start + headerBytes > chunk.length) {
      partialHeader = Buffer.from(chunk.subarray(start)); // the chunk's memory may be used again
      return chunk.length;
    }
    const kind = chunk[start + 1] as Frame['kind'];
    const id = chunk.readUInt32LE(start + 4);
    const time = chunk.readUInt32LE(start + 8);
    const bodyLength = chunk.readUInt32LE(start + 12);
    const bodyStart = start + headerBytes;
    const bodyEnd = bodyStart + bodyLength;
    if (headerBytes === HEADER_BYTES && bodyEnd <= chunk.length) {
      onFrame({ kind, id, time, body: chunk.subarray(bodyStart, bodyEnd), views: NO_VIEWS });
      return bodyEnd;
    }
    const lengths: number[] = [];
    for (let at = start + HEADER_BYTES; at < bodyStart; at += VIEW_LENGTH_BYTES)
      lengths.push(chunk.readDoubleLE(at));
    incoming = { kind, id, time, ...contentOf(bodyLength, lengths) };
    return fill(chunk, bodyStart);
  }

  function contentOf(body: number, views: readonly number[]): Pick<Incoming, 'body' | 'views' | 'unwanted'> {
    const part = (length: number): Part => ({ bytes: allocate(length), filled: 0 });
    const total = totalOf(body, views);
    try {
      return { body: part(body), views: views.map(part), unwanted: 0 };
    } catch {
      const bytes = lostBody(total);
      return { body: { bytes, filled: bytes.length }, views: [], unwanted: total };
    }
  }

  function fill(chunk: Buffer, start: number): number {
    const frame = incoming as Incoming;
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
    incoming = undefined;
    onFrame({
      kind: frame.kind,
      id: frame.id,
      time: frame.time,
      body: frame.body.bytes,
      views: frame.views.map((view) => view.bytes),
    });
    return at;
  }

  return {
    get isMidFrame() {
      return incoming !== undefined || partialHeader !== undefined;
    },
    read(received) {
      let chunk = received;
      if (partialHeader !== undefined) {
        chunk = Buffer.concat([partialHeader, received]);
        partialHeader = undefined;
      }
      let at = 0;
      while (at < chunk.length && !isStopped)
        at = incoming === undefined ? readFrame(chunk, at) : fill(chunk, at);
      return incoming !== undefined || partialHeader !== undefined;
    },
    stop() {
      isStopped = true;
    },
  };
}

/** `undefined` while too little of the header is there to tell. */
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

/** Memory that nobody writes to is not committed: a forged length costs address space only. */
const allocateBuffer = (length: number): Uint8Array => Buffer.from(new ArrayBuffer(length));
