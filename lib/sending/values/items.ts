/**
 * The compact form of one value that needs no graph: a tag byte, then a primitive, plain data or binary data.
 * This is the fast path of calls and results: it allocates nothing beside the bytes.
 */
import { addView } from '../common/payload.ts';
import { type ByteWriter, isWellFormed } from './byte-writer.ts';
import { type ByteReader, malformed } from './bytes.ts';
import type { Containers } from './containers.ts';
import { hexOf } from './plain-format.ts';
import { readBigInt, readPlain } from './plain-reader.ts';
import { type NEEDS_GRAPH, NOT_PLAIN, PlainWriter } from './plain-writer.ts';
import { OTHER, TEXT } from './primitives.ts';
import { bytesOf, exactBinaryKind, fromBytes, OUT_OF_BAND, viewAt } from './views.ts';

const UNPAIRED_TEXT = 7;
const BIGINT = 8;
const PLAIN_DATA = 9;
const BINARY = 10;
const TEXT_BESIDE = 12;
const PLAIN_BESIDE = 13;
/** Added to the kind: the bytes are beside the message. */
const KIND_BESIDE = 128;

/** A value that was made ready for `writeItem`: bytes, and the kind of binary data or that they are plain data. */
export class ReadyItem {
  readonly kind: number;
  readonly bytes: Uint8Array;

  constructor(kind: number, bytes: Uint8Array) {
    this.kind = kind;
    this.bytes = bytes;
  }
}

const PLAIN_KIND = -1;

let spare: PlainWriter | undefined;

/**
 * Turns an object into an item, or says that another form has to carry it (`NOT_PLAIN`) and that only the graph can
 * (`NEEDS_GRAPH`). `keep` may copy binary data. That no container comes twice is for `containers` to say in the end.
 */
export function readyItem(
  value: object,
  containers: Containers,
  keep: (bytes: Uint8Array) => Uint8Array,
): ReadyItem | typeof NOT_PLAIN | typeof NEEDS_GRAPH {
  const kind = exactBinaryKind(value);
  if (kind !== -1) return containers.add(value) ? new ReadyItem(kind, keep(bytesOf(value))) : NOT_PLAIN;
  // A getter among the items of an array can lead back to here.
  const writer = spare ?? new PlainWriter();
  spare = undefined;
  const written = writer.write(value, containers);
  spare = writer;
  return typeof written === 'number' ? written : new ReadyItem(PLAIN_KIND, written);
}

/** Writes a primitive or a `ReadyItem`. Large contents go to `views`, beside the message. */
export function writeItem(writer: ByteWriter, item: unknown, views: Uint8Array[]): void {
  if (writer.primitive(item)) return;
  if (typeof item === 'string') writeText(writer, item, views);
  else if (typeof item === 'bigint') {
    writer.byte(BIGINT);
    writer.text(hexOf(item));
  } else writeReady(writer, item as ReadyItem, views);
}

function writeReady(writer: ByteWriter, { kind, bytes }: ReadyItem, views: Uint8Array[]): void {
  const isBeside = bytes.byteLength >= OUT_OF_BAND;
  if (kind === PLAIN_KIND) writer.byte(isBeside ? PLAIN_BESIDE : PLAIN_DATA);
  else {
    writer.byte(BINARY);
    writer.byte(isBeside ? kind + KIND_BESIDE : kind);
  }
  if (isBeside) writer.uint32(addView(views, bytes));
  else writer.bytes(bytes);
}

function writeText(writer: ByteWriter, text: string, views: Uint8Array[]): void {
  if (!isWellFormed(text)) {
    // A lone surrogate has no UTF-8 form.
    writer.byte(UNPAIRED_TEXT);
    writer.bytes(Buffer.from(text, 'utf16le'));
    return;
  }
  if (text.length < OUT_OF_BAND) {
    writer.byte(TEXT);
    writer.text(text);
    return;
  }
  writer.byte(TEXT_BESIDE);
  writer.uint32(addView(views, Buffer.from(text)));
}

const asText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

export function readItem(reader: ByteReader, views: readonly Uint8Array[]): unknown {
  const simple = reader.primitive();
  if (simple !== OTHER) return simple;
  const tag = reader.byte();
  switch (tag) {
    case TEXT:
      return reader.text();
    case UNPAIRED_TEXT:
      return Buffer.from(reader.bytes()).toString('utf16le');
    case BIGINT:
      return readBigInt(reader.text());
    case PLAIN_DATA:
      return readPlain(reader.bytes());
    case PLAIN_BESIDE:
      return readPlain(viewAt(views, reader.uint32()));
    case BINARY: {
      const kind = reader.byte();
      return kind < KIND_BESIDE
        ? fromBytes(kind, reader.bytes())
        : fromBytes(kind - KIND_BESIDE, viewAt(views, reader.uint32()));
    }
    case TEXT_BESIDE:
      return asText(viewAt(views, reader.uint32()));
    default:
      throw malformed(`a value of the unknown kind ${tag}`);
  }
}
