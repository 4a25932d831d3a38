/** Bytes out and bytes in: a growing scratch buffer, and a reader that never reads past the end. */
import { SerializationError } from '../../errors.ts';

const SHORT_TEXT = 24;

export const malformed = (what: string): SerializationError =>
  new SerializationError(`cannot read what was received: ${what}`);

/** Appends to one reused buffer; `finish()` copies what was written. Not for use by two writers at once. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafeSlow(4096);
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

  uint32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeUInt32LE(value, this.length);
  }

  int32(value: number): void {
    this.room(4);
    this.length = this.buffer.writeInt32LE(value, this.length);
  }

  double(value: number): void {
    this.room(8);
    this.length = this.buffer.writeDoubleLE(value, this.length);
  }

  /** Text that can be represented in UTF-8, preceded by its length in bytes. */
  text(text: string): void {
    if (text.length <= SHORT_TEXT && this.shortAscii(text)) return;
    const bytes = Buffer.byteLength(text);
    this.uint32(bytes);
    this.room(bytes);
    this.length += this.buffer.write(text, this.length, bytes, 'utf8');
  }

  private shortAscii(text: string): boolean {
    const { length } = text;
    this.room(4 + length);
    const start = this.length + 4;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      this.buffer[start + i] = code;
    }
    this.length = this.buffer.writeUInt32LE(length, this.length) + length;
    return true;
  }

  bytes(bytes: Uint8Array): void {
    this.uint32(bytes.byteLength);
    this.room(bytes.byteLength);
    this.buffer.set(bytes, this.length);
    this.length += bytes.byteLength;
  }

  finish(): Uint8Array {
    const copy = Buffer.allocUnsafe(this.length);
    this.buffer.copy(copy, 0, 0, this.length);
    // One large value must not keep its memory for ever.
    if (this.buffer.length > 1 << 20) this.buffer = Buffer.allocUnsafeSlow(4096);
    return copy;
  }
}

/** Reads what a `ByteWriter` wrote. Throws a `SerializationError` where the input is not that. */
export class ByteReader {
  private readonly buffer: Buffer;
  private offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  private take(bytes: number): number {
    const at = this.offset;
    if (bytes > this.buffer.length - at) throw malformed('it ends too early');
    this.offset = at + bytes;
    return at;
  }

  byte(): number {
    return this.buffer[this.take(1)] as number;
  }

  uint32(): number {
    return this.buffer.readUInt32LE(this.take(4));
  }

  int32(): number {
    return this.buffer.readInt32LE(this.take(4));
  }

  double(): number {
    return this.buffer.readDoubleLE(this.take(8));
  }

  text(): string {
    const length = this.uint32();
    const at = this.take(length);
    if (length > SHORT_TEXT) return this.buffer.toString('utf8', at, at + length);
    let text = '';
    for (let i = at; i < at + length; i++) {
      const code = this.buffer[i] as number;
      if (code > 127) return this.buffer.toString('utf8', at, at + length);
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** A window on the input: copy it before it is kept. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  rest(): Buffer {
    return this.buffer.subarray(this.take(this.buffer.length - this.offset));
  }

  /** How many bytes are left: no count in the input can honestly be larger. */
  get left(): number {
    return this.buffer.length - this.offset;
  }
}
