/** What a worker only claims costs the host nothing: counts are compared with what was asked for, and with the bytes that came. */
import { serialize } from 'node:v8';
import { describe, expect, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { OUTCOMES, VALUE_CLONE, VALUE_GRAPH, VALUE_ITEM } from '../../lib/sending/common/format.ts';
import type { Payload } from '../../lib/sending/common/payload.ts';
import { encodeOutcomes } from '../../lib/sending/outcomes.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';

const sender = createSender();
const receiver = await createReceiver(sender.settings());

const payloadOf = (...bytes: (number | Uint8Array | string)[]): Payload => ({
  body: Buffer.concat(
    bytes.map((part) => Buffer.from(typeof part === 'number' ? [part] : (part as Uint8Array))),
  ),
  views: [],
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const clone = (text: string): Buffer => Buffer.from(`\xff\x0f${text}`, 'latin1');
const sparse = (length: number): string => `a${varint(length).toString('latin1')}`;
const ofPlainData = (structure: Buffer): Payload => {
  const end = Buffer.alloc(4);
  end.writeUInt32LE(structure.length + 4);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(structure.length + 4);
  return payloadOf(VALUE_ITEM, 9, size, end, structure);
};

const holes = (length: number, ...items: number[]): unknown[] => {
  const array: unknown[] = [];
  for (const item of items) array[item] = item;
  array.length = length;
  return array;
};

/** Fails the test if it takes a second of this process's time, or 100 MB of its memory. */
function cheaply<T>(action: () => T): T {
  const cpu = process.cpuUsage();
  const { rss } = process.memoryUsage();
  try {
    return action();
  } finally {
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1e6).toBeLessThan(1);
    expect(process.memoryUsage().rss - rss).toBeLessThan(100e6);
  }
}

const refusesCheaply = (payload: Payload): void => {
  expect(() => cheaply(() => sender.decodeValue(payload))).toThrow(SerializationError);
};

describe('an answer that claims more than it holds is refused before anything is allocated', () => {
  const DEPTH = 3000;

  test('lists in lists of plain data, each as long as there are bytes', () => {
    const filler = Buffer.alloc(500_000, 5);
    const level = Buffer.concat([Buffer.from([8]), varint(400_000)]);
    refusesCheaply(ofPlainData(Buffer.concat([...Array<Buffer>(DEPTH).fill(level), filler])));
  });

  test('objects in objects of one large shape', () => {
    const keys = Array.from({ length: 64 }, (_, i) => Buffer.from([1, 65 + i]));
    const shape = Buffer.concat([Buffer.from([11, 64]), ...keys, Buffer.alloc(64, 1)]);
    const level = Buffer.from([12, 0]);
    const list = Buffer.concat([Buffer.from([8, 2]), shape, ...Array<Buffer>(3000).fill(level)]);
    refusesCheaply(ofPlainData(list));
  });

  test('lists in lists of a structured clone', () => {
    const level = `A${varint(400_000).toString('latin1')}`;
    refusesCheaply(payloadOf(VALUE_CLONE, clone(level.repeat(DEPTH) + '_'.repeat(500_000))));
  });

  test('lists of holes', () => {
    refusesCheaply(payloadOf(VALUE_CLONE, clone(sparse(3e7).repeat(100))));
  });

  test('a text list without an end', () => {
    const end = Buffer.alloc(4);
    const structure = Buffer.concat([Buffer.from([13]), varint(3e9)]);
    end.writeUInt32LE(4 + structure.length);
    const texts = clone(`${sparse(2 ** 32 - 1)}@\0${varint(2 ** 32 - 1).toString('latin1')}`);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(4 + structure.length + texts.length);
    refusesCheaply(payloadOf(VALUE_ITEM, 9, size, end, structure, texts));
  });

  test('memory that could grow, and all else that no worker of ours writes', () => {
    refusesCheaply(payloadOf(VALUE_CLONE, clone(`~\0${varint(2 ** 31).toString('latin1')}`)));
    refusesCheaply(payloadOf(VALUE_CLONE, serialize(new Error('m'))));
  });

  test('binary data that is the same bytes again and again', () => {
    const blob = Buffer.alloc(50_000);
    const rows = 5000;
    const place = [1, false, 0, blob.length];
    const head = ['object', { base: 'binary', data: place, prototype: 'default', props: [] }];
    const heads = Buffer.from(JSON.stringify(Array(rows).fill(head)));
    const children = Array.from({ length: rows }, () => 3);
    const references = Array.from({ length: rows }, (_, row) => ['$', 4 + rows + row]);
    const flat = [[1, 2], children.map((_, row) => 4 + row), ['Set', ...children], [], ...references];
    const texts = Buffer.from(JSON.stringify([...flat, ...children.map((_, row) => row)]));
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(heads.length, 0);
    sizes.writeUInt32LE(texts.length, 4);
    refusesCheaply(payloadOf(VALUE_GRAPH, sizes, heads, texts, blob));
  });

  test('a bigint of millions of decimal digits', () => {
    const flat = Buffer.from(JSON.stringify([[1, 2], ['BigInt', '9'.repeat(4e6)], ['Set']]));
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(2, 0);
    sizes.writeUInt32LE(flat.length, 4);
    refusesCheaply(payloadOf(VALUE_GRAPH, sizes, Buffer.from('[]'), flat));
  });
});

describe('what is honest is read', () => {
  test.each([
    ['a list of holes', holes(900_000, 5)],
    ['two lists of many holes', [holes(900_000, 5), holes(900_000, 7)]],
    ['a thousand short ones', Array.from({ length: 1000 }, () => holes(100))],
    ['a list of holes beside a Map', [new Map([[1, holes(200_000, 3)]]), holes(3e7, 1)]],
  ])('%s', (_, value) => {
    const back = cheaply(() => sender.decodeValue(receiver.encodeValue(value)));
    const [ours, theirs] = [value, back].map((all) =>
      JSON.stringify(all, (_key, part: unknown) =>
        Array.isArray(part) && part.length > 5000
          ? [part.length, ...Object.entries(part)]
          : part instanceof Map
            ? [...part]
            : part,
      ),
    );
    expect(theirs).toBe(ours);
  });

  test.each([70, 4e6])('a bigint of %i digits beside a symbol', (digits) => {
    const value = [Symbol.for('s'), BigInt(`0x${'f'.repeat(digits)}`), -1n] as const;
    const back = cheaply(() => sender.decodeValue(receiver.encodeValue(value)));
    expect((back as typeof value)[1] === value[1]).toBe(true);
    expect((back as typeof value)[2]).toBe(-1n);
  });
});

describe('the answer to a chunk', () => {
  const many = clone(`${sparse(999_999)}@\0${varint(999_999).toString('latin1')}`);

  test.each([VALUE_CLONE, OUTCOMES])('has as many results as there were items (tag %i)', (tag) => {
    for (const count of [0, 1, 3]) {
      const decode = (): unknown => cheaply(() => sender.decodeOutcomes(payloadOf(tag, many), count));
      expect(decode).toThrow(SerializationError);
      expect(decode).toThrow(/999999 results for \d items/);
    }
    const three = receiver.encodeValue([1, 2, 3]);
    expect(sender.decodeOutcomes(three, 3)).toEqual([
      [true, 1],
      [true, 2],
      [true, 3],
    ]);
    expect(() => sender.decodeOutcomes(three, 2)).toThrow(/a chunk of 3 results for 2 items/);
  });

  test('has no holes', () => {
    const hole = receiver.encodeValue(holes(3, 1, 2));
    expect(sender.decodeOutcomes(hole, 3)).toEqual([
      [true, undefined],
      [true, 1],
      [true, 2],
    ]);
  });

  test.each([
    ['nothing', undefined],
    ['no outcome', { 0: true }],
    ['no answer', [true, null]],
    ['a body of text', [true, { body: 'x', views: [] }]],
    ['views that are none', [true, { body: new Uint8Array(1), views: [1] }]],
    ['no verdict', [1, { body: new Uint8Array(1), views: [] }]],
  ])('whose item is %s is an error of its task', (_, item) => {
    const body = Buffer.concat([Buffer.from([OUTCOMES]), serialize([item])]);
    expect(() => sender.decodeOutcomes({ body, views: [] }, 1)).toThrow(SerializationError);
  });

  test('does not hold one large answer many times', () => {
    const answer = encodeOutcomes([[false, new Error('x'.repeat(10_000))]], receiver);
    expect(sender.decodeOutcomes(answer, 1)).toHaveLength(1);
    const { body } = receiver.encodeValue('x'.repeat(30_000));
    const one = { body, views: [] };
    const forged = encodeOutcomes(
      Array.from({ length: 1000 }, () => [false, undefined] as const),
      { encodeValue: () => one, encodeError: () => one },
    );
    expect(() => cheaply(() => sender.decodeOutcomes(forged, 1000))).toThrow(/more answers than bytes/);
  });
});
