/** The bytes of a graph message: sizes, the heads of its rows, what devalue wrote, binary data. */
import type { RowHead } from './row.ts';

/** @param text The root and the table of rows, as devalue writes them. */
export function packMessage(
  header: Uint8Array,
  heads: readonly RowHead[],
  text: string,
  blobs: readonly Uint8Array[] = [],
): Uint8Array {
  const head = Buffer.from(JSON.stringify(heads));
  const body = Buffer.from(text);
  const sizes = Buffer.allocUnsafe(8);
  sizes.writeUInt32LE(head.length, 0);
  sizes.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, sizes, head, body, ...blobs]);
}
