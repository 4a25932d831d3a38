/** Where a class is declared, for answers to name it by. Knows no syntax: a worker has to load this. */
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { dataOf, isObject, oncePerObject } from '../../system/own.ts';
import { fingerprint, type RowHead } from '../graph/row.ts';
import { isStore, type Store, storesIn } from '../graph/weak-stores.ts';
import { type ScopeView, viewFunction } from './inspector.ts';
import { cjsSource, exportName, functionsIn, requireCache } from './loaded.ts';
import { nameOfScript, scriptUrl } from './scripts.ts';

/** A variable of a scope that is counted from the outermost, and members of what it holds. */
export type Steps = readonly [variable: string, ...members: string[]];

const textOf = Function.prototype.toString;

/** What is there as a function sees it; undefined if nothing is. */
export function seenBy(fn: object, scope: number, steps: readonly string[]): unknown {
  let value: unknown = viewFunction(fn).scopes.at(-1 - scope)?.variables;
  for (const step of steps)
    value = isObject(value) && !types.isProxy(value) ? dataOf(value, step) : undefined;
  return value;
}

/** Whether a function has that text; no text has the fingerprint `null`, which stands for a WeakMap or WeakSet. */
export function hasFingerprint(value: unknown, hash: number | null): value is object {
  if (hash === null) return isStore(value);
  return typeof value === 'function' && !types.isProxy(value) && fingerprint(textOf.call(value)) === hash;
}

const fingerprintOf = (value: object): number | null =>
  typeof value === 'function' ? fingerprint(textOf.call(value)) : null;

/** The module that a function stands in, and what the function sees. */
interface Home {
  readonly url: string;
  readonly file: string;
  /** An ES module. */
  readonly isModule: boolean;
  /** Of CommonJS. */
  readonly exported: unknown;
  /** From the outermost. */
  readonly scopes: readonly ScopeView[];
}

/** Undefined if this process has not loaded it, or may not ask: code by value is compiled under the names of files. */
function homeOf(fn: object): Home | undefined {
  try {
    const { location, scopes } = viewFunction(fn);
    const url = location && nameOfScript(location.scriptId);
    if (!url) return undefined;
    const isModule = scopes.some(({ type }) => type === 'Module');
    const file = url.startsWith('file:') ? fileURLToPath(url) : url;
    const loaded = isModule ? undefined : requireCache()[file];
    if (!isModule && !loaded) return undefined;
    return { url, file, isModule, exported: loaded?.exports, scopes: scopes.toReversed() };
  } catch {
    return undefined; // no inspector here: the class may still be found among what a module exports
  }
}

/** Undefined if no variable of a module holds it, or if this process may not ask. */
export const declarationOf = oncePerObject((fn: object): RowHead | undefined => {
  const home = homeOf(fn);
  if (!home) return undefined;
  const key = isObject(home.exported) ? exportName(home.exported, fn) : undefined;
  if (key !== undefined) return ['import', cjsSource(home.file), [key], null];
  for (const [scope, { variables }] of home.scopes.entries()) {
    const steps = placeAmong(variables, fn);
    const head = steps && headOf(home, scope, steps, fn);
    if (head) return head;
  }
  return undefined;
});

/**
 * Undefined where a search that starts from what the module exports finds another variable first: a function that is called
 * several times has one for each call. What a function of an ES module has made is seen from nowhere else.
 */
function headOf(home: Home, scope: number, steps: Steps, value: object): RowHead | undefined {
  const { url, isModule, exported, scopes } = home;
  if (isModule && scopes[scope]?.type !== 'Module') return undefined;
  const hash = fingerprintOf(value);
  for (const [, fn] of functionsIn(exported, [], 0)) {
    const found = seenBy(fn, scope, steps);
    if (!hasFingerprint(found, hash)) continue;
    if (found !== value) return undefined;
    break;
  }
  const [name, member] = steps;
  const head = ['declared', url, scope, name, hash] as const;
  return member === undefined ? head : [...head, member];
}

function placeAmong(variables: object, fn: object): Steps | undefined {
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

/** WeakMaps and WeakSets that code beside a class sees, with heads for those that a variable of a module holds. */
export const storesBeside = oncePerObject((cls: object): (readonly [Store, RowHead | undefined])[] => {
  const found: (readonly [Store, RowHead | undefined])[] = [];
  const home = homeOf(cls);
  for (const [scope, { variables }] of home?.scopes.entries() ?? []) {
    for (const name of Object.keys(variables)) {
      const value = dataOf(variables, name);
      if (home && isStore(value)) found.push([value, headOf(home, scope, [name], value)]);
      for (const [, store] of storesIn(value)) found.push([store, undefined]);
    }
  }
  return found;
});
