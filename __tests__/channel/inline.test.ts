/** Bodies that are written straight into the memory of the frame that carries them. */
import { expect, test } from '@jest/globals';
import { type Frame, FrameKind } from '../../lib/channel/frame.ts';
import { createFrameReader } from '../../lib/channel/frame-reader.ts';
import { createFrameWriter } from '../../lib/channel/frame-writer.ts';

/** Of so many bytes; writes as far as there is room. */
const bodyOf = (length: number) => ({
  writeInto(buffer: Buffer, at: number, limit: number) {
    buffer.fill(length % 256, at, Math.min(at + length, limit));
    return at + length <= limit ? at + length : -1;
  },
});

function framesOf(send: (writer: ReturnType<typeof createFrameWriter>) => void): [number, number, number][] {
  const frames: [number, number, number][] = [];
  const reader = createFrameReader(({ id, time, body }: Frame) => {
    expect(body.every((byte) => byte === body.length % 256)).toBe(true);
    frames.push([id, body.length, time]);
  });
  const writer = createFrameWriter((bytes) => void reader.read(Buffer.from(bytes)));
  send(writer);
  writer.flush();
  return frames;
}

test('they arrive between others, in order, with their time', () => {
  const seen = framesOf((writer) => {
    writer.write(FrameKind.call, 1, Buffer.alloc(3, 3));
    expect(writer.writeInline(FrameKind.call, 2, bodyOf(20), 7)).toBe(true);
    expect(writer.writeInline(FrameKind.call, 3, bodyOf(0))).toBe(true);
    writer.write(FrameKind.call, 4, Buffer.alloc(20_000, 20_000 % 256));
    expect(writer.writeInline(FrameKind.call, 5, bodyOf(256))).toBe(true);
  });
  expect(seen).toEqual([
    [1, 3, 0],
    [2, 20, 7],
    [3, 0, 0],
    [4, 20_000, 0],
    [5, 256, 0],
  ]);
});

test('one that does not fit is not there, and those around it are whole', () => {
  const seen = framesOf((writer) => {
    expect(writer.writeInline(FrameKind.call, 1, bodyOf(5))).toBe(true);
    expect(writer.writeInline(FrameKind.call, 2, bodyOf(257))).toBe(false);
    expect(writer.writeInline(FrameKind.call, 3, bodyOf(6))).toBe(true);
  });
  expect(seen.map(([id]) => id)).toEqual([1, 3]);
});

test('thousands of them go through many buffers', () => {
  const seen = framesOf((writer) => {
    for (let id = 0; id < 3_000; id += 1) writer.writeInline(FrameKind.value, id, bodyOf(id % 250));
  });
  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, id) => [id, id % 250, 0]));
});
