/**
 * Anything thrown to a payload. Never throws, whatever was thrown: what cannot be sent of an error is left out, and
 * the nearest class that the host has stands for one that it does not have. Runs no cls.
 */
import { types } from 'node:util';
import { ERROR_GRAPH, ERROR_LOST, valueHeader } from '../format.ts';
import { isDOMException } from '../graph/objects.ts';
import { bareError } from '../graph/shells.ts';
import type { Payload } from '../payload.ts';
import { writeOne } from '../values/encode.ts';
import { withSourcePlaces } from '../worker/source-maps.ts';
import { withoutProgramFrames } from './stack-frames.ts';

type Encode = (value: unknown, header: Buffer) => Payload;

const DEPTH = 16;
const MANY_ERRORS = 100;
const KEYS = ['message', 'stack', 'name'] as const;

export function encodeThrown(
  thrown: unknown,
  encode: Encode,
  encodeValue: (value: unknown) => Payload,
): Payload {
  const encodeGraph = (value: unknown): Payload => encode(value, valueHeader(ERROR_GRAPH));
  try {
    if (!isError(thrown)) return encodeOther(thrown, encodeValue);
    cleanStacks(thrown, new Set());
    const whole = attempt(() => encodeGraph(thrown));
    if (whole) return whole;
    const sends = (value: unknown): boolean => attempt(() => encodeGraph(value)) !== undefined;
    const cleaned = attempt(() => encodeGraph(clean(thrown, sends, new Map(), 0)));
    return cleaned ?? encodeGraph(minimal(thrown));
  } catch (failure) {
    return writeOne(ERROR_LOST, `a task failed with an error that cannot be sent (${describe(failure)})`);
  }
}

function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return types.isNativeError(value) || isDOMException(value) || inherits(value, Error.prototype);
}

/** The worker's own file. Read at boot: a task may change the list. */
const [, program] = process.argv;

/** Takes the worker's own frames out of the stacks of an error, its causes and its parts. */
function cleanStacks(error: unknown, done: Set<unknown>): void {
  if (!isError(error) || done.has(error) || done.size > MANY_ERRORS) return;
  done.add(error);
  attempt(() => {
    const stack: unknown = Object.hasOwn(error, 'stack') ? error.stack : undefined;
    if (typeof stack !== 'string') return;
    const value = withSourcePlaces(withoutProgramFrames(stack, program));
    if (value !== stack) define(error, 'stack', value, {});
  });
  attempt(() => cleanStacks(error.cause, done));
  attempt(() => {
    const { errors } = error as { errors?: unknown };
    if (Array.isArray(errors)) for (const part of errors) cleanStacks(part, done);
  });
}

function inherits(value: object, prototype: object): boolean {
  for (
    let p = Object.getPrototypeOf(value) as object | null;
    p;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    if (types.isProxy(p)) return false;
    if (p === prototype) return true;
  }
  return false;
}

function encodeOther(thrown: unknown, encodeValue: (value: unknown) => Payload): Payload {
  try {
    return encodeValue(thrown);
  } catch (failure) {
    const error = new Error(`the task threw a value that cannot be sent: ${describe(failure)}`);
    return encodeValue(plainError(error.message, error.stack, 'Error'));
  }
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

const describe = (failure: unknown): string =>
  attempt(() => (failure instanceof Error ? failure.message : String(failure))) ?? 'unknown';

/** An error with what can be sent of another one. */
function clean(
  error: Error,
  sends: (value: unknown) => boolean,
  done: Map<Error, Error>,
  depth: number,
): Error {
  const known = done.get(error);
  if (known) return known;
  const copy = bareError();
  done.set(error, copy);
  Object.setPrototypeOf(copy, sendablePrototype(error, sends));
  for (const key of Reflect.ownKeys(error)) {
    const descriptor = attempt(() => Object.getOwnPropertyDescriptor(error, key));
    if (!descriptor) continue;
    const value = attempt(() => (error as unknown as Record<string | symbol, unknown>)[key]);
    const kept = keep(value, sends, done, depth);
    if (kept !== LEFT_OUT && !(typeof key === 'symbol' && !descriptor.enumerable))
      define(copy, key, kept, descriptor);
  }
  const className = classNameOf(error);
  if (className !== undefined && copy.name !== className && !Object.hasOwn(copy, 'name')) {
    define(copy, 'name', attempt(() => String(error.name)) ?? className, { enumerable: false });
  }
  return copy;
}

const LEFT_OUT = Symbol('left out');

function keep(
  value: unknown,
  sends: (value: unknown) => boolean,
  done: Map<Error, Error>,
  depth: number,
): unknown {
  if (depth < DEPTH && isError(value)) return sends(value) ? value : clean(value, sends, done, depth + 1);
  if (Array.isArray(value) && depth < DEPTH && value.some(isError)) {
    return value.map((item) => keep(item, sends, done, depth + 1)).filter((item) => item !== LEFT_OUT);
  }
  return sends(value) ? value : LEFT_OUT;
}

function define(
  owner: object,
  key: string | symbol,
  value: unknown,
  { enumerable = false }: PropertyDescriptor,
): void {
  Object.defineProperty(owner, key, { value, enumerable, writable: true, configurable: true });
}

/** The nearest prototype whose class the host has. */
function sendablePrototype(error: Error, sends: (value: unknown) => boolean): object {
  for (
    let p = Object.getPrototypeOf(error) as object | null;
    p;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    if (types.isProxy(p)) break;
    const cls = Object.getOwnPropertyDescriptor(p, 'constructor')?.value as unknown;
    if (typeof cls === 'function' && cls.prototype === p && sends(cls)) return p;
  }
  return Error.prototype;
}

function classNameOf(error: Error): string | undefined {
  return attempt(() => {
    const name: unknown = error.constructor.name;
    return typeof name === 'string' && name ? name : undefined;
  });
}

function minimal(error: Error): Error {
  const [message, stack, name] = KEYS.map((key) => attempt(() => String(error[key])));
  return plainError(
    message ?? 'an error without a readable message',
    stack,
    name ?? classNameOf(error) ?? 'Error',
  );
}

function plainError(message: string, stack: string | undefined, name: string): Error {
  const error = bareError();
  define(error, 'message', message, {});
  define(error, 'stack', stack ?? `${name}: ${message}`, {});
  if (name !== 'Error') define(error, 'name', name, {});
  return error;
}
