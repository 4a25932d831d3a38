/**
 * Distinguishes plain prototypes from others, also for objects of another realm: under jest, and in `node:vm` contexts,
 * every context has an `Object.prototype` and an `Array.prototype` of its own.
 */
const { getPrototypeOf, hasOwn } = Object;

/** An object of any kind, or a function. */
export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

export function isObjectPrototype(prototype: object | null): boolean {
  return (
    prototype === Object.prototype ||
    (prototype !== null &&
      getPrototypeOf(prototype) === null &&
      hasOwn(prototype, 'isPrototypeOf') &&
      hasOwn(prototype, 'propertyIsEnumerable'))
  );
}

export function isArrayPrototype(prototype: object | null): boolean {
  return (
    prototype === Array.prototype ||
    (Array.isArray(prototype) &&
      isObjectPrototype(getPrototypeOf(prototype)) &&
      hasOwn(prototype, 'copyWithin'))
  );
}

/**
 * Whether `prototype` is the built-in `prototype` of the class called `name`, of this realm or another one. `here`: that of
 * this realm.
 */
export function isBuiltinPrototype(
  prototype: object | null,
  name: string,
  here: unknown = (globalThis as Record<string, unknown>)[name],
): boolean {
  if (prototype === null) return false;
  if (typeof here === 'function' && prototype === here.prototype) return true;
  const owner = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof owner === 'function' &&
    owner.name === name &&
    owner.prototype === prototype &&
    isNativeText(Function.prototype.toString.call(owner))
  );
}

/** Whether a function's text is what engines print for code that is not JavaScript. */
export const isNativeText = (text: string): boolean => /\{\s*\[native code\]\s*\}$/.test(text);
