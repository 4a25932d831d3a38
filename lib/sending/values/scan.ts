/**
 * One cheap walk over a value that finds the cheapest way to send it without loss. It stops at the first thing
 * that structured clone would lose or refuse. Knows nothing of how each way works.
 */
import { inspect, types } from 'node:util';
import { isArrayPrototype, isBuiltinPrototype, isObjectPrototype } from './realm.ts';
import { exactBinaryKind } from './views.ts';

/** JSON gives exactly this value back. */
export const JSON_SAFE = 0;
/** Structured clone gives exactly this value back. */
export const CLONE_SAFE = 1;
/** Neither does: the value needs the graph encoding, or cannot be sent. */
export const RICH = 2;

export type Tier = typeof JSON_SAFE | typeof CLONE_SAFE | typeof RICH;

/** From this length on an array's extra properties are looked for without listing its indices. */
const LONG_ARRAY = 128;
/** So many containers are remembered to find shared ones; values with more go by structured clone, which finds them. */
const SMALL = 256;
/** Deeper than this there may be a cycle: then all containers are remembered. */
const DEEP = 400;
/** More characters than this are copied faster by structured clone. */
const LONG_TEXT = 16 * 1024;

const { getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } = Object;
const keysOf = Object.keys;
const { ownKeys } = Reflect;

/** What is remembered while several values are looked at that may share objects. */
export interface Scan {
  readonly seen: Set<object>;
  /** Containers looked at without being remembered. */
  bulk: number;
  characters: number;
  /** Everything is remembered, however much it is. */
  thorough: boolean;
}

export const newScan = (): Scan => ({ seen: new Set(), bulk: 0, characters: 0, thorough: false });

/** Thrown when a value may be a cycle that was too large to notice. */
const TOO_DEEP = Symbol('too deep');

/** The cheapest tier for `value`. Several values may share one scan: then sharing between them is seen too. */
export function tierOf(value: unknown, scan: Scan): Tier {
  let tier: Tier;
  try {
    tier = visit(value, scan, 0);
  } catch (error) {
    if (error !== TOO_DEEP) throw error;
    scan.thorough = true;
    scan.seen.clear();
    tier = visit(value, scan, 0);
  }
  if (tier !== JSON_SAFE) return tier;
  return scan.characters > LONG_TEXT || jsonIsPatched() ? CLONE_SAFE : JSON_SAFE;
}

/** Some libraries give every object a `toJSON`. */
const jsonIsPatched = (): boolean => 'toJSON' in Object.prototype || 'toJSON' in Array.prototype;

function visit(value: unknown, scan: Scan, depth: number): Tier {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value && value !== 0 ? JSON_SAFE : numberTier(value);
    case 'string':
      scan.characters += value.length;
      return JSON_SAFE;
    case 'boolean':
      return JSON_SAFE;
    case 'undefined':
    case 'bigint':
      return CLONE_SAFE;
    case 'object':
      return value === null ? JSON_SAFE : visitObject(value, scan, depth);
    default:
      return RICH;
  }
}

const numberTier = (value: number): Tier =>
  Number.isFinite(value) && !Object.is(value, -0) ? JSON_SAFE : CLONE_SAFE;

function visitObject(value: object, scan: Scan, depth: number): Tier {
  let least: Tier = JSON_SAFE;
  const { seen } = scan;
  if (seen.size < SMALL || scan.thorough) {
    const before = seen.size;
    seen.add(value);
    if (seen.size === before) return CLONE_SAFE;
  } else {
    // Structured clone keeps what is shared; only a cycle would keep this walk from ending.
    if (depth > DEEP || scan.bulk++ > MANY) throw TOO_DEEP;
    least = CLONE_SAFE;
  }
  // Structured clone refuses a Proxy by itself.
  if (least === JSON_SAFE && types.isProxy(value)) return RICH;
  if (Array.isArray(value)) return visitArray(value, scan, depth, least);
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || isObjectPrototype(prototype))
    return visitPlain(value, scan, depth, least);
  return visitOther(value, prototype, scan, depth);
}

/** Shared objects are looked at again and again: beyond so many containers, all are remembered. */
const MANY = 20_000_000;

function visitArray(array: readonly unknown[], scan: Scan, depth: number, least: Tier): Tier {
  if (!isArrayPrototype(getPrototypeOf(array))) return RICH;
  const { length } = array;
  let tier = least;
  if (least !== JSON_SAFE) {
    // Structured clone keeps what else an array has, but for symbols and what is hidden as in a template's strings.
    if (getOwnPropertySymbols(array).length !== 0) return RICH;
    if (Object.isFrozen(array) && 'raw' in array) return RICH;
  } else if (
    length < LONG_ARRAY ? getOwnPropertyNames(array).length !== length + 1 : hasMoreThanItems(array)
  ) {
    // Holes leave fewer names, extra properties more: let the slow check tell.
    if (!holesOnly(array)) return RICH;
    tier = CLONE_SAFE;
  } else if (length < LONG_ARRAY && getOwnPropertySymbols(array).length !== 0) return RICH;
  // JSON takes longer over long lists.
  if (length >= LONG_ARRAY) tier = CLONE_SAFE;
  return tier === CLONE_SAFE ? visitCloned(array, scan, depth) : visitItems(array, scan, depth);
}

/** Structured clone carries all primitives but symbols: nothing else is asked about them. */
function visitCloned(array: readonly unknown[], scan: Scan, depth: number): Tier {
  const { length } = array;
  for (let i = leadingNumbers(array); i < length; i++) {
    const item = array[i];
    const type = typeof item;
    if (type === 'number' || type === 'string' || type === 'boolean' || item === null) continue;
    if (type === 'undefined' || type === 'bigint') continue;
    if (type !== 'object' || visitObject(item as object, scan, depth + 1) === RICH) return RICH;
  }
  return CLONE_SAFE;
}

/** A loop of its own: without a variable for the item, engines need no object for each fraction. */
function leadingNumbers(array: readonly unknown[]): number {
  const { length } = array;
  let i = 0;
  while (i < length && typeof array[i] === 'number') i++;
  return i;
}

function visitItems(array: readonly unknown[], scan: Scan, depth: number): Tier {
  const { length } = array;
  let tier: Tier = JSON_SAFE;
  for (let i = 0; i < length; i++) {
    const item = array[i];
    if (typeof item === 'string') {
      scan.characters += item.length;
      continue;
    }
    if (typeof item === 'number' && (item | 0) === item && item !== 0) continue;
    const found = visit(item, scan, depth + 1);
    if (found > tier) {
      if (found === RICH) return RICH;
      tier = found;
    }
  }
  return tier;
}

const itemsOnly = /^(?:Array\(\d+\) )?\[\s*\.\.\. \d+ more items?,\s*\[length\]: \d+\s*\]$/;

/** Properties beside the items: listing a long array's indices costs more than sending it. */
function hasMoreThanItems(array: readonly unknown[]): boolean {
  const options = {
    maxArrayLength: 0,
    depth: 0,
    customInspect: false,
    showHidden: true,
    breakLength: Infinity,
  };
  return !itemsOnly.test(inspect(array, options));
}

function holesOnly(array: readonly unknown[]): boolean {
  for (const key of Reflect.ownKeys(array)) {
    if (key === 'length') continue;
    if (typeof key === 'symbol' || !/^(?:0|[1-9]\d*)$/.test(key) || Number(key) >= array.length) return false;
    const descriptor = getOwnPropertyDescriptor(array, key);
    if (!descriptor?.enumerable || !('value' in descriptor)) return false;
  }
  return true;
}

function visitPlain(value: object, scan: Scan, depth: number, least: Tier): Tier {
  const keys = keysOf(value);
  if (ownKeys(value).length !== keys.length) return RICH;
  let tier = least;
  for (let i = 0; i < keys.length; i++) {
    const descriptor = getOwnPropertyDescriptor(value, keys[i] as string) as PropertyDescriptor;
    if (descriptor.get !== undefined || descriptor.set !== undefined) return RICH;
    const item: unknown = descriptor.value;
    if (typeof item === 'string') {
      scan.characters += item.length;
      continue;
    }
    if (typeof item === 'number' && (item | 0) === item && item !== 0) continue;
    const found = visit(item, scan, depth + 1);
    if (found > tier) {
      if (found === RICH) return RICH;
      tier = found;
    }
  }
  return tier;
}

const bare = (value: object): boolean => Reflect.ownKeys(value).length === 0;

function visitOther(value: object, prototype: object | null, scan: Scan, depth: number): Tier {
  if (types.isMap(value)) {
    if (!isBuiltinPrototype(prototype, 'Map') || !bare(value)) return RICH;
    for (const [key, item] of Map.prototype.entries.call(value)) {
      if (visit(key, scan, depth + 1) === RICH || visit(item, scan, depth + 1) === RICH) return RICH;
    }
    return CLONE_SAFE;
  }
  if (types.isSet(value)) {
    if (!isBuiltinPrototype(prototype, 'Set') || !bare(value)) return RICH;
    for (const item of Set.prototype.values.call(value))
      if (visit(item, scan, depth + 1) === RICH) return RICH;
    return CLONE_SAFE;
  }
  if (types.isDate(value)) return isBuiltinPrototype(prototype, 'Date') && bare(value) ? CLONE_SAFE : RICH;
  // A RegExp that remembers a position goes by the graph: structured clone forgets it.
  if (types.isRegExp(value)) {
    const plain = isBuiltinPrototype(prototype, 'RegExp') && value.lastIndex === 0;
    return plain && Reflect.ownKeys(value).length === 1 ? CLONE_SAFE : RICH;
  }
  return exactBinaryKind(value) === -1 ? RICH : CLONE_SAFE;
}
