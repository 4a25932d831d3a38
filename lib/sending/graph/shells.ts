/** Objects of a graph message: first an empty one of the right built-in kind, later its prototype and contents. */
import { malformed } from '../values/bytes.ts';
import { isObject } from '../values/realm.ts';
import type { BinaryParts } from './binary-parts.ts';
import { applyIntegrity, defineProperties } from './properties.ts';
import type { PublicObjects } from './public-state.ts';
import { mapLabel } from './refusal.ts';
import { LEFT_OUT, type Place, type ReadPart, type Resolver } from './resolver.ts';
import { decodePrimitive, type FunctionHead, type ObjectHead } from './row.ts';

export function shellOf(
  head: ObjectHead,
  parts: BinaryParts,
  publics: PublicObjects,
  prototype: object | undefined,
): object {
  const { base, data } = head;
  switch (base) {
    case 'object':
      if (head.prototype === 'null') return Object.create(null) as object;
      return prototype ? (Object.create(prototype) as object) : {};
    case 'array':
      return emptyArray(data, head.props.length);
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
      return parts.read(listOf(data));
    case 'url':
      return new URL(String(data));
    case 'search-params':
      return new URLSearchParams(String(data));
    case 'public':
      return publics.make(data);
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

export function fillObject(
  shell: object,
  head: ObjectHead,
  next: (place?: Place) => unknown,
  more: () => boolean,
  resolver: Resolver,
  part?: ReadPart,
): void {
  if (head.prototype === 'child') {
    const read = (): object => prototypeOf(shell, next('role'), resolver);
    const prototype = part ? part(shell, ' → class', read) : read();
    if (prototype !== LEFT_OUT && Object.getPrototypeOf(shell) !== prototype)
      Object.setPrototypeOf(shell, prototype);
  } else if (head.prototype === 'null' && head.base !== 'object') Object.setPrototypeOf(shell, null);
  defineProperties(shell, head.props, next, resolver, part);
  if (head.base === 'map') while (more()) addEntry(shell, next, part);
  else if (head.base === 'set') while (more()) addItem(shell, next, part);
}

function prototypeOf(shell: object, value: unknown, resolver: Resolver): object {
  if (!isObject(value)) throw malformed('a prototype');
  if (Object.getPrototypeOf(shell) !== value) resolver.checkPrototype?.(value);
  return value;
}

export function addEntry(map: object, next: () => unknown, part: ReadPart | undefined): void {
  const key = part ? part(map, '.keys()', next) : next();
  const value = part ? part(map, mapLabel(key), next) : next();
  if (key !== LEFT_OUT && value !== LEFT_OUT) Map.prototype.set.call(map, key, value);
}

export function addItem(set: object, next: () => unknown, part: ReadPart | undefined): void {
  const item = part ? part(set, '.values()', next) : next();
  if (item !== LEFT_OUT) Set.prototype.add.call(set, item);
}

/** What a function has beside its code and its variables. */
export function fillFunction(fn: { prototype: object }, head: FunctionHead, next: () => unknown): void {
  // A class that comes again, and was closed before.
  if (!Object.isExtensible(fn)) return;
  if (head.parent) Object.setPrototypeOf(fn, next() as object);
  if (head.prototype === 'child') Object.setPrototypeOf(fn.prototype, next() as object);
  else if (head.prototype === 'null') Object.setPrototypeOf(fn.prototype, null);
  defineProperties(fn, head.props, next);
  const { prototype } = fn;
  if (Object.isExtensible(prototype)) {
    if (head.isDisplaced) Reflect.deleteProperty(prototype, 'constructor');
    defineProperties(prototype, head.prototypeProps, next);
    applyIntegrity(prototype, head.prototypeIntegrity);
  }
  applyIntegrity(fn, head.integrity);
}

const MAX_LENGTH = 2 ** 32 - 1;
/** Engines allocate for a length up to some millions at once, unless the array is known to have next to no items. */
const FEW_HOLES = 64;

/**
 * An array of holes that costs no more memory than its items will: its length comes from another process, and one that is
 * only claimed must cost nothing.
 *
 * @param items How many items are there for it.
 * @throws SerializationError if `length` is none.
 */
export function emptyArray(length: unknown, items: number): unknown[] {
  if (!(Number.isInteger(length) && (length as number) >= 0 && (length as number) <= MAX_LENGTH))
    throw malformed('a length');
  const array: unknown[] = [];
  if ((length as number) > 4 * items + FEW_HOLES) array.length = MAX_LENGTH;
  array.length = length as number;
  return array;
}
