/** Where a class is declared, for answers to name it by. Knows no syntax: a worker has to load this. */
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { fingerprint, type RowHead } from '../graph/row.ts';
import { isStore, type Store, storesIn } from '../graph/weak-stores.ts';
import { type ScopeView, viewFunction } from './inspector.ts';
import { nameOfScript, scriptUrl } from './scripts.ts';

const known = new WeakMap<object, { readonly head: RowHead | undefined }>();

/** Undefined if no variable of a module holds it, or if this process may not ask. */
export function declarationOf(fn: object, isRequired: (file: string) => boolean): RowHead | undefined {
  let found = known.get(fn);
  if (!found) {
    found = { head: find(fn, isRequired) };
    known.set(fn, found);
  }
  return found.head;
}

function find(fn: object, isRequired: (file: string) => boolean): RowHead | undefined {
  try {
    const { location, scopes } = viewFunction(fn);
    const url = location && nameOfScript(location.scriptId);
    if (!url) return undefined;
    // Code by value is compiled under the names of files that this process has not loaded.
    const isModule = scopes.some(({ type }) => type === 'Module');
    if (!isModule && !isRequired(url.startsWith('file:') ? fileURLToPath(url) : url)) return undefined;
    for (let scope = 0; scope < scopes.length; scope++) {
      const { type, variables } = scopes[scopes.length - 1 - scope] as ScopeView;
      // What a function of an ES module has made is seen from nowhere else.
      if (isModule && type !== 'Module') continue;
      const [name, member] = placeAmong(variables, fn) ?? [];
      if (name === undefined) continue;
      const head = ['declared', url, scope, name, fingerprint(Function.prototype.toString.call(fn))] as const;
      return member === undefined ? head : [...head, member];
    }
  } catch {
    // No inspector here: the class may still be found among what a module exports.
  }
  return undefined;
}

function placeAmong(variables: object, fn: object): [name: string, member?: string] | undefined {
  const names = Object.keys(variables);
  const name = names.find((key) => dataOf(variables, key) === fn);
  if (name !== undefined) return [name];
  for (const owner of names) {
    const value = dataOf(variables, owner);
    if (typeof value !== 'object' || value === null || types.isProxy(value)) continue;
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
  isRequired: (file: string) => boolean,
): readonly (readonly [Store, RowHead | undefined])[] {
  let found = besides.get(cls);
  if (!found) {
    found = findStores(cls, isRequired);
    besides.set(cls, found);
  }
  return found;
}

function findStores(
  cls: object,
  isRequired: (file: string) => boolean,
): (readonly [Store, RowHead | undefined])[] {
  const found: (readonly [Store, RowHead | undefined])[] = [];
  try {
    const { location, scopes } = viewFunction(cls);
    const url = location && nameOfScript(location.scriptId);
    const isModule = scopes.some(({ type }) => type === 'Module');
    const isHere = url && (isModule || isRequired(url.startsWith('file:') ? fileURLToPath(url) : url));
    if (!isHere) return found;
    for (const [index, { type, variables }] of scopes.entries()) {
      const isNameable = !isModule || type === 'Module';
      for (const name of Object.keys(variables)) {
        const value = dataOf(variables, name);
        const head = ['declared', url, scopes.length - 1 - index, name, null] as const;
        if (isStore(value)) found.push([value, isNameable ? head : undefined]);
        for (const [, store] of storesIn(value)) found.push([store, undefined]);
      }
    }
  } catch {
    // No inspector here: what the class keeps there does not show.
  }
  return found;
}

const dataOf = (owner: object, key: string): unknown => Object.getOwnPropertyDescriptor(owner, key)?.value;
