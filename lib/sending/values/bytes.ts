/** Bytes in: a reader that never reads past the end. */
import { SerializationError } from '../../errors.ts';
import { readPrimitive, SHORT_TEXT } from './primitives.ts';

export const malformed = (what: string): SerializationError =>
  new SerializationError(`cannot read what was received: ${what}`);

/** For a body that begins with `LOST`. `what` names its content, `where` the process that has no room for it. */
export function lost(body: Uint8Array, what: string, where: string): SerializationError {
  const bytes = new ByteReader(body, 1).double();
  const hint = 'send less at a time, or write it to a file and send its path';
  return new SerializationError(
    `${what}, ${bytes} bytes, does not fit into the memory of ${where}\n  hint: ${hint}`,
  );
}

/** Reads what a `ByteWriter` wrote. Throws a `SerializationError` where the input is not that. */
export class ByteReader {
  private readonly buffer: Buffer;
  /** Where the next value begins. */
  at: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.buffer = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = offset;
  }

  private take(bytes: number): number {
    const { at } = this;
    if (bytes > this.buffer.length - at) throw malformed('it ends too early');
    this.at = at + bytes;
    return at;
  }

  /** `OTHER`, and nothing is read, if it is none that is simple and short. */
  primitive(): unknown {
    return readPrimitive(this.buffer, this);
  }

  byte(): number {
    return this.buffer[this.take(1)] as number;
  }

  uint32(): number {
    return this.buffer.readUInt32LE(this.take(4));
  }

  varint(): number {
    const first = this.byte();
    if (first < 128) return first;
    let value = first & 127;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw malformed('a number that is too long');
  }

  double(): number {
    return this.buffer.readDoubleLE(this.take(8));
  }

  text(): string {
    return this.textOf(this.uint32());
  }

  /** Text of so many bytes. */
  textOf(length: number): string {
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

  /** So many bytes, not copied. */
  raw(length: number): Buffer {
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  rest(): Buffer {
    return this.buffer.subarray(this.take(this.left));
  }

  /** How many bytes are left: no count in the input can honestly be larger. */
  get left(): number {
    return this.buffer.length - this.at;
  }
}
