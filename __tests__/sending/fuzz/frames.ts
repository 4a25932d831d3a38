/** The header of a frame as a worker writes it. */
import { HEADER_BYTES, MAGIC, VIEW_LENGTH_BYTES } from '../../../lib/child/frames.ts';
import type { Payload } from '../../../lib/sending/common/payload.ts';

export function encodeHeader(kind: number, { body, views }: Payload): Buffer {
  const header = Buffer.alloc(HEADER_BYTES + views.length * VIEW_LENGTH_BYTES);
  header[0] = MAGIC;
  header[1] = kind;
  header.writeUInt16LE(views.length, 2);
  header.writeUInt32LE(body.byteLength, 12);
  views.forEach((view, index) => {
    header.writeDoubleLE(view.byteLength, HEADER_BYTES + index * VIEW_LENGTH_BYTES);
  });
  return header;
}
