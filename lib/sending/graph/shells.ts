/** Objects of a graph message: first an empty one of the right built-in kind, later its prototype and contents. */

import { emptyArray } from '../values/arrays.ts';
import { malformed } from '../values/bytes.ts';
import type { BinaryParts } from './binary-parts.ts';
import { applyIntegrity, defineProperties } from './properties.ts';
import type { Place, Resolver } from './resolver.ts';
import { decodePrimitive, type FunctionHead, type ObjectHead } from './row.ts';

export function shellOf(head: ObjectHead, parts: BinaryParts, prototype: object | undefined): object {
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
): void {
  if (head.prototype === 'child') {
    const prototype = next('role');
    const isOne = (typeof prototype === 'object' && prototype !== null) || typeof prototype === 'function';
    if (!isOne) throw malformed('a prototype');
    if (Object.getPrototypeOf(shell) !== prototype) {
      resolver.checkPrototype?.(prototype);
      Object.setPrototypeOf(shell, prototype);
    }
  } else if (head.prototype === 'null' && head.base !== 'object') Object.setPrototypeOf(shell, null);
  defineProperties(shell, head.props, next, resolver);
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
