/** Bytes out: a growing scratch buffer. */
import { LONGEST, writePrimitive } from './primitives.ts';

/** The longest text whose length fits into one byte, but for a value that users of `shortText` may give a meaning. */
const SHORT_BYTES = 254;

export const isWellFormed = (text: string): boolean =>
  (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** More than this is not kept as scratch memory. */
const LARGE = 256 * 1024;
const SCRATCH = 4096;

/** Appends to one reused buffer; `finish()` gives what was written. Not for use by two writers at once. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafeSlow(SCRATCH);
  private length = 0;

  start(): void {
    this.length = 0;
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  /** False, and nothing is written, if it is none that is simple and short. */
  primitive(value: unknown): boolean {
    this.room(LONGEST);
    const end = writePrimitive(this.buffer, this.length, this.buffer.length, value);
    if (end >= 0) this.length = end;
    return end >= 0;
  }

  uint32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  /** An unsigned number below 2 ** 32 in as few bytes as it needs. */
  varint(value: number): void {
    this.room(5);
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  double(value: number): void {
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  /** Text that can be represented in UTF-8, preceded by its length in bytes. */
  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.uint32(bytes);
    this.room(bytes);
    this.length += this.buffer.write(text, this.length, bytes, 'utf8');
  }

  /** Text of up to `SHORT_BYTES / 3` characters, preceded by one byte; false if it has no UTF-8 form. */
  shortText(text: string): boolean {
    const { length } = text;
    this.room(1 + SHORT_BYTES);
    const { buffer } = this;
    const start = this.length + 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) break;
      buffer[start + i] = code;
    }
    if (i < length) {
      if (!isWellFormed(text)) return false;
      i = buffer.write(text, start, SHORT_BYTES, 'utf8');
    }
    buffer[this.length] = i;
    this.length = start + i;
    return true;
  }

  bytes(bytes: Uint8Array): void {
    this.uint32(bytes.byteLength);
    this.room(bytes.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** Bytes whose length is known to the reader. */
  raw(bytes: Uint8Array): void {
    this.room(bytes.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  /** How much has been written. */
  get size(): number {
    return this.length;
  }

  /** Writes over four bytes that were written before. */
  uint32At(at: number, value: number): void {
    this.buffer.writeUInt32LE(value, at);
  }

  /** One large value must not keep its memory forever. */
  forget(): void {
    if (this.buffer.length > LARGE) this.buffer = Buffer.allocUnsafeSlow(SCRATCH);
  }

  finish(): Uint8Array {
    const { buffer, length } = this;
    this.forget();
    // Memory that is no longer scratch goes to who asked for the bytes.
    if (buffer !== this.buffer && length * 2 > buffer.length) return buffer.subarray(0, length);
    const copy = Buffer.allocUnsafe(length);
    buffer.copy(copy, 0, 0, length);
    return copy;
  }
}
