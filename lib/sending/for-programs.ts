/** What programs call by themselves: to see what a submit would send, and to have something sent by value. */
import { boolean, checkOptions } from '../system/check.ts';
import { wrap } from './common/wrap.ts';
import type { Explanation } from './host/explain.ts';
import { graphs } from './host/rich.ts';

/**
 * Lists what `submit(fn, ...args)` would send: each function and whether it goes by value or by reference, each
 * captured variable, each argument, and how large they are. Sends nothing.
 *
 * @throws SerializationError with the path of what cannot be sent.
 */
export function explain(fn: (...args: never[]) => unknown, ...args: readonly unknown[]): Explanation {
  return graphs().explain(fn, args);
}

export interface WrapOptions {
  /** Whether the worker gets the wrapper too, or just what it wraps. Default true. */
  readonly keepWrapper?: boolean;
}

/**
 * Wraps a function, class or object that cannot go by reference to a worker (its file is not there, or differs): it
 * goes by value, with the variables that it captures. The wrapper behaves like what it wraps: it can be called,
 * instantiated and read.
 *
 * @throws TypeError if `value` is a primitive, which needs no wrapping, or for an unknown option.
 */
export function wrapNonSerializable<T>(value: T, options: WrapOptions = {}): T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    throw new TypeError(`wrapNonSerializable expects a function, class or object, but got ${String(value)}`);
  }
  const { keepWrapper = true } = checkOptions(options, { keepWrapper: boolean }, 'wrapNonSerializable');
  return wrap(value, keepWrapper);
}
