/**
 * Anything thrown to a payload. Never throws, whatever was thrown: what cannot be sent of it is left out, and the
 * nearest class that the host has stands for one that it does not have. Runs no class.
 */

import { types } from 'node:util';
import { ERROR_LOST } from '../common/format.ts';
import type { Payload } from '../common/payload.ts';
import { isError } from '../graph/errors.ts';
import { Refusal } from '../graph/refusal.ts';
import { bareError } from '../graph/shells.ts';
import { writeOne } from '../values/encode.ts';
import { isPrimitive } from '../values/primitives.ts';
import { hintFor, sourceNames } from './missing-methods.ts';
import { cleanStack, noteCleaned } from './stacks.ts';

type Encode = (value: unknown) => Payload;

const MANY_ERRORS = 100;
/** Of a message and a stack that are too long with all else, in characters. */
const LONGEST_TEXT = 100_000;

/**
 * @param encodeLenient Leaves out what cannot be sent.
 * @param encodeValue Refuses it.
 */
export function encodeThrown(thrown: unknown, encodeLenient: Encode, encodeValue: Encode): Payload {
  try {
    if (!isError(thrown)) return encodeOther(thrown, encodeLenient, encodeValue);
    cleanStacks(thrown, new Set());
    return (
      attempt(() => encodeLenient(thrown)) ??
      attempt(() => encodeLenient(reduced(thrown, encodeLenient))) ??
      encodeLenient(minimal(thrown))
    );
  } catch (failure) {
    return writeOne(ERROR_LOST, `a task failed with an error that cannot be sent (${describe(failure)})`);
  }
}

/** Takes the worker's own frames out of the stacks of an error, its causes and its parts. */
function cleanStacks(error: unknown, done: Set<unknown>): void {
  if (!isError(error) || done.has(error) || done.size > MANY_ERRORS) return;
  done.add(error);
  attempt(() => {
    const stack: unknown = Object.hasOwn(error, 'stack') ? error.stack : undefined;
    if (typeof stack !== 'string') return;
    const value = withOwnNames(error, cleanStack(stack));
    if (value !== stack) define(error, 'stack', value);
    noteCleaned(error);
  });
  attempt(() => cleanStacks(error.cause, done));
  attempt(() => {
    const { errors } = error as { errors?: unknown };
    if (Array.isArray(errors)) for (const part of errors) cleanStacks(part, done);
  });
}

/** What is no error arrives as the same value; if that cannot be, with what can be sent of it. */
function encodeOther(thrown: unknown, encodeLenient: Encode, encodeValue: Encode): Payload {
  const whole = attempt(() => encodeValue(thrown));
  if (whole) return whole;
  try {
    return encodeLenient(thrown);
  } catch (failure) {
    // An error may be wrapped in another object.
    if (typeof attempt(() => (thrown as Error).message) === 'string')
      return encodeLenient(minimal(thrown as Error));
    const message = `the task threw a value that cannot be sent: ${describe(failure)}`;
    return encodeLenient(newError(message, undefined, 'Error'));
  }
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function describe(failure: unknown): string {
  if (failure instanceof Refusal) return `it ${failure.reason}`;
  return attempt(() => (failure instanceof Error ? failure.message : String(failure))) ?? 'unknown';
}

/** For one of which something is nested too deeply, or too large: it has the properties that can be sent one by one. */
function reduced(error: Error, encodeLenient: Encode): Error {
  const copy = minimal(error);
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error) as object);
  for (const key of Reflect.ownKeys(error)) {
    if (Object.hasOwn(copy, key)) continue;
    const value = attempt(() => (error as unknown as Record<string | symbol, unknown>)[key]);
    const sends = isPrimitive(value) || attempt(() => encodeLenient(value)) !== undefined;
    const enumerable = Object.getOwnPropertyDescriptor(error, key)?.enumerable ?? false;
    define(copy, key, sends ? value : new Unsent(), enumerable);
  }
  return copy;
}

/** Stands for what is too much: it cannot be sent either. */
const Unsent = WeakSet;

function minimal(error: Error): Error {
  const [message, stack, name] = (['message', 'stack', 'name'] as const).map((key) =>
    attempt(() => String(error[key]).slice(0, LONGEST_TEXT)),
  );
  const copy = newError(
    message ?? 'an error without a readable message',
    stack,
    name ?? classNameOf(error) ?? 'Error',
  );
  const { code } = attempt(() => ({ code: (error as { code?: unknown }).code })) ?? {};
  if (code !== undefined && isPrimitive(code)) define(copy, 'code', code, true);
  return copy;
}

function newError(message: string, stack: string | undefined, name: string): Error {
  const error = bareError();
  define(error, 'message', message);
  define(error, 'stack', stack ?? `${name}: ${message}`);
  if (name !== 'Error') define(error, 'name', name);
  return error;
}

function classNameOf(error: Error): string | undefined {
  return attempt(() => {
    const name: unknown = error.constructor.name;
    return typeof name === 'string' && name ? name : undefined;
  });
}

/** Says imported names as the program wrote them. Gives the stack. */
function withOwnNames(error: Error, stack: string): string {
  const message: unknown = types.isNativeError(error) ? ownMessage(error) : undefined;
  if (typeof message !== 'string') return stack;
  const named = sourceNames(message);
  if (named !== message) define(error, 'message', named);
  return sourceNames(stack) + hintFor(error, message);
}

const ownMessage = (error: Error): unknown => Object.getOwnPropertyDescriptor(error, 'message')?.value;

function define(owner: object, key: string | symbol, value: unknown, enumerable = false): void {
  Object.defineProperty(owner, key, { value, enumerable, writable: true, configurable: true });
}
