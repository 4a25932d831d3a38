/**
 * Functions whose text says everything: no name from outside, nothing that depends on where it stands. All functions
 * with that text do the same, so that a task function that is written anew for each submit is known by its text.
 */

import { BoundedMap } from '../../system/bounded-map.ts';
import type { AnyFunction, Plan } from './plans.ts';
import { graphs } from './rich.ts';

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const { ownKeys } = Reflect;
const textOf = Function.prototype.toString;

/** What is kept under the texts of functions. Bounded: the text that was not used for longest is forgotten. */
export class ClosedTexts<T> {
  private readonly known: BoundedMap<string, { readonly parent: unknown; readonly value: T }>;
  private isEmpty = true;

  constructor(limit: number) {
    this.known = new BoundedMap(limit);
  }

  get(fn: AnyFunction): T | undefined {
    if (this.isEmpty) return undefined;
    const key = keyOfBare(fn);
    if (key === undefined) return undefined;
    const found = this.known.get(key);
    // Functions of another realm, and those whose prototype was replaced, have another parent.
    return found !== undefined && found.parent === getPrototypeOf(fn) ? found.value : undefined;
  }

  set(fn: AnyFunction, value: T): void {
    this.isEmpty = false;
    this.known.set(keyOfBare(fn) as string, { parent: getPrototypeOf(fn), value });
  }
}

/** What tells a function that has no properties but those of every arrow from others. */
function keyOfBare(fn: AnyFunction): string | undefined {
  if (ownKeys(fn).length !== 2) return undefined;
  const length = getOwnPropertyDescriptor(fn, 'length');
  const name = getOwnPropertyDescriptor(fn, 'name');
  if (!isAsMade(length, 'number') || !isAsMade(name, 'string')) return undefined;
  return `${name?.value} ${length?.value}\0${textOf.call(fn)}`;
}

const isAsMade = (property: PropertyDescriptor | undefined, type: string): boolean =>
  typeof property?.value === type &&
  !property?.writable &&
  !property?.enumerable &&
  property?.configurable === true;

/** Whether `fn` does what every arrow with this text does. `plan` is that of `fn`. */
export function isClosedText(fn: AnyFunction, plan: Plan): boolean {
  return (
    plan.type === 'value' &&
    plan.code !== undefined &&
    plan.text.isClosed &&
    keyOfBare(fn) !== undefined &&
    graphs().isBuiltinParent(getPrototypeOf(fn) as object | null)
  );
}
