/**
 * Functions that are the same at every submit: by reference, or by value with nothing captured that could change.
 * They are defined once per worker and then named by a number: the fast path of calls.
 */
import { dataOf, isObject } from '../../system/own.ts';
import { DEFINE_FUNCTION, valueHeader } from '../common/format.ts';
import type { Definition, Payload } from '../common/payload.ts';
import { wrappedBy } from '../common/wrap.ts';
import type { Member } from '../functions/added.ts';
import { ownRow } from '../graph/own.ts';
import { Refusal } from '../graph/refusal.ts';
import { isPrimitive } from '../values/primitives.ts';
import { goesByValue } from './by-value.ts';
import { ClosedTexts, isClosedText } from './closed-texts.ts';
import { newId, retireWhenUnused } from './definitions.ts';
import {
  type AnyFunction,
  newReading,
  type Plan,
  planOf,
  planWithoutInspector,
  type Reading,
} from './plans.ts';
import { oneRow } from './ready-messages.ts';
import { graphs } from './rich.ts';

export interface CachedFunction {
  readonly id: number;
  readonly name: string;
  readonly definitions: readonly Definition[];
  /** Functions by value, and what each was: what is new must be sent. */
  readonly guards: readonly Guard[];
  /** The module it comes from, if it goes by reference. */
  readonly module: string | undefined;
  /** What it reads from globals, if it goes by value: of the arguments of each call that may know something. */
  readonly reads: readonly Member[];
}

interface Guard {
  readonly fn: object;
  readonly prototype: unknown;
  /** It and its prototype object, as far as they could get more properties. */
  readonly open: readonly object[];
  readonly properties: number;
  readonly own: readonly (readonly [owner: object, key: string, property: PropertyDescriptor | undefined])[];
}

const { getOwnPropertyDescriptor, isExtensible, isFrozen } = Object;

const DEPTH = 8;
const TEXT_LIMIT = 1000;

export class FunctionCache {
  private readonly mainByReference: boolean;
  private readonly made = new WeakMap<object, CachedFunction>();
  private readonly byText = new ClosedTexts<CachedFunction>(TEXT_LIMIT);
  private readonly seenOnce = new WeakSet<object>();

  constructor(mainByReference: boolean) {
    this.mainByReference = mainByReference;
  }

  /** The constant of a function that has one already, and is what it was. */
  known(fn: AnyFunction): CachedFunction | undefined {
    try {
      const constant = this.made.get(fn);
      return constant && isUnchanged(constant) ? constant : undefined;
    } catch {
      return undefined; // a proxy that cannot be asked: the error comes when it is read again
    }
  }

  /** Undefined if the function must be sent with each call. Throws a `Refusal` if it cannot be sent at all. */
  of(fn: AnyFunction, reading: Reading): CachedFunction | undefined {
    return this.known(fn) ?? this.byText.get(fn) ?? this.make(fn, reading);
  }

  private make(fn: AnyFunction, reading: Reading): CachedFunction | undefined {
    const guards = new Map<object, Guard>();
    let module: string | undefined;
    let isClosed = false;
    if (wrappedBy(fn)) return undefined;
    const plan = this.planUnlessCommon(fn, reading);
    if (plan) {
      if (plan.type === 'reference')
        module = plan.row.head[0] === 'import' ? plan.row.head[1].specifier : undefined;
      else if (isClosedText(fn, plan)) isClosed = true;
      else if (!this.seenBefore(fn) || !this.isClosed(fn, plan, guards, 0)) return undefined;
    }
    const written = this.write(fn, plan);
    const id = newId();
    const name = dataOf(fn, 'name');
    const definition = { id, payload: written.payload };
    const constant: CachedFunction = {
      id,
      name: typeof name === 'string' ? name : '',
      definitions: [...written.needs, definition],
      guards: [...guards.values()],
      module,
      reads: written.reads,
    };
    if (isClosed) this.byText.set(fn, constant);
    // What is kept under a text must not hold the function that came first.
    this.made.set(fn, isClosed ? { ...constant, guards: [guardOf(fn)] } : constant);
    retireWhenUnused(definition);
    return constant;
  }

  private write(
    fn: AnyFunction,
    plan: Plan | undefined,
  ): { payload: Payload; needs: Iterable<Definition>; reads: readonly Member[] } {
    const header = valueHeader(DEFINE_FUNCTION);
    if (plan?.type === 'reference') return { payload: oneRow(plan.row.head, header), needs: [], reads: [] };
    const { GraphWriter, HostPolicy } = graphs();
    const policy = new HostPolicy([], this.mainByReference);
    const payload = new GraphWriter(policy).write(fn, header);
    return { payload, needs: policy.definitions, reads: policy.reads() };
  }

  /**
   * Undefined for what every process has. That takes an index of all globals and built-in modules to tell, so it is
   * asked last: what a module of the program exports is there by its name without it.
   */
  private planUnlessCommon(fn: AnyFunction, reading: Reading): Plan | undefined {
    if (ownRow(fn)) return undefined;
    const known = planWithoutInspector(fn, this.mainByReference);
    if (known !== undefined) return known;
    try {
      const plan = planOf(fn, { mainByReference: this.mainByReference, forceValue: false, reading });
      return plan.type !== 'reference' && graphs().commonRow(fn) ? undefined : plan;
    } catch (error) {
      if (error instanceof Refusal && graphs().commonRow(fn)) return undefined;
      throw error;
    }
  }

  /** A closure that is made for one submit must leave nothing in the workers. */
  private seenBefore(fn: object): boolean {
    if (this.seenOnce.has(fn)) return true;
    this.seenOnce.add(fn);
    return false;
  }

  /** Undefined for what has no plan of its own, such as the `require` of a file. */
  private innerPlan(fn: AnyFunction): Plan | undefined {
    try {
      return planOf(fn, {
        mainByReference: this.mainByReference,
        forceValue: false,
        reading: newReading(),
      });
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  private isClosed(fn: object, plan: Plan, guards: Map<object, Guard>, depth: number): boolean {
    if (guards.has(fn)) return true;
    if (plan.type !== 'value' || !plan.stable || plan.text.kind === 'class' || depth > DEPTH) return false;
    const prototype = dataOf(fn, 'prototype');
    if (plan.text.lexicalThis === 'owner' || countProperties(fn, prototype) !== expectedProperties(fn))
      return false;
    if (!hasOwnAncestry(fn, prototype) || !isSettled(fn) || !isSettled(prototype)) return false;
    if (!isSimple(fn, 'name') || !isSimple(fn, 'length')) return false;
    guards.set(fn, guardOf(fn));
    return plan.text.slots.every((slot, index) => {
      if (slot.kind !== 'variable') return slot.kind !== 'global' && slot.kind !== 'superclass';
      const value = plan.stable?.[index];
      if (slot.free.written) return false;
      if (isPrimitive(value)) return true;
      if (typeof value !== 'function' || wrappedBy(value)) return false;
      if (graphs().commonRow(value)) return true;
      const inner = this.innerPlan(value as AnyFunction);
      if (!inner) return false;
      return inner.type === 'reference' || this.isClosed(value, inner, guards, depth + 1);
    });
  }
}

function guardOf(fn: object): Guard {
  const prototype = dataOf(fn, 'prototype');
  // What it has not got would show in the number of its properties.
  const keys: [object, string][] = ['name', 'length', 'prototype']
    .filter((key) => Object.hasOwn(fn, key))
    .map((key) => [fn, key]);
  if (isObject(prototype)) keys.push([prototype, 'constructor']);
  return {
    fn,
    prototype,
    open: [fn, prototype].filter(isObject).filter(isExtensible),
    properties: countProperties(fn, prototype),
    own: keys.map(([owner, key]) => [owner, key, getOwnPropertyDescriptor(owner, key)]),
  };
}

/** Whether a function that is by value, and its prototype object, are what they were, apart from what it captures. */
function isAsBefore({ fn, prototype, open, properties, own }: Guard): boolean {
  for (const [owner, key, was] of own) {
    const now = getOwnPropertyDescriptor(owner, key);
    if (!Object.is(now?.value, was?.value)) return false;
    if (now?.writable !== was?.writable || now?.enumerable !== was?.enumerable) return false;
  }
  for (const owner of open) if (!isExtensible(owner)) return false;
  return countProperties(fn, prototype) === properties && hasOwnAncestry(fn, prototype);
}

/** Whether all changes of this property would show: it is no accessor, and holds no object. */
function isSimple(fn: object, key: 'name' | 'length'): boolean {
  const property = getOwnPropertyDescriptor(fn, key);
  return property === undefined || ('value' in property && !isObject(property.value));
}

/** Whether its freezing would show: what is closed to more may be frozen later without another sign of it. */
const isSettled = (owner: unknown): boolean => isExtensible(owner) || isFrozen(owner);

/** Whether neither the function nor its prototype object was given another prototype, which may change by itself. */
function hasOwnAncestry(fn: object, prototype: unknown): boolean {
  const parent = Object.getPrototypeOf(fn) as object | null;
  if (parent !== Function.prototype && !graphs().isBuiltinParent(parent)) return false;
  if (typeof prototype !== 'object' || prototype === null) return true;
  const grand = Object.getPrototypeOf(prototype) as object | null;
  return grand === Object.prototype || graphs().isBuiltinParent(grand);
}

/** Its own properties, and those of its prototype object. */
function countProperties(fn: object, prototype: unknown): number {
  const inner = typeof prototype === 'object' && prototype !== null ? Reflect.ownKeys(prototype).length : 0;
  return Reflect.ownKeys(fn).length + inner;
}

const STANDARD = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

function expectedProperties(fn: object): number {
  const prototype = dataOf(fn, 'prototype') as object | undefined;
  const cls = prototype && Object.hasOwn(prototype, 'constructor') ? 1 : 0;
  return Reflect.ownKeys(fn).filter((key) => STANDARD.has(key)).length + cls;
}

function isUnchanged({ guards, module }: CachedFunction): boolean {
  if (module !== undefined) return !goesByValue(module, true);
  return guards.every(isAsBefore);
}
