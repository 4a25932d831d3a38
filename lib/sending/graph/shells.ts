/** Objects of a graph message: first an empty one of the right built-in kind, later its prototype and contents. */
import { malformed } from '../values/bytes.ts';
import { fromBytes } from '../values/views.ts';
import { applyIntegrity, defineProperties } from './properties.ts';
import { decodePrimitive, type FunctionHead, type ObjectHead } from './row.ts';

const MAX_LENGTH = 2 ** 32 - 1;

export function shellOf(
  head: ObjectHead,
  views: readonly Uint8Array[],
  blobs: Buffer,
  prototype: object | undefined,
): object {
  const { base, data } = head;
  switch (base) {
    case 'object':
      if (head.prototype === 'null') return Object.create(null) as object;
      return prototype ? (Object.create(prototype) as object) : {};
    case 'array': {
      const array: unknown[] = [];
      if (!(Number.isInteger(data) && (data as number) >= 0 && (data as number) <= MAX_LENGTH))
        throw malformed('a length');
      array.length = data as number;
      return array;
    }
    case 'arguments':
      return emptyArguments();
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'date':
      return new Date(typeof data === 'number' ? data : Number.NaN);
    case 'regexp': {
      const [source, flags] = listOf(data);
      return new RegExp(String(source), String(flags));
    }
    case 'error':
      return bareError();
    case 'dom-exception': {
      const [message, name] = listOf(data);
      const exception = new DOMException(String(message), String(name));
      Reflect.deleteProperty(exception, 'stack');
      return exception;
    }
    case 'boxed':
      return boxed(data);
    case 'binary':
      return binary(listOf(data), views, blobs);
    case 'url':
      return new URL(String(data));
    case 'search-params':
      return new URLSearchParams(String(data));
    default:
      throw malformed(`an object of the unknown kind ${JSON.stringify(base)}`);
  }
}

function listOf(data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) throw malformed('a row of an object');
  return data as unknown[];
}

function emptyArguments(): object {
  return (
    function () {
      // biome-ignore lint/complexity/noArguments: this is how such an object comes into being
      return arguments;
    } as () => object
  )();
}

/** An error that carries nothing of the place where it is rebuilt. */
export function bareError(): Error {
  const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  const quiet = limit?.writable === true;
  if (quiet) Error.stackTraceLimit = 0;
  const error = new Error();
  if (quiet) Error.stackTraceLimit = limit.value as number;
  Reflect.deleteProperty(error, 'stack');
  return error;
}

function boxed(data: unknown): object {
  const [type, text] = listOf(data);
  return Object(decodePrimitive([String(type), String(text)])) as object;
}

function binary(
  [kind, beside, at, length]: readonly unknown[],
  views: readonly Uint8Array[],
  blobs: Buffer,
): object {
  if (typeof kind !== 'number' || typeof at !== 'number' || typeof length !== 'number')
    throw malformed('binary data');
  if (!beside) {
    if (!(at >= 0 && length >= 0 && at + length <= blobs.length)) throw malformed('binary data out of range');
    return fromBytes(kind, blobs.subarray(at, at + length));
  }
  const bytes = views[at];
  if (bytes === undefined) throw malformed('binary data is missing');
  return fromBytes(kind, bytes);
}

export function fillObject(
  shell: object,
  head: ObjectHead,
  next: () => unknown,
  more: () => boolean,
  check: ((key: string | symbol, value: unknown, accessor: boolean) => void) | undefined,
): void {
  if (head.prototype === 'child') {
    const prototype = next();
    if (typeof prototype !== 'object' && typeof prototype !== 'function') throw malformed('a prototype');
    if (Object.getPrototypeOf(shell) !== prototype) Object.setPrototypeOf(shell, prototype as object);
  } else if (head.prototype === 'null' && head.base !== 'object') Object.setPrototypeOf(shell, null);
  defineProperties(shell, head.props, next, check);
  if (head.base === 'map') while (more()) Map.prototype.set.call(shell, next(), next());
  else if (head.base === 'set') while (more()) Set.prototype.add.call(shell, next());
  applyIntegrity(shell, head.integrity);
}

/** What a function has beside its code and its variables. */
export function fillFunction(fn: { prototype: object }, head: FunctionHead, next: () => unknown): void {
  // A class that comes again, and was closed before.
  if (!Object.isExtensible(fn)) return;
  if (head.parent) Object.setPrototypeOf(fn, next() as object);
  if (head.prototype === 'child') Object.setPrototypeOf(fn.prototype, next() as object);
  else if (head.prototype === 'null') Object.setPrototypeOf(fn.prototype, null);
  defineProperties(fn, head.props, next);
  if (head.prototypeProps.length > 0) defineProperties(fn.prototype, head.prototypeProps, next);
  applyIntegrity(fn, head.integrity);
}
