/** Frames: what is written at one end is read at the other, however the stream is cut into pieces. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { Channel, FrameReader, FrameWriter, HEADER_BYTES, lostBody, MAGIC } from '../../lib/child/frames.ts';
import {
  decodeStart,
  encodeStart,
  type Frame,
  FrameKind,
  MalformedFrameError,
} from '../../lib/child/protocol.ts';

interface Sent {
  readonly kind: Frame['kind'];
  readonly id: number;
  readonly body: Buffer;
  readonly views: readonly Buffer[];
}

async function written(frames: readonly Sent[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const writer = new FrameWriter({ write: (bytes) => chunks.push(bytes) });
  for (const { kind, id, body, views } of frames) writer.send(kind, id, body, views);
  writer.flush();
  return Buffer.concat(chunks);
}

function readIn(pieces: readonly Buffer[]): Sent[] {
  const frames: Sent[] = [];
  const reader = new FrameReader(({ kind, id, body, views }) => {
    frames.push({ kind, id, body: Buffer.from(body), views: views.map((view) => Buffer.from(view)) });
  });
  for (const piece of pieces) reader.read(piece);
  return frames;
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

const noise = (length: number) => Buffer.from(Array.from({ length }, (_, i) => (i * 31) % 256));

const frames: Sent[] = [
  { kind: FrameKind.ready, id: 0, body: Buffer.alloc(0), views: [] },
  { kind: FrameKind.call, id: 1, body: Buffer.from('small'), views: [] },
  { kind: FrameKind.value, id: 2 ** 32 - 1, body: noise(300), views: [] },
  { kind: FrameKind.call, id: 3, body: noise(10), views: [noise(5), Buffer.alloc(0), noise(70)] },
  { kind: FrameKind.error, id: 4, body: Buffer.alloc(0), views: [noise(1)] },
];

describe('frames', () => {
  test.each([1, 2, 3, 7, 11, 12, 13, 16, 17, 64, 1000, 100_000])(
    'arrive whole in pieces of %p bytes',
    async (size) => {
      expect(readIn(cut(await written(frames), size))).toEqual(frames);
    },
  );

  test('arrive with bodies and views beyond what is copied into one write', async () => {
    const big: Sent[] = [
      { kind: FrameKind.call, id: 1, body: noise(200_000), views: [noise(100_000), noise(3)] },
      { kind: FrameKind.call, id: 2, body: noise(3), views: [noise(20_000)] },
    ];
    expect(readIn(cut(await written(big), 65_536))).toEqual(big);
  });

  test('that are small leave in one write', async () => {
    let writes = 0;
    const writer = new FrameWriter({
      write() {
        writes += 1;
      },
    });
    for (let id = 0; id < 100; id += 1) writer.send(FrameKind.call, id, noise(20));
    writer.flush();
    expect(writes).toBe(1);
  });

  test('keep their order, thousands of them', async () => {
    const many = Array.from(
      { length: 5000 },
      (_, id): Sent => ({ kind: FrameKind.value, id, body: noise(id % 50), views: [] }),
    );
    expect(readIn(cut(await written(many), 777)).map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  });
});

describe('what is no frame', () => {
  const header = (kind: number) => {
    const bytes = Buffer.alloc(HEADER_BYTES);
    bytes[0] = MAGIC;
    bytes[1] = kind;
    return bytes;
  };

  test.each<[string, Buffer]>([
    ['text', Buffer.from('hello, world, this is a task speaking')],
    ['text that begins like a frame', Buffer.from('Lorem ipsum dolor sit amet')],
    ['a frame of an unknown kind', header(99)],
  ])('is refused: %s', (_, bytes) => {
    expect(() => readIn([bytes])).toThrow(MalformedFrameError);
  });

  test('ends the channel once, with the error, and nothing that follows is read', () => {
    const [stream, ends, seen]: [PassThrough, unknown[], Frame[]] = [new PassThrough(), [], []];
    const channel = new Channel(
      stream,
      (frame) => seen.push(frame),
      (error) => ends.push(error),
    );
    channel.receive(Buffer.from('rubbish that is no frame at all'));
    channel.receive(header(FrameKind.ready));
    expect([ends.length, seen.length, stream.destroyed]).toEqual([1, 0, true]);
    expect(ends[0]).toBeInstanceOf(MalformedFrameError);
  });
});

describe('a frame for which there is no memory', () => {
  const read = (pieces: readonly Buffer[], limit: number): [number, Buffer, number][] => {
    const seen: [number, Buffer, number][] = [];
    const reader = new FrameReader(
      ({ id, body, views }) => seen.push([id, Buffer.from(body), views.length]),
      (length) => {
        if (length > limit) throw new RangeError('Array buffer allocation failed');
        return Buffer.alloc(length);
      },
    );
    for (const piece of pieces) reader.read(piece);
    expect(reader.isMidFrame).toBe(false);
    return seen;
  };
  const sent: Sent[] = [
    { kind: FrameKind.value, id: 1, body: noise(20), views: [] },
    { kind: FrameKind.value, id: 2, body: noise(5000), views: [] },
    { kind: FrameKind.value, id: 3, body: noise(3), views: [noise(10), noise(4000), noise(7)] },
    { kind: FrameKind.value, id: 4, body: noise(30), views: [noise(9)] },
  ];

  test.each([1, 5, 100, 4096])(
    'is read past, and those that follow arrive, in pieces of %p',
    async (size) => {
      expect(read(cut(await written(sent), size), 1000)).toEqual([
        [1, noise(20), 0],
        [2, Buffer.from(lostBody(5000)), 0],
        [3, Buffer.from(lostBody(4020)), 0],
        [4, noise(30), 1],
      ]);
    },
  );

  test.each([Number.NaN, -1, 0.5, 2 ** 41, Infinity])('is none with a view of %p bytes', async (length) => {
    const bytes = await written([{ kind: FrameKind.value, id: 1, body: noise(1), views: [noise(1)] }]);
    bytes.writeDoubleLE(length, HEADER_BYTES);
    expect(() => readIn([bytes])).toThrow(MalformedFrameError);
  });
});

describe('a channel', () => {
  test('carries frames from one end to the other and ends when the stream does', async () => {
    const stream = new PassThrough();
    const seen: [number, string][] = [];
    const ended = new Promise<unknown>((resolve) => {
      const channel = new Channel(
        stream,
        ({ id, body }) => seen.push([id, Buffer.from(body).toString()]),
        resolve,
      );
      stream.on('data', (chunk) => channel.receive(chunk));
      channel.send(FrameKind.call, 7, Buffer.from('seven'));
      channel.flush();
      stream.end();
    });
    expect(await ended).toBeUndefined();
    expect(seen).toEqual([[7, 'seven']]);
  });

  test('sends nothing after its end, and does not mind', () => {
    const stream = new PassThrough();
    const channel = new Channel(
      stream,
      () => {},
      () => {},
    );
    channel.close();
    expect(() => {
      channel.send(FrameKind.call, 1, noise(3));
      channel.flush();
    }).not.toThrow();
    expect(channel.drained()).toBeUndefined();
  });

  test('takes an error of its stream for an end', async () => {
    const stream = new PassThrough();
    const ended = new Promise<unknown>((resolve) => {
      new Channel(stream, () => {}, resolve);
    });
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(await ended).toBeUndefined();
  });
});

test('the first frame of a worker says what it was given, limits that are none as the largest number', () => {
  const start = {
    ...{ rank: 1, executorId: 2, depth: 3, outputMark: '\0mark', isShared: false },
    ...{ leakThreshold: Number.POSITIVE_INFINITY, leakCheckDelay: 7, cwd: '/größe/\ud800', main: undefined },
    preload: [{ specifier: './a.js', from: null }],
    settings: { body: noise(300), views: [noise(5), noise(70)] },
  };
  const { body, views } = encodeStart(start);
  const decoded = decodeStart({ kind: FrameKind.start, id: 0, time: 0, body, views });
  expect(decoded).toEqual({ ...start, leakThreshold: Number.MAX_VALUE });
});
