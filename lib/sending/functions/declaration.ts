/** Where a class is declared, for answers to name it by. Knows no syntax: a worker has to load this. */
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { exportedValue } from '../common/compiled-exports.ts';
import { fingerprint, type RowHead } from '../graph/row.ts';
import { isStore, type Store, storesIn } from '../graph/weak-stores.ts';
import { isNativeText } from '../values/realm.ts';
import { type ScopeView, viewFunction } from './inspector.ts';
import { nameOfScript, scriptUrl } from './scripts.ts';

/** The CommonJS module of that file; undefined if this process has not loaded it. */
export type LoadedFile = (file: string) => { readonly exports: unknown } | undefined;

const textOf = Function.prototype.toString;
const known = new WeakMap<object, { readonly head: RowHead | undefined }>();

/** Undefined if no variable of a module holds it, or if this process may not ask. */
export function declarationOf(fn: object, loadedFile: LoadedFile): RowHead | undefined {
  let found = known.get(fn);
  if (!found) {
    found = { head: find(fn, loadedFile) };
    known.set(fn, found);
  }
  return found.head;
}

function find(fn: object, loadedFile: LoadedFile): RowHead | undefined {
  try {
    const { location, scopes } = viewFunction(fn);
    const url = location && nameOfScript(location.scriptId);
    if (!url) return undefined;
    // Code by value is compiled under the names of files that this process has not loaded.
    const isModule = scopes.some(({ type }) => type === 'Module');
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    const loaded = isModule ? undefined : loadedFile(file);
    if (!isModule && !loaded) return undefined;
    const key = loaded && exportName(loaded.exports, fn);
    if (key !== undefined) return ['import', { type: 'cjs', specifier: file, from: null }, [key], null];
    for (let scope = 0; scope < scopes.length; scope++) {
      const { type, variables } = scopes[scopes.length - 1 - scope] as ScopeView;
      // What a function of an ES module has made is seen from nowhere else.
      if (isModule && type !== 'Module') continue;
      const [name, member] = placeAmong(variables, fn) ?? [];
      if (name === undefined || !isSeenFirst(loaded?.exports, scope, [name, member], fn)) continue;
      const head = ['declared', url, scope, name, fingerprint(textOf.call(fn))] as const;
      return member === undefined ? head : [...head, member];
    }
  } catch {
    // No inspector here: the class may still be found among what a module exports.
  }
  return undefined;
}

function exportName(exported: unknown, fn: object): string | undefined {
  const isOwner = (typeof exported === 'object' && exported !== null) || typeof exported === 'function';
  if (!isOwner || types.isProxy(exported)) return undefined;
  return Object.getOwnPropertyNames(exported).find((key) => exportedValue(exported, key) === fn);
}

/**
 * Whether a search that starts from what the module exports finds this variable: a function that is called several
 * times has one for each call.
 */
function isSeenFirst(
  exported: unknown,
  scope: number,
  [name, member]: readonly [name: string, member?: string | undefined],
  wanted: object,
): boolean {
  for (const [, fn] of functionsIn(exported, [], 0)) {
    const variables = viewFunction(fn).scopes.at(-1 - scope)?.variables;
    const held = variables && dataOf(variables, name);
    const value = member === undefined ? held : isOwner(held) ? dataOf(held, member) : undefined;
    if (typeof value !== typeof wanted || types.isProxy(value)) continue;
    if (typeof wanted !== 'function' ? isStore(value) : textOf.call(value) === textOf.call(wanted))
      return value === wanted;
  }
  return true;
}

const isOwner = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !types.isProxy(value);

function placeAmong(variables: object, fn: object): [name: string, member?: string] | undefined {
  const names = Object.keys(variables);
  const name = names.find((key) => dataOf(variables, key) === fn);
  if (name !== undefined) return [name];
  for (const owner of names) {
    const value = dataOf(variables, owner);
    if (!isOwner(value)) continue;
    if (Array.isArray(value) || ArrayBuffer.isView(value)) continue;
    const member = Object.keys(value).find((key) => dataOf(value, key) === fn);
    if (member !== undefined) return [owner, member];
  }
  return undefined;
}

/** Whether a class is part of Node itself. */
export function isOfNode(cls: object): boolean {
  try {
    const { location } = viewFunction(cls);
    return location !== undefined && scriptUrl(location.scriptId)?.startsWith('node:') === true;
  } catch {
    return false;
  }
}

const besides = new WeakMap<object, readonly (readonly [Store, RowHead | undefined])[]>();

/** WeakMaps and WeakSets that code beside a class sees, with heads for those that a variable of a module holds. */
export function storesBeside(
  cls: object,
  loadedFile: LoadedFile,
): readonly (readonly [Store, RowHead | undefined])[] {
  let found = besides.get(cls);
  if (!found) {
    found = findStores(cls, loadedFile);
    besides.set(cls, found);
  }
  return found;
}

function findStores(cls: object, loadedFile: LoadedFile): (readonly [Store, RowHead | undefined])[] {
  const found: (readonly [Store, RowHead | undefined])[] = [];
  try {
    const { location, scopes } = viewFunction(cls);
    const url = location && nameOfScript(location.scriptId);
    const isModule = scopes.some(({ type }) => type === 'Module');
    const loaded =
      url && !isModule ? loadedFile(url.startsWith('file:') ? fileURLToPath(url) : url) : undefined;
    if (!url || !(isModule || loaded)) return found;
    for (const [index, { type, variables }] of scopes.entries()) {
      for (const name of Object.keys(variables)) {
        const value = dataOf(variables, name);
        const scope = scopes.length - 1 - index;
        if (isStore(value)) {
          const isNameable = isModule
            ? type === 'Module'
            : isSeenFirst(loaded?.exports, scope, [name], value);
          found.push([value, isNameable ? ['declared', url, scope, name, null] : undefined]);
        }
        for (const [, store] of storesIn(value)) found.push([store, undefined]);
      }
    }
  } catch {
    // No inspector here: what the class keeps there does not show.
  }
  return found;
}

const dataOf = (owner: object, key: string): unknown => Object.getOwnPropertyDescriptor(owner, key)?.value;

/** Functions of a program among what a module exports, and how to get there. */
export function* functionsIn(
  exported: unknown,
  path: string[],
  depth: number,
): Generator<[string[], object]> {
  if (typeof exported === 'function') {
    if (!types.isProxy(exported) && !isNativeText(textOf.call(exported))) yield [path, exported];
  } else if (typeof exported !== 'object' || exported === null) return;
  if (depth > 1 || types.isProxy(exported)) return;
  const prototype = Object.getPrototypeOf(exported) as object | null;
  for (const [owner, steps] of [
    [exported, path],
    [typeof exported === 'object' ? prototype : null, [...path, '__proto__']],
  ] as const) {
    if (owner === null || owner === Object.prototype) continue;
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (key === 'caller' || key === 'arguments' || key === 'constructor') continue;
      yield* functionsIn(exportedValue(owner, key), [...steps, key], depth + 1);
    }
  }
}
