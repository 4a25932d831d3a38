/**
 * Turns frames into as few writes as possible: small frames of one tick are put together in one buffer, large
 * bodies and views are written as they are, without a copy.
 */
import { nextTick } from '../system/timers.ts';
import { type Frame, HEADER_BYTES, MAGIC, VIEW_LENGTH_BYTES } from './frame.ts';

/** Where most of a tick's small frames fit; a buffer is used up piece by piece, never written to twice. */
const STAGE_BYTES = 64 * 1024;
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
  flush(): void;
}

/** @param output Takes bytes that nobody writes to any more. */
export function createFrameWriter(output: (bytes: Uint8Array) => void): FrameWriter {
  let stage = NO_BYTES;
  let start = 0;
  let end = 0;
  let scheduled = false;

  function reserve(bytes: number): number {
    if (end + bytes > stage.length) {
      flushStage();
      stage = Buffer.allocUnsafeSlow(Math.max(STAGE_BYTES, bytes));
      start = end = 0;
    }
    const at = end;
    end += bytes;
    return at;
  }

  function flushStage(): void {
    if (end > start) output(stage.subarray(start, end));
    start = end;
  }

  function flush(): void {
    scheduled = false;
    flushStage();
  }

  function put(bytes: Uint8Array): void {
    if (bytes.length <= COPIED_BYTES) {
      const at = reserve(bytes.length);
      stage.set(bytes, at);
    } else {
      flushStage();
      output(bytes);
    }
  }

  return {
    write(kind, id, body = NO_BYTES, views = NO_VIEWS, time = 0) {
      let at = reserve(HEADER_BYTES + views.length * VIEW_LENGTH_BYTES);
      stage[at] = MAGIC;
      stage[at + 1] = kind;
      stage.writeUInt16LE(views.length, at + 2);
      stage.writeUInt32LE(id, at + 4);
      stage.writeUInt32LE(time, at + 8);
      stage.writeUInt32LE(body.length, at + 12);
      at += HEADER_BYTES;
      for (const view of views) at = stage.writeDoubleLE(view.length, at);
      put(body);
      for (const view of views) put(view);
      if (!scheduled) {
        scheduled = true;
        nextTick(flush);
      }
    },
    flush,
  };
}
