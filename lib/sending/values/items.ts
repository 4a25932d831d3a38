/**
 * The compact form of one value that needs no graph: a tag byte, then a primitive, a JSON text or binary data.
 * This is the fast path of calls and results: it allocates nothing beside the bytes.
 */
import { type ByteReader, type ByteWriter, malformed } from './bytes.ts';
import { CLONE_SAFE, JSON_SAFE, type RICH, type Scan, tierOf } from './scan.ts';
import { BESIDE, bytesOf, copyOf, exactBinaryKind, fromBytes } from './views.ts';

const UNDEFINED = 0;
const NULL = 1;
const TRUE = 2;
const FALSE = 3;
const INT32 = 4;
const DOUBLE = 5;
const TEXT = 6;
const UNPAIRED_TEXT = 7;
const BIGINT = 8;
const JSON_TEXT = 9;
const BINARY = 10;
const BINARY_BESIDE = 11;
const TEXT_BESIDE = 12;
const JSON_BESIDE = 13;

/** A value that was made ready for `writeItem` when its task was submitted: it no longer changes. */
export class ReadyItem {
  readonly tag: number;
  readonly kind: number;
  readonly content: string | Uint8Array;

  constructor(tag: number, kind: number, content: string | Uint8Array) {
    this.tag = tag;
    this.kind = kind;
    this.content = content;
  }
}

export function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

/** Copies a value into an item; or says that it needs a structured clone (`CLONE_SAFE`) or the graph (`RICH`). */
export function readyItem(value: object, scan: Scan): ReadyItem | typeof CLONE_SAFE | typeof RICH {
  const kind = exactBinaryKind(value);
  if (kind !== -1) {
    if (scan.seen.has(value)) return CLONE_SAFE;
    scan.seen.add(value);
    const bytes = bytesOf(value);
    return new ReadyItem(bytes.byteLength < BESIDE ? BINARY : BINARY_BESIDE, kind, copyOf(bytes));
  }
  const tier = tierOf(value, scan);
  return tier === JSON_SAFE ? new ReadyItem(JSON_TEXT, 0, JSON.stringify(value)) : tier;
}

/** Writes a primitive or a `ReadyItem`. Large contents go to `views`, beside the message. */
export function writeItem(writer: ByteWriter, item: unknown, views: Uint8Array[]): void {
  switch (typeof item) {
    case 'undefined':
      writer.byte(UNDEFINED);
      return;
    case 'boolean':
      writer.byte(item ? TRUE : FALSE);
      return;
    case 'number':
      if (Object.is(item | 0, item)) {
        writer.byte(INT32);
        writer.int32(item);
        return;
      }
      writer.byte(DOUBLE);
      writer.double(item);
      return;
    case 'string':
      writeText(writer, item, TEXT, views);
      return;
    case 'bigint':
      writer.byte(BIGINT);
      writer.text(hex(item));
      return;
    default:
      if (item === null) {
        writer.byte(NULL);
        return;
      }
      writeReady(writer, item as ReadyItem, views);
      return;
  }
}

function writeReady(writer: ByteWriter, item: ReadyItem, views: Uint8Array[]): void {
  const { content } = item;
  if (typeof content === 'string') {
    writeText(writer, content, JSON_TEXT, views);
    return;
  }
  writer.byte(item.tag);
  writer.byte(item.kind);
  if (item.tag === BINARY) writer.bytes(content);
  else writer.uint32(views.push(content) - 1);
}

const isWellFormed = (text: string): boolean =>
  (text as unknown as { isWellFormed(): boolean }).isWellFormed();

function writeText(writer: ByteWriter, text: string, tag: number, views: Uint8Array[]): void {
  if (!isWellFormed(text)) {
    // A lone surrogate has no UTF-8 form.
    writer.byte(UNPAIRED_TEXT);
    writer.bytes(Buffer.from(text, 'utf16le'));
    return;
  }
  if (text.length < BESIDE) {
    writer.byte(tag);
    writer.text(text);
    return;
  }
  writer.byte(tag === TEXT ? TEXT_BESIDE : JSON_BESIDE);
  writer.uint32(views.push(Buffer.from(text)) - 1);
}

const asText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

function beside(reader: ByteReader, views: readonly Uint8Array[]): Uint8Array {
  const bytes = views[reader.uint32()];
  if (bytes === undefined) throw malformed('binary data is missing');
  return bytes;
}

export function readItem(reader: ByteReader, views: readonly Uint8Array[]): unknown {
  const tag = reader.byte();
  switch (tag) {
    case UNDEFINED:
      return undefined;
    case NULL:
      return null;
    case TRUE:
      return true;
    case FALSE:
      return false;
    case INT32:
      return reader.int32();
    case DOUBLE:
      return reader.double();
    case TEXT:
      return reader.text();
    case UNPAIRED_TEXT:
      return Buffer.from(reader.bytes()).toString('utf16le');
    case BIGINT:
      return readBigInt(reader.text());
    case JSON_TEXT:
      return JSON.parse(reader.text()) as unknown;
    case BINARY: {
      const kind = reader.byte();
      return fromBytes(kind, reader.bytes());
    }
    case BINARY_BESIDE: {
      const kind = reader.byte();
      return fromBytes(kind, beside(reader, views));
    }
    case TEXT_BESIDE:
      return asText(beside(reader, views));
    case JSON_BESIDE:
      return JSON.parse(asText(beside(reader, views))) as unknown;
    default:
      throw malformed(`a value of the unknown kind ${tag}`);
  }
}

/** Hexadecimal, because engines read and write it in linear time. */
const hex = (value: bigint): string => (value < 0n ? `-${(-value).toString(16)}` : value.toString(16));

function readBigInt(text: string): bigint {
  const match = /^(-?)([0-9a-f]+)$/.exec(text);
  if (!match) throw malformed('a bigint without digits');
  const value = BigInt(`0x${match[2]}`);
  return match[1] ? -value : value;
}
