/**
 * Turns frames into as few writes as possible: small frames of one tick are put together in one buffer, large
 * bodies and views are written as they are, without a copy.
 */
import type { InlineBody } from '../sending/payload.ts';
import { nextTick } from '../system/timers.ts';
import { type Frame, HEADER_BYTES, MAGIC, VIEW_LENGTH_BYTES } from './frame.ts';

/** Where most of a tick's small frames fit; a buffer is used up piece by piece, never written to twice. */
const STAGE_BYTES = 64 * 1024;
/** The room for a body that is written in place: those that need more are encoded first. */
const INLINE_BYTES = 256;
/** Up to here a copy is cheaper than a write of its own. */
const COPIED_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEWS: readonly Uint8Array[] = [];

export interface FrameWriter {
  /** Adds a frame; it leaves at the end of this tick, or with `flush`. */
  write(
    kind: Frame['kind'],
    id: number,
    body?: Uint8Array,
    views?: readonly Uint8Array[],
    time?: number,
  ): void;
  /** The same with a small body that is written in place. `false` if it cannot be: nothing was added then. */
  writeInline(kind: Frame['kind'], id: number, body: InlineBody, time?: number): boolean;
  flush(): void;
}

/** @param output Takes bytes that nobody writes to any more. */
export function createFrameWriter(output: (bytes: Uint8Array) => void): FrameWriter {
  let stage = NO_BYTES;
  let start = 0;
  let end = 0;
  let scheduled = false;

  function flush(): void {
    scheduled = false;
    if (end > start) output(stage.subarray(start, end));
    start = end;
  }

  /** Where so many bytes may be written. */
  function reserve(bytes: number): number {
    if (end + bytes > stage.length) {
      flush();
      stage = Buffer.allocUnsafeSlow(Math.max(STAGE_BYTES, bytes));
      start = end = 0;
    }
    const at = end;
    end += bytes;
    return at;
  }

  function put(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_BYTES) {
      const at = reserve(bytes.length);
      stage.set(bytes, at);
    } else {
      flush();
      output(bytes);
    }
  }

  function header(
    at: number,
    kind: Frame['kind'],
    id: number,
    time: number,
    views: number,
    bytes: number,
  ): void {
    stage[at] = MAGIC;
    stage[at + 1] = kind;
    stage.writeUInt16LE(views, at + 2);
    stage.writeUInt32LE(id, at + 4);
    stage.writeUInt32LE(time, at + 8);
    stage.writeUInt32LE(bytes, at + 12);
    if (scheduled) return;
    scheduled = true;
    nextTick(flush);
  }

  return {
    write(kind, id, body = NO_BYTES, views = NO_VIEWS, time = 0) {
      const isCopied = body.length <= COPIED_BYTES;
      let at = reserve(HEADER_BYTES + views.length * VIEW_LENGTH_BYTES + (isCopied ? body.length : 0));
      header(at, kind, id, time, views.length, body.length);
      at += HEADER_BYTES;
      for (let index = 0; index < views.length; index += 1)
        at = stage.writeDoubleLE((views[index] as Uint8Array).length, at);
      if (isCopied) stage.set(body, at);
      else put(body);
      for (let index = 0; index < views.length; index += 1) put(views[index] as Uint8Array);
    },
    writeInline(kind, id, body, time = 0) {
      const at = reserve(HEADER_BYTES + INLINE_BYTES);
      const start = at + HEADER_BYTES;
      const bodyEnd = body.writeInto(stage, start, end);
      end = bodyEnd < 0 ? at : bodyEnd;
      if (bodyEnd < 0) return false;
      header(at, kind, id, time, 0, bodyEnd - start);
      return true;
    },
    flush,
  };
}
