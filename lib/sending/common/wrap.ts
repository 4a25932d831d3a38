/** Wrappers: what is wrapped travels by value where it would go by reference. Knows only the marks; the encoder asks for them. */

/** What a wrapper stands for, and whether it arrives as a wrapper. */
interface Wrapped {
  readonly value: unknown;
  readonly keepWrapper: boolean;
}

const wrappers = new WeakMap<object, Wrapped>();

/** What `value` wraps, if it is a wrapper. */
export const wrappedBy = (value: object): Wrapped | undefined => wrappers.get(value);

export function wrap<T extends object>(value: T, keepWrapper: boolean): T {
  if (wrappers.has(value)) return value;
  const wrapper = new Proxy(value, {});
  wrappers.set(wrapper, { value, keepWrapper });
  return wrapper;
}
