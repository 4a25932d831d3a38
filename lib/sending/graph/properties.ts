/** Own properties as heads and children: plain ones by name alone, others with their attributes. */
import { types } from 'node:util';
import { malformed } from '../values/bytes.ts';
import { keyLabel } from './refusal.ts';
import { LEFT_OUT, type Place, type ReadPart, type Resolver } from './resolver.ts';
import { ACCESSOR, CONFIGURABLE, ENUMERABLE, type Integrity, type PropHead, WRITABLE } from './row.ts';

const PLAIN = ENUMERABLE | CONFIGURABLE | WRITABLE;

const { getOwnPropertyDescriptor, isExtensible, isFrozen, isSealed } = Object;

export function integrityOf(value: object): Integrity | undefined {
  if (isExtensible(value)) return undefined;
  if (!isSealed(value)) return 'closed';
  // Engines say of a sealed function that it is frozen, although it may get another prototype.
  const mayChange =
    typeof value === 'function' && getOwnPropertyDescriptor(value, 'prototype')?.writable === true;
  return isFrozen(value) && !mayChange ? 'frozen' : 'sealed';
}

/** Once the object has all that it is to have. */
export function applyIntegrity(value: object, integrity: Integrity | undefined): void {
  if (integrity === 'frozen') Object.freeze(value);
  else if (integrity === 'sealed') Object.seal(value);
  else if (integrity === 'closed') Object.preventExtensions(value);
}

/**
 * Appends the values of `owner`'s properties to `children` and gives their heads.
 *
 * @param skip Of which properties the reader knows by itself. `flags` says nothing of what freezing or sealing has changed.
 * @param unreadable What is sent in the place of a property that cannot be read. If it is there, accessors are read, and
 *   arrive as what they give.
 * @param stackOf What is sent in the place of the stack of an error.
 */
export function propertiesOf(
  owner: object,
  children: unknown[],
  skip: (key: string | symbol, flags: number, descriptor: PropertyDescriptor) => boolean,
  unreadable?: (reason: unknown) => unknown,
  stackOf: (error: object, stack: unknown) => unknown = asWritten,
): PropHead[] {
  const heads: PropHead[] = [];
  const integrity = integrityOf(owner);
  for (const key of Reflect.ownKeys(owner)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (!descriptor) continue;
    const isStack = key === 'stack' && types.isNativeError(owner);
    const flags = flagsOf(descriptor, isStack || unreadable !== undefined, integrity);
    if (skip(key, flags, descriptor)) continue;
    if (typeof key === 'symbol') children.push(key);
    if (isStack)
      children.push(stackOf(owner, 'value' in descriptor ? descriptor.value : readStack(owner as Error)));
    else if ('value' in descriptor) children.push(descriptor.value);
    else if (unreadable) children.push(readProperty(owner, key, unreadable));
    else children.push(descriptor.get, descriptor.set);
    heads.push(
      typeof key === 'string' && flags === PLAIN ? key : [typeof key === 'string' ? key : null, flags],
    );
  }
  return heads;
}

const asWritten = (_: object, stack: unknown): unknown => stack;

/** What freezing or sealing does to a property it does again to the copy. */
function flagsOf(descriptor: PropertyDescriptor, asData: boolean, integrity: Integrity | undefined): number {
  const enumerable = descriptor.enumerable ? ENUMERABLE : 0;
  const isLocked = integrity === 'frozen' || integrity === 'sealed';
  const configurable = isLocked || descriptor.configurable ? CONFIGURABLE : 0;
  if (!('value' in descriptor) && asData) return enumerable | CONFIGURABLE | WRITABLE;
  if (!('value' in descriptor)) return enumerable | ACCESSOR | configurable;
  return enumerable | configurable | (integrity === 'frozen' || descriptor.writable ? WRITABLE : 0);
}

function readProperty(
  owner: object,
  key: string | symbol,
  unreadable: (reason: unknown) => unknown,
): unknown {
  try {
    return (owner as Record<string | symbol, unknown>)[key];
  } catch (error) {
    return unreadable(error);
  }
}

/** V8 computes stacks when they are read, by code that programs may have replaced. */
function readStack(error: Error): unknown {
  try {
    return error.stack;
  } catch {
    return undefined;
  }
}

/**
 * Defines properties from heads; `next` gives the children in order, `resolver` may refuse a property.
 *
 * @param part If it is there, what cannot be read is left out.
 */
export function defineProperties(
  owner: object,
  heads: readonly PropHead[],
  next: (place?: Place) => unknown,
  resolver?: Resolver,
  part?: ReadPart,
): void {
  for (const head of heads) {
    const plain = typeof head === 'string';
    const flags = plain ? PLAIN : Number(head[1]);
    const key = ((plain ? head : head[0]) ?? next()) as string | symbol;
    if (typeof key !== 'string' && typeof key !== 'symbol') throw malformed('the name of a property');
    if (flags & ACCESSOR) {
      const get = next('member');
      const set = next('member');
      resolver?.checkProperty?.(owner, key, get ?? set, true);
      Object.defineProperty(owner, key, { ...attributesOf(flags), get, set } as PropertyDescriptor);
      continue;
    }
    const read = (): unknown => {
      const given = next('member');
      resolver?.checkProperty?.(owner, key, given, false);
      return given;
    };
    const value = part ? part(owner, keyLabel(key), read) : read();
    if (value === LEFT_OUT) continue;
    if (key === 'length' && Array.isArray(owner) && value !== owner.length) throw malformed('a length');
    if (plain && key !== '__proto__' && !(key in owner)) (owner as Record<string, unknown>)[head] = value;
    else {
      // The `lastIndex` of a RegExp is fixed from the start: freezing it does no more.
      const isFixed = Object.getOwnPropertyDescriptor(owner, key)?.configurable === false;
      const attributes = attributesOf(isFixed ? flags & ~CONFIGURABLE : flags);
      Object.defineProperty(owner, key, { ...attributes, writable: !!(flags & WRITABLE), value });
    }
  }
}

const attributesOf = (flags: number): PropertyDescriptor => ({
  enumerable: !!(flags & ENUMERABLE),
  configurable: !!(flags & CONFIGURABLE),
});
