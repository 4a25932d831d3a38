/** Bodies that are written straight into the memory of the frame that carries them. */
import { expect, test } from '@jest/globals';
import { FrameReader, FrameWriter } from '../../lib/child/frames.ts';
import { type Frame, FrameKind } from '../../lib/child/protocol.ts';

/** Of so many bytes; writes as far as there is room. */
const bodyOf = (length: number) => ({
  writeInto(buffer: Buffer, at: number, limit: number) {
    buffer.fill(length % 256, at, Math.min(at + length, limit));
    return at + length <= limit ? at + length : -1;
  },
});

function framesOf(send: (writer: FrameWriter) => void): [number, number, number][] {
  const frames: [number, number, number][] = [];
  const reader = new FrameReader(({ id, time, body }: Frame) => {
    expect(body.every((byte) => byte === body.length % 256)).toBe(true);
    frames.push([id, body.length, time]);
  });
  const writer = new FrameWriter({ write: (bytes) => reader.read(Buffer.from(bytes)) });
  send(writer);
  writer.flush();
  return frames;
}

test('they arrive between others, in order, with their time', () => {
  const seen = framesOf((writer) => {
    writer.send(FrameKind.call, 1, Buffer.alloc(3, 3));
    expect(writer.sendInline(FrameKind.call, 2, bodyOf(20), 7)).toBe(true);
    expect(writer.sendInline(FrameKind.call, 3, bodyOf(0))).toBe(true);
    writer.send(FrameKind.call, 4, Buffer.alloc(20_000, 20_000 % 256));
    expect(writer.sendInline(FrameKind.call, 5, bodyOf(256))).toBe(true);
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
    expect(writer.sendInline(FrameKind.call, 1, bodyOf(5))).toBe(true);
    expect(writer.sendInline(FrameKind.call, 2, bodyOf(257))).toBe(false);
    expect(writer.sendInline(FrameKind.call, 3, bodyOf(6))).toBe(true);
  });
  expect(seen.map(([id]) => id)).toEqual([1, 3]);
});

test('thousands of them go through many buffers', () => {
  const seen = framesOf((writer) => {
    for (let id = 0; id < 3_000; id += 1) writer.sendInline(FrameKind.value, id, bodyOf(id % 250));
  });
  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, id) => [id, id % 250, 0]));
});
