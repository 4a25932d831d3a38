/**
 * One walk over a value that is more than plain data: does structured clone give exactly this value back? It stops at
 * the first thing that would be lost or refused. Knows nothing of how values are written.
 */
import { types } from 'node:util';
import { MOST_HOLES } from './clone-check.ts';
import { Visited } from './containers.ts';
import { hasOnlyItems, hasSlots, isFixed, isMostlyHoles, LONG_ARRAY } from './extras.ts';
import { isArrayPrototype, isBuiltinPrototype, isObjectPrototype } from './realm.ts';
import { exactBinaryKind } from './views.ts';

/** Structured clone gives exactly this value back. */
export const CLONE_SAFE = 1;
/** It does not: the value needs the graph encoding, or cannot be sent. */
export const RICH = 2;

type Tier = typeof CLONE_SAFE | typeof RICH;

const { getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor, isExtensible } =
  Object;
const keysOf = Object.keys;
const { ownKeys } = Reflect;

/** @param visited Its `add` is false for what need not be looked into. */
export function tierOf(value: unknown, visited: Visited = new Visited()): Tier {
  return isCarried(value, visited, 0) ? CLONE_SAFE : RICH;
}

function isCarried(value: unknown, visited: Visited, depth: number): boolean {
  switch (typeof value) {
    case 'function':
    case 'symbol':
      return false;
    case 'object':
      return value === null || isObjectCarried(value, visited, depth);
    default:
      return true;
  }
}

function isObjectCarried(value: object, visited: Visited, depth: number): boolean {
  if (!visited.add(value, depth)) return true;
  // Whatever else is asked of a Proxy runs code of the user's.
  if (types.isProxy(value) || !isExtensible(value)) return false;
  const prototype = getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) return isArrayPrototype(prototype) && isArrayCarried(value, visited, depth);
  return prototype === Object.prototype || isObjectPrototype(prototype)
    ? isPlainCarried(value, visited, depth)
    : isOtherCarried(value, prototype, visited, depth);
}

function isArrayCarried(array: readonly unknown[], visited: Visited, depth: number): boolean {
  const { length } = array;
  if (isFixed(array) || isMostlyHoles(array)) return false; // the graph names the items that are there
  if (!hasOnlyItems(array) && (length >= LONG_ARRAY || !hasHolesOnly(array))) return false;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (item === undefined && !Object.hasOwn(array, i) && ++visited.holes > MOST_HOLES) return false;
    if (!isCarried(item, visited, depth + 1)) return false;
  }
  return true;
}

/** No properties but items and `length`; there may be fewer items than that. */
function hasHolesOnly(array: readonly unknown[]): boolean {
  const keys = ownKeys(array);
  return keys.at(-1) === 'length';
}

function isPlainCarried(value: object, visited: Visited, depth: number): boolean {
  const keys = keysOf(value);
  if (getOwnPropertyNames(value).length !== keys.length || getOwnPropertySymbols(value).length !== 0)
    return false;
  if (keys.length === 0 && hasSlots(value)) return false;
  for (let i = 0; i < keys.length; i++) {
    const property = getOwnPropertyDescriptor(value, keys[i] as string) as PropertyDescriptor;
    // Accessors are not writable, either.
    if (property.writable !== true || property.configurable !== true) return false;
    if (!isCarried(property.value, visited, depth + 1)) return false;
  }
  return true;
}

/** Structured clone forgets the position that a RegExp remembers. */
function isAtStart(value: RegExp): boolean {
  const position = getOwnPropertyDescriptor(value, 'lastIndex');
  return Object.is(position?.value, 0) && position?.writable === true;
}

const isBare = (value: object): boolean => ownKeys(value).length === 0;

function isOtherCarried(value: object, prototype: object | null, visited: Visited, depth: number): boolean {
  if (types.isMap(value)) {
    if (!isBuiltinPrototype(prototype, 'Map') || !isBare(value)) return false;
    for (const [key, item] of Map.prototype.entries.call(value))
      if (!isCarried(key, visited, depth + 1) || !isCarried(item, visited, depth + 1)) return false;
    return true;
  }
  if (types.isSet(value)) {
    if (!isBuiltinPrototype(prototype, 'Set') || !isBare(value)) return false;
    for (const item of Set.prototype.values.call(value))
      if (!isCarried(item, visited, depth + 1)) return false;
    return true;
  }
  if (types.isDate(value)) return isBuiltinPrototype(prototype, 'Date') && isBare(value);
  if (types.isRegExp(value))
    return isBuiltinPrototype(prototype, 'RegExp') && isAtStart(value) && ownKeys(value).length === 1;
  return exactBinaryKind(value) !== -1;
}
