/**
 * Names for what every process has already: globals, what they own, and Node's built-in modules. The same code at
 * both ends turns an object into its name and a name into the object, and evaluates nothing on the way.
 */
import { nameOf } from '../../system/function-name.ts';
import { isObject, isObjectPrototype } from '../values/realm.ts';
import { commonGlobals, globalValue, hiddenIntrinsics, PROCESS_MEMBERS } from './common-globals.ts';
import { wellKnownSymbol } from './symbols.ts';

/** A property name, or a getter or setter of it. Hidden intrinsics have a name of ours that begins with `%`. */
type Step = string | readonly ['get' | 'set', Key] | Symbolic;
type Symbolic = readonly ['symbol', string];
type Key = string | Symbolic;
export type GlobalPath = readonly Step[];

/** For messages. */
export function pathText(path: GlobalPath): string {
  const keyText = (key: Key): string => (typeof key === 'string' ? `.${key}` : `[Symbol.${key[1]}]`);
  const steps = path.map((step) =>
    typeof step === 'string' || step[0] === 'symbol' ? keyText(step) : `${keyText(step[1])} (${step[0]})`,
  );
  return steps.join('').replace(/^\./, '');
}

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const DEPTH = 3;
/** Their members are per process or per stream; they are found by their own name only. */
const CLOSED = new Set(['process', 'globalThis', 'global', 'GLOBAL', 'root']);
interface Names {
  readonly paths: Map<unknown, GlobalPath>;
  readonly objects: Map<string, unknown>;
  /** Names of the globals that every process has, as seen when this library was loaded first. */
  readonly globals: ReadonlySet<string>;
}

let names: Names | undefined;

/** Whether every process has a global of that name. */
export const isCommonGlobal = (name: string): boolean => all().globals.has(name);

/** The path of an object that every process has, if it is one. */
export function globalPathOf(value: unknown): GlobalPath | undefined {
  return all().paths.get(value) ?? lazyGlobal(value) ?? foreignIntrinsic(value);
}

/** The object of that path, if there is one. */
export function globalAt(path: GlobalPath): unknown {
  const { objects } = all();
  const found = objects.get(JSON.stringify(path));
  if (found !== undefined || path.length !== 1) return found;
  const [name] = path;
  return typeof name === 'string' && isCommonGlobal(name)
    ? (globalThis as Record<string, unknown>)[name]
    : undefined;
}

function all(): Names {
  names ??= collect();
  return names;
}

/** `Math`, `Intl` and the like; not the streams of a console. */
export const isNamespace = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && isObjectPrototype(getPrototypeOf(value) as object | null);

function collect(): Names {
  const paths = new Map<unknown, GlobalPath>();
  const objects = new Map<string, unknown>();
  const globals = new Set(commonGlobals());
  const add = (value: unknown, path: GlobalPath): boolean => {
    if (!isObject(value)) return false;
    objects.set(JSON.stringify(path), value);
    if (paths.has(value)) return false;
    paths.set(value, path);
    return true;
  };
  const visit = (owner: object, path: GlobalPath): void => {
    if (path.length > DEPTH) return;
    for (const key of Reflect.ownKeys(owner)) {
      if (key === 'caller' || key === 'callee' || key === 'arguments') continue;
      const descriptor = getOwnPropertyDescriptor(owner, key);
      if (!descriptor) continue;
      const step: Key | undefined = typeof key === 'string' ? key : symbolStep(key);
      if (step === undefined) continue;
      const { value } = descriptor;
      const inner =
        typeof value === 'function' || key === 'prototype' || (path.length === 1 && isNamespace(value));
      if ('value' in descriptor && inner && add(value, [...path, step]))
        visit(value as object, [...path, step]);
      if (descriptor.get) add(descriptor.get, [...path, ['get', step]]);
      if (descriptor.set) add(descriptor.set, [...path, ['set', step]]);
    }
  };
  add(globalThis, ['globalThis']);
  for (const name of globals) {
    const value = globalValue(name);
    if (add(value, [name]) && !CLOSED.has(name)) visit(value as object, [name]);
  }
  for (const member of PROCESS_MEMBERS) {
    add((process as unknown as Record<string, unknown>)[member], ['process', member]);
  }
  for (const [name, value] of hiddenIntrinsics()) if (add(value, [name])) visit(value, [name]);
  return { paths, objects, globals };
}

const symbolStep = (key: symbol): Symbolic | undefined => {
  const name = wellKnownSymbol(key);
  return name === undefined ? undefined : ['symbol', name];
};

const LAZY_NAMES: Record<string, string | undefined> = {
  __proto__: null as never,
  Crypto: 'crypto',
  Performance: 'performance',
  Navigator: 'navigator',
};

/** Globals behind accessors: read only if the value claims to be that very global. */
function lazyGlobal(value: unknown): GlobalPath | undefined {
  if (!isObject(value)) return undefined;
  const tag = typeof value === 'function' ? nameOf(value) : dataTag(value);
  const name = typeof value === 'function' ? tag : tag && LAZY_NAMES[tag];
  if (!name || !isCommonGlobal(name)) return undefined;
  const descriptor = getOwnPropertyDescriptor(globalThis, name);
  if (!descriptor?.get || (globalThis as Record<string, unknown>)[name] !== value) return undefined;
  all().paths.set(value, [name]);
  return [name];
}

function dataTag(value: object): string | undefined {
  const prototype = getPrototypeOf(value) as object | null;
  const tag = prototype && getOwnPropertyDescriptor(prototype, Symbol.toStringTag)?.value;
  return typeof tag === 'string' ? tag : undefined;
}

/** A built-in class of another realm (jest, node:vm) goes as ours of that name. */
function foreignIntrinsic(value: unknown): GlobalPath | undefined {
  if (typeof value !== 'function') return undefined;
  const name = nameOf(value);
  if (!name || !isCommonGlobal(name)) return undefined;
  const here = (globalThis as Record<string, unknown>)[name];
  if (typeof here !== 'function' || !value.prototype || value.prototype.constructor !== value)
    return undefined;
  const text = Function.prototype.toString;
  return text.call(value) === text.call(here) && text.call(value).endsWith('{ [native code] }')
    ? [name]
    : undefined;
}
