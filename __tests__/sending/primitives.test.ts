/** Primitives that are written straight into a frame are the items that all others read, and the reverse. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ItemsCall } from '../../lib/sending/host/calls.ts';
import { ByteWriter } from '../../lib/sending/values/byte-writer.ts';
import { ByteReader } from '../../lib/sending/values/bytes.ts';
import { readItem, writeItem } from '../../lib/sending/values/items.ts';
import {
  OTHER,
  primitiveAt,
  primitivesAt,
  readPrimitive,
  writePrimitive,
} from '../../lib/sending/values/primitives.ts';

const primitive = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    -0,
    0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    -(2 ** 31),
  ),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
);

function item(value: unknown): Buffer {
  const writer = new ByteWriter();
  writeItem(writer, value, []);
  return Buffer.from(writer.finish());
}

function written(value: unknown, room = 256): Buffer | undefined {
  const buffer = Buffer.alloc(256);
  const end = writePrimitive(buffer, 3, 3 + room, value);
  return end < 0 ? undefined : buffer.subarray(3, end);
}

const isShort = (value: unknown) => typeof value !== 'string' || /^[\0-\x7f]{0,24}$/.test(value);

describe('a primitive', () => {
  test('has the same bytes, whoever writes it; one that is not short is left to the other', () => {
    fc.assert(
      fc.property(primitive, (value) => {
        expect(written(value)).toEqual(isShort(value) ? item(value) : undefined);
      }),
    );
  });

  test('is read as it was written, and the next one begins behind it', () => {
    fc.assert(
      fc.property(primitive.filter(isShort), (value) => {
        const bytes = Buffer.concat([item(value), item('next')]);
        const cursor = { at: 0 };
        expect(readPrimitive(bytes, cursor)).toBe(value);
        expect(readPrimitive(bytes, cursor)).toBe('next');
        expect(cursor.at).toBe(bytes.length);
        expect(readItem(new ByteReader(bytes), [])).toBe(value);
      }),
    );
  });

  test('that is not all there is none, and moves nothing on', () => {
    fc.assert(
      fc.property(primitive.filter(isShort), fc.nat(40), (value, cut) => {
        const bytes = item(value);
        const cursor = { at: 0 };
        const part = bytes.subarray(0, cut);
        if (cut >= bytes.length) expect(readPrimitive(part, cursor)).toBe(value);
        else expect([readPrimitive(part, cursor), cursor.at]).toEqual([OTHER, 0]);
      }),
    );
  });

  test.each([1n, 'x'.repeat(25), 'ä', '\ud800', {}, Symbol.iterator, () => 1])(
    'is none of these: %p',
    (value) => {
      expect(written(value)).toBeUndefined();
    },
  );

  test('is not written where there may be no room', () => {
    expect(written('x'.repeat(24), 28)).toBeUndefined();
    expect(written('x'.repeat(24), 29)).toEqual(item('x'.repeat(24)));
  });

  test('is read from buffers alone', () => {
    expect(primitiveAt(new Uint8Array(item(1)), 0)).toBe(OTHER);
    expect(primitiveAt(item(1), 0)).toBe(1);
  });
});

describe('the arguments of a call', () => {
  const constant = { id: 7, name: 'fn', definitions: [], guards: [], module: undefined, reads: [] };

  test('that are written in place have the bytes of the encoded call, as far as they fit', () => {
    fc.assert(
      fc.property(fc.array(primitive, { maxLength: 12 }), (args) => {
        const call = new ItemsCall(constant, args);
        const buffer = Buffer.alloc(300);
        const end = call.writeInto(buffer, 10, 266);
        const { body } = call.encode();
        if (end >= 0) expect(buffer.subarray(10, end)).toEqual(Buffer.from(body));
        else expect(body.length > 200 || !args.every(isShort)).toBe(true);
        expect(primitivesAt(Buffer.from(body), 5)).toEqual(args.every(isShort) ? args : undefined);
      }),
    );
  });

  test('are none if there are fewer than the count says', () => {
    const { body } = new ItemsCall(constant, [1, 2]).encode();
    expect(primitivesAt(Buffer.from(body.subarray(0, body.length - 1)), 5)).toBeUndefined();
    expect(primitivesAt(Buffer.from(body.subarray(0, 7)), 5)).toBeUndefined();
  });
});
