/**
 * `wrapNonSerializable`: makes a function, class or object travel by value where it would go by reference. Knows
 * only the marks; the encoder asks for them.
 */

import { boolean, checkOptions } from '../options/check.ts';

/** What a wrapper stands for, and whether it arrives as a wrapper. */
export interface Wrapped {
  readonly value: unknown;
  readonly keepWrapper: boolean;
}

const wrappers = new WeakMap<object, Wrapped>();

/** What `value` wraps, if it is a wrapper. */
export const wrappedBy = (value: object): Wrapped | undefined => wrappers.get(value);

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
  if (wrappers.has(value)) return value;
  const wrapper = new Proxy(value, {});
  wrappers.set(wrapper, { value, keepWrapper });
  return wrapper;
}
