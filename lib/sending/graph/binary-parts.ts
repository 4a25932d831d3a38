/** The binary data of one graph message: beside it, or in its last bytes. */
import { malformed } from '../values/bytes.ts';
import { readClone } from '../values/clone.ts';
import { fromBytes, viewAt } from '../values/views.ts';
import type { ClonePlace } from './row.ts';

export class BinaryParts {
  blobs: Buffer = Buffer.alloc(0);
  private readonly views: readonly Uint8Array[];
  private bytesRead = 0;

  constructor(views: readonly Uint8Array[]) {
    this.views = views;
  }

  /** @throws SerializationError, or an error of V8, if there is no clone. */
  clone([beside, at, length, from, count]: ClonePlace): unknown {
    const bytes = beside ? viewAt(this.views, at) : this.blobs.subarray(at, at + length);
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return readClone(body, this.views.slice(from, from + count));
  }

  /** @throws SerializationError if there is no such part, or the same bytes are asked for again and again. */
  read([kind, beside, at, length]: readonly unknown[]): object {
    if (typeof kind !== 'number' || typeof at !== 'number' || typeof length !== 'number')
      throw malformed('binary data');
    if (beside) return fromBytes(kind, viewAt(this.views, at));
    const { blobs } = this;
    this.bytesRead += length;
    if (!(at >= 0 && length >= 0 && at + length <= blobs.length && this.bytesRead <= blobs.length))
      throw malformed('binary data out of range');
    return fromBytes(kind, blobs.subarray(at, at + length));
  }
}
