/** One value, or the arguments of a call, in the cheapest form that loses nothing. The graph is the caller's. */
import type { Payload } from '../payload.ts';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { readClone, writeClone } from './clone.ts';
import { isPrimitive, type ReadyItem, readItem, readyItem, writeItem } from './items.ts';
import { CLONE_SAFE, newScan, RICH } from './scan.ts';

let writer: ByteWriter | undefined;
const NO_VIEWS: readonly Uint8Array[] = [];

/** Arguments that are all primitives need no preparation: they cannot change. */
export function allPrimitive(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) if (!isPrimitive(args[i])) return false;
  return true;
}

/** Copies arguments into items; or says which other form they need. */
export function readyItems(args: readonly unknown[]): unknown[] | typeof CLONE_SAFE | typeof RICH {
  const scan = newScan();
  const items: unknown[] = [];
  let clone = false;
  for (const arg of args) {
    if (isPrimitive(arg)) items.push(arg);
    else if (typeof arg !== 'object') return RICH;
    else {
      const item = readyItem(arg as object, scan);
      if (item === RICH) return RICH;
      if (item === CLONE_SAFE) clone = true;
      else items.push(item);
    }
  }
  return clone ? CLONE_SAFE : items;
}

/** Items of `readyItems`, or primitives, behind a header of a tag and a number. */
export function writeItems(tag: number, number: number, items: readonly unknown[]): Payload {
  writer ??= new ByteWriter();
  writer.start();
  writer.byte(tag);
  writer.uint32(number);
  writer.uint32(items.length);
  const views: Uint8Array[] = [];
  for (let i = 0; i < items.length; i++) writeItem(writer, items[i], views);
  return { body: writer.finish(), views: views.length > 0 ? views : NO_VIEWS };
}

export function writeOne(tag: number, item: unknown): Payload {
  writer ??= new ByteWriter();
  writer.start();
  writer.byte(tag);
  const views: Uint8Array[] = [];
  writeItem(writer, item, views);
  return { body: writer.finish(), views: views.length > 0 ? views : NO_VIEWS };
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

/** Undefined if V8 refuses after all: then the graph says why. */
export function tryClone(value: unknown, header: Uint8Array): Payload | undefined {
  try {
    return writeClone(value, header);
  } catch {
    return undefined;
  }
}

export function readCloneAt(body: Uint8Array, offset: number, views: readonly Uint8Array[]): unknown {
  return readClone(Buffer.from(body.buffer, body.byteOffset + offset, body.byteLength - offset), views);
}

export type { ReadyItem };
