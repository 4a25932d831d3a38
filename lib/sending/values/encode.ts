/** One value, or the arguments of a call, in the cheapest form that loses nothing. The graph is the caller's. */
import { SerializationError } from '../../errors.ts';
import { type Payload, payloadOf } from '../common/payload.ts';
import { ByteWriter } from './byte-writer.ts';
import { ByteReader, malformed } from './bytes.ts';
import { readClone, writeClone } from './clone.ts';
import { checkClone } from './clone-check.ts';
import { Containers } from './containers.ts';
import { type ReadyItem, readItem, readyItem, writeItem } from './items.ts';
import { NEEDS_GRAPH, NOT_PLAIN } from './plain-writer.ts';
import { isPrimitive } from './primitives.ts';
import { type CLONE_SAFE, RICH, tierOf } from './scan.ts';
import { copyOf } from './views.ts';

let writer: ByteWriter | undefined;
const NO_VIEWS: readonly Uint8Array[] = [];

/** Copies arguments into items; or says which other form they need. */
export function readyItems(args: readonly unknown[]): unknown[] | typeof CLONE_SAFE | typeof RICH {
  return unlessItThrows(() => {
    const containers = new Containers();
    const items: unknown[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (isPrimitive(arg)) items.push(arg);
      else if (typeof arg !== 'object') return RICH;
      else {
        const item = readyItem(arg as object, containers, copyOf);
        if (typeof item === 'number') return item === NEEDS_GRAPH ? RICH : tierOf(args);
        items.push(item);
      }
    }
    return containers.areDistinct() ? items : tierOf(args);
  });
}

/** The same for one value that is written at once: binary data is not copied. */
export function readyValue(value: object): ReadyItem | typeof CLONE_SAFE | typeof RICH {
  return unlessItThrows(() => {
    const containers = new Containers();
    const item = readyItem(value, containers, asItIs);
    if (item === NEEDS_GRAPH) return RICH;
    return item !== NOT_PLAIN && containers.areDistinct() ? item : tierOf(value);
  });
}

/** The graph says what is the matter with data that is nested too deeply, too large, or cannot be asked. */
function unlessItThrows<T>(ready: () => T): T | typeof RICH {
  try {
    return ready();
  } catch {
    return RICH;
  }
}

export const asItIs = (bytes: Uint8Array): Uint8Array => bytes;

/** Items of `readyItems`, or primitives, behind a header of a tag and a number. */
export function writeItems(tag: number, number: number, items: readonly unknown[]): Payload {
  writer ??= new ByteWriter();
  writer.start();
  writer.byte(tag);
  writer.uint32(number);
  writer.uint32(items.length);
  const views: Uint8Array[] = [];
  for (let i = 0; i < items.length; i++) writeItem(writer, items[i], views);
  return payloadOf(writer.finish(), views.length > 0 ? views : NO_VIEWS);
}

export function writeOne(tag: number, item: unknown): Payload {
  writer ??= new ByteWriter();
  writer.start();
  writer.byte(tag);
  const views: Uint8Array[] = [];
  writeItem(writer, item, views);
  return payloadOf(writer.finish(), views.length > 0 ? views : NO_VIEWS);
}

export function readItems(body: Uint8Array, offset: number, views: readonly Uint8Array[]): unknown[] {
  const reader = new ByteReader(body, offset);
  const count = reader.uint32();
  if (count > reader.left) throw malformed('more arguments than bytes');
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.push(readItem(reader, views));
  return items;
}

export const readOne = (body: Uint8Array, offset: number, views: readonly Uint8Array[]): unknown =>
  readItem(new ByteReader(body, offset), views);

/**
 * Undefined if V8 refuses after all: then the graph says why.
 *
 * @throws SerializationError if it is too much, in whatever form.
 */
export function tryClone(
  value: unknown,
  header: Uint8Array,
  keep?: (bytes: Uint8Array) => Uint8Array,
): Payload | undefined {
  try {
    return writeClone(value, header, keep);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    return undefined;
  }
}

export function readCloneAt(body: Uint8Array, offset: number, views: readonly Uint8Array[]): unknown {
  return readClone(bytesFrom(body, offset), views);
}

/** The same for a clone that may be forged. */
export function readForeignClone(body: Uint8Array, offset: number, views: readonly Uint8Array[]): unknown {
  const bytes = bytesFrom(body, offset);
  checkClone(bytes);
  return readClone(bytes, views);
}

const bytesFrom = (body: Uint8Array, offset: number): Buffer =>
  Buffer.from(body.buffer, body.byteOffset + offset, body.byteLength - offset);

export type { ReadyItem };
