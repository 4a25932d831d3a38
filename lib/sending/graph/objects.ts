/** Objects as rows: which built-in an object is by its internal slots, its prototype, its properties, its items. */
import { types } from 'node:util';
import { nameOf } from '../function-name.ts';
import { hasSlots } from '../values/extras.ts';
import { isPrimitive } from '../values/items.ts';
import { isArrayPrototype, isBuiltinPrototype, isObjectPrototype } from '../values/realm.ts';
import { BESIDE, binaryKind, bytesOf, isDetached, isResizable, memoryOf } from '../values/views.ts';
import { globalPathOf } from './intrinsics.ts';
import { patternOf } from './patterns.ts';
import { integrityOf, propertiesOf } from './properties.ts';
import { type Hint, Refusal } from './refusal.ts';
import { type BinaryPlace, encodePrimitive, type ObjectBase, type ObjectHead, type Row } from './row.ts';

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;

/** What a row of an object needs of the message that it becomes a part of. */
export interface ObjectWriter {
  /** The object that holds a function as a property, and the instance that holds an object. */
  readonly owners: WeakMap<object, object>;
  /** Keeps the bytes of a binary object. */
  binary(value: object): BinaryPlace;
  /** Throws a `Refusal` if instances of this prototype cannot be carried. */
  checkInstance(value: object, prototype: object): void;
}

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
    if (key === 'then') return false;
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
    if (key === 'length') continue;
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
  const cls = getOwnPropertyDescriptor(value, 'constructor')?.value as unknown;
  if (typeof cls === 'function' && cls.prototype === value && !types.isProxy(cls)) {
    return { head: ['prototype', nameOf(cls)], children: [cls, builtinAncestor(value)] };
  }
  const { base, data, items, skip } = baseOf(value, writer);
  const isDefault = prototype !== null && isDefaultPrototype(base, prototype, value);
  if (prototype !== null && !isDefault) writer.checkInstance(value, prototype);
  const children: unknown[] = isDefault || prototype === null ? [] : [prototype];
  const props = isLargeView(value) ? [] : propertiesOf(value, children, skip);
  const first = isDefault || prototype === null ? 0 : 1;
  for (let at = first; at < children.length; at++)
    noteMember(children[at], value, first === 1, writer.owners);
  for (const item of items) children.push(item);
  const integrity = integrityOf(value);
  const head: ObjectHead = { base, data, props, prototype: prototypeMode(prototype, isDefault), integrity };
  return { head: ['object', head], children };
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

const prototypeMode = (prototype: object | null, isDefault: boolean): ObjectHead['prototype'] =>
  prototype === null ? 'null' : isDefault ? 'default' : 'child';

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
  if (types.isWeakMap(value) || types.isWeakSet(value) || isWeak(value)) {
    refuse(`is a ${className(value)}: weak references end with their process`, {
      task: 'build it inside the task',
      result: 'return what it refers to',
    });
  }
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
  readonly items: readonly unknown[];
  /** Own properties that the data stands for. */
  readonly skip: (key: string | symbol) => boolean;
}

const none = (): boolean => false;
const isIndex = (key: string | symbol): boolean => typeof key === 'string' && /^(?:0|[1-9]\d*)$/.test(key);

function baseOf(value: object, writer: ObjectWriter): Base {
  if (Array.isArray(value)) {
    return { base: 'array', data: value.length, items: [], skip: (key) => key === 'length' };
  }
  if (types.isMap(value)) {
    return { base: 'map', items: [...Map.prototype.entries.call(value)].flat(), skip: none };
  }
  if (types.isSet(value)) return { base: 'set', items: [...Set.prototype.values.call(value)], skip: none };
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return { base: 'date', data: Number.isNaN(time) ? null : time, items: [], skip: none };
  }
  if (types.isRegExp(value)) {
    return { base: 'regexp', data: patternOf(value), items: [], skip: none };
  }
  if (isDOMException(value)) {
    const { message, name } = value;
    const ours = (key: string | symbol): boolean => key === 'message' || key === 'name' || key === 'code';
    return {
      base: 'dom-exception',
      data: [message, name],
      items: [],
      skip: (key) => ours(key) || typeof key === 'symbol',
    };
  }
  if (types.isNativeError(value)) return { base: 'error', items: [], skip: none };
  if (types.isBoxedPrimitive(value)) return boxed(value);
  if (types.isArgumentsObject(value)) {
    return { base: 'arguments', items: [], skip: (key) => key === 'callee' || key === Symbol.iterator };
  }
  if (binaryKind(value) !== -1)
    return {
      base: 'binary',
      data: writer.binary(value),
      items: [],
      skip: ArrayBuffer.isView(value) ? isIndex : none,
    };
  if (value instanceof URL)
    return { base: 'url', data: value.href, items: [], skip: (key) => typeof key === 'symbol' };
  if (value instanceof URLSearchParams) {
    return { base: 'search-params', data: String(value), items: [], skip: (key) => typeof key === 'symbol' };
  }
  return { base: 'object', items: [], skip: none };
}

/** Node gives them an internal slot or not, depending on its version. */
export const isDOMException = (value: object): value is DOMException =>
  typeof DOMException === 'function' && value instanceof DOMException && !types.isProxy(value);

function boxed(value: object): Base {
  if (types.isSymbolObject(value)) throw new Refusal(value, 'is a boxed symbol', 'send the symbol itself');
  const primitive: unknown = types.isNumberObject(value)
    ? Number.prototype.valueOf.call(value)
    : types.isStringObject(value)
      ? String.prototype.valueOf.call(value)
      : types.isBooleanObject(value)
        ? Boolean.prototype.valueOf.call(value)
        : BigInt.prototype.valueOf.call(value);
  const skip = (key: string | symbol): boolean =>
    types.isStringObject(value) && (key === 'length' || isIndex(key));
  return { base: 'boxed', data: encodePrimitive(primitive), items: [], skip };
}

const DEFAULTS: Record<Exclude<ObjectBase, 'boxed' | 'binary' | 'error' | 'object' | 'array'>, string> = {
  arguments: 'Object',
  map: 'Map',
  set: 'Set',
  date: 'Date',
  regexp: 'RegExp',
  'dom-exception': 'DOMException',
  url: 'URL',
  'search-params': 'URLSearchParams',
};

function isDefaultPrototype(base: ObjectBase, prototype: object, value: object): boolean {
  switch (base) {
    case 'object':
      return isObjectPrototype(prototype);
    case 'array':
      return isArrayPrototype(prototype);
    case 'error':
      return isBuiltinPrototype(prototype, 'Error');
    case 'boxed':
      return isBuiltinPrototype(prototype, Object.prototype.toString.call(value).slice(8, -1));
    case 'binary':
      return Buffer.isBuffer(value)
        ? prototype === Buffer.prototype
        : isBuiltinPrototype(prototype, className(value)) &&
            Object.getPrototypeOf(prototype) !== Buffer.prototype;
    default:
      return base === 'arguments'
        ? isObjectPrototype(prototype)
        : isBuiltinPrototype(prototype, DEFAULTS[base]);
  }
}

/** Every index of a view is a property: listing those of some megabytes takes seconds. */
function isLargeView(value: object): boolean {
  return ArrayBuffer.isView(value) && bytesOf(value).byteLength >= BESIDE;
}
