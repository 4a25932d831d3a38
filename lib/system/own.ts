/** Objects with their own properties only, without what was added to `Object.prototype`. */

/** A copy that inherits nothing: to be read with defaults, or to be gone through with `for … in`, as Node does with `env`. */
export function withoutPrototype<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object);
}
