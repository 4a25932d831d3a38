/** What objects own, without what they inherit: also without what was added to `Object.prototype`. */

/** A copy that inherits nothing: to be read with defaults, or to be gone through with `for … in`, as Node does with `env`. */
export function withoutPrototype<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object);
}

/** What a property holds, without running anything; undefined for an accessor. */
export const dataOf = (owner: object, key: PropertyKey): unknown =>
  Object.getOwnPropertyDescriptor(owner, key)?.value;

/** Whether that has properties and an identity. */
export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** The same function, which finds its answer once for each object. */
export function oncePerObject<K extends object, T>(find: (key: K) => T): (key: K) => T {
  const answers = new WeakMap<K, { readonly answer: T }>();
  return (key) => {
    let known = answers.get(key);
    if (!known) {
      known = { answer: find(key) };
      answers.set(key, known);
    }
    return known.answer;
  };
}
