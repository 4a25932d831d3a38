/** What no frame can carry is refused when it is encoded: its task fails, and no channel sees half of it. */
import { expect, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { payloadOf } from '../../lib/sending/common/payload.ts';
import { writeItems } from '../../lib/sending/values/encode.ts';
import { OUT_OF_BAND } from '../../lib/sending/values/views.ts';

const binary = { kind: 0, bytes: Buffer.alloc(OUT_OF_BAND) };

test('as many large parts as its header can count', () => {
  const write = (parts: number) => () => writeItems(0, 0, Array(parts).fill(binary));
  expect(write(65_535)().views).toHaveLength(65_535);
  expect(write(65_536)).toThrow(SerializationError);
  expect(write(65_536)).toThrow(
    /cannot send more than 65535 large binary parts and texts at once\n {2}hint: /,
  );
});

test('a body as large as its header can tell', () => {
  const of = (bytes: number) => () => payloadOf(new Uint8Array(bytes), []); // memory that is not touched costs nothing
  expect(of(2 ** 32 - 1)().body).toHaveLength(2 ** 32 - 1);
  expect(of(2 ** 32)).toThrow(SerializationError);
  expect(of(2 ** 32)).toThrow(
    /cannot send 4294967296 bytes at once, large binary parts and texts not counted\n/,
  );
});
