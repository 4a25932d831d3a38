/**
 * Errors as plain values and back: class, message, stack, cause, parts and own properties. A class that the other side
 * does not have arrives as an `Error` of its name. No code travels.
 */
import * as lokyErrors from '../errors.ts';
import * as ownErrors from './errors.ts';

/** What travels of an error. */
export interface PlainError {
  readonly class: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** `errors` is an AggregateError's. Neither is enumerable, as one expects of them. */
const HIDDEN = new Set(['cause', 'errors']);
const MANY_PROPERTIES = 100;

type ErrorClass = { readonly prototype: Error };

const standard = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
];
const known = new Map<string, ErrorClass>(
  [...standard, ...Object.values(lokyErrors), ...Object.values(ownErrors)].map((each) => [each.name, each]),
);

export function isError(value: unknown): value is Error {
  return (
    value instanceof Error ||
    (typeof value === 'object' &&
      value !== null &&
      Object.prototype.toString.call(value) === '[object Error]')
  );
}

/** @param keeps Whether a property can be sent; what cannot is left out. */
export function toPlainError(error: Error, keeps: (value: unknown) => boolean): PlainError {
  const properties: Record<string, unknown> = {};
  for (const key of Object.getOwnPropertyNames(error).slice(0, MANY_PROPERTIES)) {
    if (key === 'message' || key === 'stack') continue;
    const value = read(error, key);
    if (typeof value !== 'function' && keeps(value)) properties[key] = value;
  }
  return {
    class: textOf(read(read(error, 'constructor'), 'name'), 'Error'),
    message: textOf(read(error, 'message'), ''),
    stack: typeof read(error, 'stack') === 'string' ? (read(error, 'stack') as string) : undefined,
    properties,
  };
}

/** A getter of the user's may throw. */
function read(owner: unknown, key: string): unknown {
  try {
    return (owner as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** It need not be a string, and may have no text. */
function textOf(value: unknown, otherwise: string): string {
  try {
    return String(value ?? otherwise);
  } catch {
    return otherwise;
  }
}

export function fromPlainError(plain: PlainError): Error {
  const error = new Error(plain.message);
  const errorClass = known.get(plain.class);
  if (errorClass !== undefined && errorClass !== Error) Object.setPrototypeOf(error, errorClass.prototype);
  define(error, 'stack', plain.stack ?? `${plain.class}: ${plain.message}`);
  if (errorClass === undefined) define(error, 'name', plain.class);
  for (const [key, value] of Object.entries(plain.properties))
    define(error, key, value, !HIDDEN.has(key) && key !== 'name');
  return error;
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
