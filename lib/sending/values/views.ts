/**
 * Binary data: typed arrays, DataView, Buffer and ArrayBuffer. Only a view's own range travels, never the whole
 * backing store; from `OUT_OF_BAND` bytes on it travels beside the message as raw bytes. Knows no message format.
 */
import { types } from 'node:util';
import { malformed } from './bytes.ts';
import { isBuiltinPrototype } from './realm.ts';

/** Views of this many bytes and more travel beside the message. */
export const OUT_OF_BAND = 64 * 1024;

/** The order is part of the format. */
const NAMES = [
  'Buffer',
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'ArrayBuffer',
  'Float16Array',
] as const;

const BUFFER = 0;
const UINT8 = 1;
const DATA_VIEW = 12;
const ARRAY_BUFFER = 13;

/** Classes of the user's, and objects by themselves, may have other properties of these names. */
const getter = <T>(prototype: object, name: string | symbol): ((this: unknown) => T) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => T;

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const tagOf = getter<string | undefined>(typedArray, Symbol.toStringTag);
const gettersOf = (prototype: object) => ({
  buffer: getter<ArrayBufferLike>(prototype, 'buffer'),
  byteOffset: getter<number>(prototype, 'byteOffset'),
  byteLength: getter<number>(prototype, 'byteLength'),
});
const ofTypedArrays = gettersOf(typedArray);
const ofDataViews = gettersOf(DataView.prototype);
const memoryLength = getter<number>(ArrayBuffer.prototype, 'byteLength');
const resizable = getter<boolean>(ArrayBuffer.prototype, 'resizable');

const gettersFor = (view: object): typeof ofDataViews =>
  tagOf.call(view) === undefined ? ofDataViews : ofTypedArrays;

/** The memory that a view shows. */
export const memoryOf = (view: object): ArrayBufferLike => gettersFor(view).buffer.call(view);

/** The kind of a binary object by its internal slots, whatever its prototype; -1 if it is none that can be sent. */
export function binaryKind(value: object): number {
  if (ArrayBuffer.isView(value)) {
    const memory = memoryOf(value);
    if (types.isSharedArrayBuffer(memory) || isDetached(memory)) return -1;
    const name = tagOf.call(value);
    if (name === undefined) return DATA_VIEW;
    return name === 'Uint8Array' && Buffer.isBuffer(value)
      ? BUFFER
      : (NAMES as readonly string[]).indexOf(name);
  }
  return types.isArrayBuffer(value) && !isResizable(value) && !isDetached(value) ? ARRAY_BUFFER : -1;
}

export const isResizable = (value: object): boolean => resizable.call(value);

/** Its memory was transferred. */
export function isDetached(memory: ArrayBufferLike): boolean {
  if (memoryLength.call(memory) > 0) return false;
  try {
    new Uint8Array(memory);
    return false;
  } catch {
    return true;
  }
}

/** The same for a binary object that has no class of the user's; -1 for instances of subclasses as well. */
export function exactBinaryKind(value: object): number {
  const kind = binaryKind(value);
  if (kind === -1) return -1;
  // Nothing but the graph carries them.
  if (kind === ARRAY_BUFFER && Reflect.ownKeys(value).length > 0) return -1;
  return isOfBuiltin(value, kind) ? kind : -1;
}

/** Whether it is an instance of the built-in class itself. */
export function isOfBuiltin(value: object, kind = binaryKind(value)): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return kind === BUFFER
    ? prototype === Buffer.prototype
    : isBuiltinPrototype(prototype, NAMES[kind] as string);
}

/** The bytes of a binary object, not copied. */
export function bytesOf(value: object): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value as ArrayBuffer);
  const { buffer, byteOffset, byteLength } = gettersFor(value);
  return new Uint8Array(buffer.call(value), byteOffset.call(value), byteLength.call(value));
}

/** A copy with a memory of its own: the sender may change the original while the copy waits to be written. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

const constructorOf = (kind: number): unknown =>
  (globalThis as Record<string, unknown>)[NAMES[kind] as string];

/** What travelled beside the message under that number. @throws SerializationError if nothing did. */
export function viewAt(views: readonly Uint8Array[], index: number): Uint8Array {
  const bytes = views[index];
  if (bytes === undefined) throw malformed('binary data is missing');
  return bytes;
}

/** Builds the binary object again. Takes over `bytes` if they have a memory of their own, else copies them. */
export function fromBytes(kind: number, bytes: Uint8Array): object {
  const name = NAMES[kind];
  if (name === undefined) throw malformed(`binary data of the unknown kind ${kind}`);
  const owned = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const exact = owned ? bytes.buffer : copyOf(bytes).buffer;
  const { byteLength } = bytes;
  if (kind === ARRAY_BUFFER) return exact;
  if (kind === BUFFER) return Buffer.from(exact as ArrayBuffer);
  if (kind === UINT8) return new Uint8Array(exact);
  const View = constructorOf(kind) as (new (
    memory: ArrayBufferLike,
  ) => object) & { BYTES_PER_ELEMENT?: number };
  if (typeof View !== 'function') throw malformed(`this version of Node.js has no ${name}`);
  if (byteLength % (View.BYTES_PER_ELEMENT ?? 1) !== 0) throw malformed(`a ${name} of ${byteLength} bytes`);
  return new View(exact);
}
