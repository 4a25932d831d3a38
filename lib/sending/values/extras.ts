/** Whether an array has anything beside its items, and an object anything beside its properties. Copies nothing. */
import { inspect, types } from 'node:util';

/** From this length on an array's extra properties are looked for without listing its indices. */
export const LONG_ARRAY = 128;

/** Items at all indices, and no other properties. */
export function hasOnlyItems(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length >= LONG_ARRAY) return !hasMoreThanItems(array);
  const keys = Reflect.ownKeys(array);
  // Indices come first: `length` is where it is if and only if none is missing.
  return keys.length === length + 1 && keys[length] === 'length';
}

/** Whether its `length` is read-only. */
export const isFixed = (array: readonly unknown[]): boolean =>
  Object.getOwnPropertyDescriptor(array, 'length')?.writable !== true;

const itemsOnly = /^(?:Array\(\d+\) )?\[\s*\.\.\. \d+ more items?,\s*\[length\]: \d+\s*\]$/;
const OPTIONS = {
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  showHidden: true,
  breakLength: Infinity,
};

/** Properties beside the items: listing a long array's indices costs more than sending it. */
const hasMoreThanItems = (array: readonly unknown[]): boolean => !itemsOnly.test(inspect(array, OPTIONS));

const MANY = 1_000_000;
const SAMPLES = 32;
/** Spreads the samples, and where people put single items (the middle, the end) there is none. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** A long array of next to no items: to go through its indices could take minutes. */
export function isMostlyHoles(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length < MANY) return false;
  let items = 0;
  for (let i = 1; i <= SAMPLES; i++)
    if (Object.hasOwn(array, Math.floor(length * ((i * GOLDEN) % 1)))) items++;
  return items <= 1;
}

/** Objects that look plain by their prototype but are more. */
export const hasSlots = (value: object): boolean =>
  types.isArgumentsObject(value) ||
  types.isDate(value) ||
  types.isRegExp(value) ||
  types.isNativeError(value) ||
  types.isBoxedPrimitive(value) ||
  types.isPromise(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isExternal(value) ||
  types.isGeneratorObject(value) ||
  types.isAnyArrayBuffer(value) ||
  ArrayBuffer.isView(value);
