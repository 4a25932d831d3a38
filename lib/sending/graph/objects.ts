/** Objects as rows: which built-in an object is by its internal slots, its prototype, its properties, its items. */
import { types } from 'node:util';
import { nameOf } from '../../system/function-name.ts';
import { hasSlots, isFixed } from '../values/extras.ts';
import { isPrimitive } from '../values/primitives.ts';
import { isArrayPrototype, isBuiltinPrototype, isObjectPrototype } from '../values/realm.ts';
import {
  binaryKind,
  bytesOf,
  isDetached,
  isOfBuiltin,
  isResizable,
  memoryOf,
  OUT_OF_BAND,
} from '../values/views.ts';
import { isDOMException, isError } from './errors.ts';
import { globalPathOf } from './intrinsics.ts';
import { patternOf } from './patterns.ts';
import { integrityOf, propertiesOf } from './properties.ts';
import { hasOwnPrototype, publicStateOf } from './public-state.ts';
import { type Hint, InstanceRefusal, Refusal } from './refusal.ts';
import {
  type BinaryPlace,
  encodePrimitive,
  type ObjectBase,
  type ObjectHead,
  type Row,
  type Said,
  WRITABLE,
} from './row.ts';
import { isStore, type Store } from './weak-stores.ts';

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;

/** What a row of an object needs of the message that it becomes a part of. */
export interface ObjectWriter {
  /** The object that holds a function as a property, and the instance that holds an object. */
  readonly owners: WeakMap<object, object>;
  /** Keeps the bytes of a binary object. */
  binary(value: object): BinaryPlace;
  /** Throws a `Refusal` if instances of this prototype cannot be carried. */
  checkInstance(value: object, prototype: object): void;
  /** Says that it is a prototype, and no value. */
  notePrototype(prototype: object): void;
  /** Throws a `Refusal` if the reader has no such class. */
  checkClass(cls: object): void;
  /** Whether what cannot be sent of it is left out. */
  isLenient(value: object): boolean;
  makeLenient(values: readonly unknown[]): void;
  /** What is sent in the place of something that cannot be. */
  omitted(reason: unknown): object;
  /** Its number, if entries of WeakMaps and WeakSets can be written. */
  store(value: Store): number | undefined;
  readonly takes: Takes;
}

export interface Takes {
  /** Errors are degraded rather than refused: of what they hold, that is left out which cannot be sent. */
  readonly degradedErrors: boolean;
  /** Instances whose class the reader does not have arrive as instances of the nearest class that it has. */
  readonly nearestClasses: boolean;
  /** What is sent in the place of the stack of an error. */
  readonly stackOf?: (error: object, stack: unknown) => unknown;
}

/** Of all that is refused, nothing arrives in another form. */
export const FAITHFUL: Takes = { degradedErrors: false, nearestClasses: false };

/** A record: a plain object that holds primitives alone, and at least one. Nothing else that has a name is like that. */
export function isRecord(value: object): boolean {
  if (types.isProxy(value) || !Object.isExtensible(value) || value === process.env) return false;
  if (getPrototypeOf(value) !== Object.prototype) return false;
  const keys = Reflect.ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | symbol;
    if (typeof key === 'symbol' || key === '__proto__') return false;
    const descriptor = getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (!isPlainData(descriptor) || !isPrimitive(descriptor.value)) return false;
  }
  return keys.length > 0;
}

/** Whether devalue carries this object without losing anything. Notes in `owners` whose members functions are. */
export function isDevaluePlain(value: object, owners: WeakMap<object, object>): boolean {
  if (types.isProxy(value) || !Object.isExtensible(value)) return false;
  const prototype = getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) return isArrayPrototype(prototype) && onlyItems(value, owners);
  if (types.isMap(value)) return isBuiltinPrototype(prototype, 'Map') && Reflect.ownKeys(value).length === 0;
  if (types.isSet(value)) return isBuiltinPrototype(prototype, 'Set') && Reflect.ownKeys(value).length === 0;
  if (!isObjectPrototype(prototype) || hasSlots(value)) return false;
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol' || key === '__proto__') return false;
    const descriptor = getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    if (!isPlainData(descriptor)) return false;
    if (typeof descriptor.value !== 'function') continue;
    // A prototype that was assigned is written like a literal: it arrives as that of its class.
    if (key === 'then' || (key === 'constructor' && classOf(value))) return false;
    noteOwner(descriptor.value as object, value, owners);
  }
  return true;
}

const isPlainData = ({ enumerable, writable, configurable }: PropertyDescriptor): boolean =>
  enumerable === true && writable === true && configurable === true;

function noteOwner(fn: object, owner: object, owners: WeakMap<object, object>): void {
  if (!owners.has(fn)) owners.set(fn, owner);
}

function onlyItems(array: readonly unknown[], owners: WeakMap<object, object>): boolean {
  for (const key of Reflect.ownKeys(array)) {
    if (key === 'length' && !isFixed(array)) continue;
    if (typeof key === 'symbol' || !/^(?:0|[1-9]\d*)$/.test(key)) return false;
    const descriptor = getOwnPropertyDescriptor(array, key) as PropertyDescriptor;
    if (!isPlainData(descriptor)) return false;
    if (typeof descriptor.value === 'function') noteOwner(descriptor.value as object, array, owners);
  }
  return true;
}

export function objectRow(value: object, writer: ObjectWriter): Row {
  refuseUnsendable(value);
  const prototype = types.isNativeError(value)
    ? errorPrototype(value)
    : (getPrototypeOf(value) as object | null);
  const cls = classOf(value);
  if (cls) return prototypeRow(value, cls, writer);
  const { base, data, items = [], skip = none, of } = baseOf(value, writer);
  const isBuiltin = typeof of === 'string' ? isBuiltinPrototype(prototype, of) : prototype && of(prototype);
  const hasClass = prototype !== null && !isBuiltin;
  const mayBeError = hasClass || base === 'error' || base === 'dom-exception';
  const isDegraded = mayBeError && writer.takes.degradedErrors && isError(value);
  const lenient = isDegraded || writer.isLenient(value);
  const keepsClass = hasClass && mayKeepClass(value, prototype, lenient, isDegraded, writer);
  const children: unknown[] = keepsClass ? [prototype] : [];
  const unreadable = lenient ? (reason: unknown) => writer.omitted(reason) : undefined;
  const props = isLargeView(value)
    ? []
    : propertiesOf(value, children, skip, unreadable, writer.takes.stackOf);
  const first = keepsClass ? 1 : 0;
  for (let at = first; at < children.length; at++)
    noteMember(children[at], value, first === 1, writer.owners);
  for (const item of items) children.push(item);
  if (lenient) writer.makeLenient(children);
  const mode = prototype === null ? 'null' : keepsClass ? 'child' : 'default';
  const said = isDegraded && keepsClass ? saidBy(value as Error) : undefined;
  const integrity = integrityOf(value);
  const head: ObjectHead = { base, data, props, prototype: mode, integrity };
  return { head: ['object', { ...head, ...(lenient && { lenient }), ...(said && { said }) }], children };
}

/** Of which class this is the prototype object. */
function classOf(value: object): ClassLike | undefined {
  const cls = getOwnPropertyDescriptor(value, 'constructor')?.value as unknown;
  return typeof cls === 'function' && cls.prototype === value && !types.isProxy(cls)
    ? (cls as ClassLike)
    : undefined;
}

type ClassLike = (...args: never[]) => unknown;

function prototypeRow(value: object, cls: ClassLike, writer: ObjectWriter): Row {
  if (!writer.isLenient(value))
    return { head: ['prototype', nameOf(cls)], children: [cls, builtinAncestor(value)] };
  const classes = [...classesOf(value)];
  writer.makeLenient(classes);
  return { head: ['prototype', nameOf(cls), true], children: classes };
}

function* classesOf(prototype: object): Generator<ClassLike> {
  for (let p: object | null = prototype; p && !types.isProxy(p); p = getPrototypeOf(p) as object | null) {
    const cls = classOf(p);
    if (cls) yield cls;
  }
}

/**
 * An error keeps its class even if that has private state. Of all else, an instance that cannot be carried as one is
 * refused, or goes as the data that it owns if it is a part of something lenient.
 */
function mayKeepClass(
  value: object,
  prototype: object,
  lenient: boolean,
  isDegraded: boolean,
  writer: ObjectWriter,
): boolean {
  const asNearest = lenient || writer.takes.nearestClasses;
  if (isDegraded) writer.notePrototype(prototype);
  else {
    try {
      writer.checkInstance(value, prototype);
    } catch (error) {
      if (lenient && error instanceof InstanceRefusal) return false;
      throw error;
    }
  }
  const cls = classOf(prototype);
  // Another instance of it may have been a part of something lenient.
  if (!asNearest && cls && writer.isLenient(prototype)) writer.checkClass(cls);
  if (asNearest) writer.makeLenient([prototype]);
  return true;
}

/** Its name and its message, as far as it does not own them. */
function saidBy(error: Error): Said {
  const said: { name?: string; message?: string } = {};
  for (const key of ['name', 'message'] as const) {
    if (Object.hasOwn(error, key)) continue;
    try {
      const text: unknown = error[key];
      if (typeof text === 'string') said[key] = text;
    } catch {
      // It travels in another way, or not at all.
    }
  }
  return said;
}

const SEVERAL: object = Object.freeze({});

/** An object that several instances hold is owned by none of them. */
function noteMember(
  child: unknown,
  owner: object,
  isInstance: boolean,
  owners: WeakMap<object, object>,
): void {
  if (typeof child === 'function') owners.set(child, owner);
  else if (isInstance && typeof child === 'object' && child !== null)
    owners.set(child, owners.has(child) ? SEVERAL : owner);
}

/**
 * Errors of Node have prototypes of their own, which hide their class behind an accessor and name the error's code when
 * it is printed: every process can name the class behind them.
 */
function errorPrototype(error: Error): object | null {
  let prototype = getPrototypeOf(error) as object | null;
  while (prototype !== null && isHiding(prototype)) prototype = getPrototypeOf(prototype) as object | null;
  return prototype;
}

const isHiding = (prototype: object): boolean =>
  getOwnPropertyDescriptor(prototype, 'constructor')?.get !== undefined &&
  Reflect.ownKeys(prototype).every(
    (key) => key === 'constructor' || key === 'toString' || typeof key === 'symbol',
  );

/** For a reader that does not have the class. */
function builtinAncestor(prototype: object): unknown {
  for (let p: object | null = prototype; p; p = getPrototypeOf(p) as object | null) {
    const cls = getOwnPropertyDescriptor(p, 'constructor')?.value as unknown;
    if (typeof cls === 'function' && globalPathOf(cls)) return cls;
  }
  return undefined;
}

function refuseUnsendable(value: object): void {
  const refuse = (reason: string, hint?: Hint): never => {
    throw new Refusal(value, reason, hint);
  };
  if (types.isProxy(value)) refuse('is a Proxy', 'send the object behind it');
  if (types.isModuleNamespaceObject(value)) {
    refuse('is a module namespace whose import was not found', 'import the module inside the function');
  }
  if (types.isPromise(value)) {
    refuse('is a Promise', { task: 'await it before submitting', result: 'await it before returning it' });
  }
  refuseMemory(value, refuse);
  if (isWeak(value)) throw weak(value);
  if (types.isGeneratorObject(value))
    refuse('is a running generator', 'send the generator function, or its items');
  if (types.isMapIterator(value) || types.isSetIterator(value) || isIterator(value)) {
    refuse('is an iterator in use', 'send an array of its items');
  }
  if (types.isExternal(value)) {
    refuse('is a pointer into native code', {
      task: 'open it inside the task',
      result: 'return data that you have from it',
    });
  }
}

/** What cannot be copied, or would be another thing there: memory that others write to. */
function refuseMemory(value: object, refuse: (reason: string, hint: string) => void): void {
  const isView = ArrayBuffer.isView(value);
  if (!isView && !types.isAnyArrayBuffer(value)) return;
  const memory = isView ? memoryOf(value) : value;
  const what = isView ? 'a view of a' : 'a';
  if (types.isSharedArrayBuffer(memory)) {
    refuse(`is ${what} SharedArrayBuffer, which processes cannot share`, 'send a copy');
  } else if (isDetached(memory)) {
    refuse(`is ${what} detached ArrayBuffer: its memory was transferred`, 'send it before that');
  } else if (!isView && isResizable(memory)) {
    refuse('is a resizable ArrayBuffer', 'send a copy (slice()), or a view of it');
  }
}

const isWeak = (value: object): boolean =>
  (typeof WeakRef === 'function' && value instanceof WeakRef) || value instanceof FinalizationRegistry;

function weak(value: object): Refusal {
  const hint = { task: 'build it inside the task', result: 'return what it refers to' };
  return new Refusal(value, `is a ${className(value)}: weak references end with their process`, hint);
}

function isIterator(value: object): boolean {
  const tag = Object.prototype.toString.call(value);
  const native =
    / (?:Array|String|RegExp String) Iterator\]$|Iterator Helper\]$|Wrap for valid iterator/i.test(tag);
  return native && !Object.hasOwn(value, Symbol.toStringTag);
}

export function className(value: object): string {
  for (let p: object | null = value; p !== null; p = getPrototypeOf(p) as object | null) {
    const cls = getOwnPropertyDescriptor(p, 'constructor')?.value as unknown;
    const name = typeof cls === 'function' ? nameOf(cls) : '';
    if (name) return name;
  }
  return 'Object';
}

interface Base {
  readonly base: ObjectBase;
  readonly data?: unknown;
  readonly items?: readonly unknown[];
  /** Own properties that the data stands for. */
  readonly skip?: (key: string | symbol, flags: number) => boolean;
  /** The built-in class of those that have no other, or whether a prototype is that of this class. */
  readonly of: string | ((prototype: object) => boolean);
}

const none = (): boolean => false;
const isSymbol = (key: string | symbol): boolean => typeof key === 'symbol';
const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^(?:0|[1-9]\d*)$/.test(key);
const OF_EXCEPTION: readonly (string | symbol)[] = ['message', 'name', 'code'];

function baseOf(value: object, writer: ObjectWriter): Base {
  if (Array.isArray(value)) {
    const skip = (key: string | symbol, flags: number): boolean =>
      key === 'length' && (flags & WRITABLE) !== 0;
    return { base: 'array', of: isArrayPrototype, data: value.length, skip };
  }
  if (types.isMap(value))
    return { base: 'map', of: 'Map', items: [...Map.prototype.entries.call(value)].flat() };
  if (isStore(value)) return storeBase(value, writer);
  if (types.isSet(value)) return { base: 'set', of: 'Set', items: [...Set.prototype.values.call(value)] };
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return { base: 'date', of: 'Date', data: Number.isNaN(time) ? null : time };
  }
  if (types.isRegExp(value)) return { base: 'regexp', of: 'RegExp', data: patternOf(value) };
  if (isDOMException(value)) {
    const skip = (key: string | symbol): boolean => isSymbol(key) || OF_EXCEPTION.includes(key);
    return { base: 'dom-exception', of: 'DOMException', data: [value.message, value.name], skip };
  }
  if (types.isNativeError(value)) return { base: 'error', of: 'Error' };
  if (types.isBoxedPrimitive(value)) return boxed(value);
  if (types.isArgumentsObject(value)) {
    const skip = (key: string | symbol): boolean => key === 'callee' || key === Symbol.iterator;
    return { base: 'arguments', of: isObjectPrototype, skip };
  }
  if (binaryKind(value) !== -1) {
    const skip = ArrayBuffer.isView(value) ? isIndex : none;
    return { base: 'binary', of: () => isOfBuiltin(value), data: writer.binary(value), skip };
  }
  if (value instanceof URL) return { base: 'url', of: 'URL', data: value.href, skip: isSymbol };
  if (value instanceof URLSearchParams)
    return { base: 'search-params', of: 'URLSearchParams', data: String(value), skip: isSymbol };
  const state = publicStateOf(value);
  if (!state) return { base: 'object', of: isObjectPrototype };
  return {
    base: 'public',
    of: (prototype) => hasOwnPrototype(state, prototype),
    data: state,
    skip: isSymbol,
  };
}

function storeBase(value: Store, writer: ObjectWriter): Base {
  const data = writer.store(value);
  if (data === undefined) throw weak(value);
  return types.isWeakMap(value)
    ? { base: 'weak-map', of: 'WeakMap', data }
    : { base: 'weak-set', of: 'WeakSet', data };
}

function boxed(value: object): Base {
  if (types.isSymbolObject(value)) throw new Refusal(value, 'is a boxed symbol', 'send the symbol itself');
  const of = (primitive: unknown, name: string, skip: Base['skip'] = none): Base => ({
    base: 'boxed',
    of: name,
    data: encodePrimitive(primitive),
    skip,
  });
  if (types.isNumberObject(value)) return of(Number.prototype.valueOf.call(value), 'Number');
  if (types.isBooleanObject(value)) return of(Boolean.prototype.valueOf.call(value), 'Boolean');
  if (types.isBigIntObject(value)) return of(BigInt.prototype.valueOf.call(value), 'BigInt');
  const isOfText = (key: string | symbol): boolean => key === 'length' || isIndex(key);
  return of(String.prototype.valueOf.call(value), 'String', isOfText);
}

/** Every index of a view is a property: listing those of some megabytes takes seconds. */
function isLargeView(value: object): boolean {
  return ArrayBuffer.isView(value) && bytesOf(value).byteLength >= OUT_OF_BAND;
}
