/**
 * Classes by where they are declared: the file, and the variable of it that holds the class. So an answer names a class
 * that the task was not sent with; this end finds it without evaluating anything, among the modules that it has loaded
 * itself through those that it sent functions of.
 */
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { dataOf } from '../../system/own.ts';
import type { RowHead } from '../graph/row.ts';
import { hasFingerprint, seenBy } from './declaration.ts';
import { viewFunction } from './inspector.ts';
import { functionsIn, requireCache } from './loaded.ts';
import { esModuleOf } from './references.ts';
import { nameOfScript } from './scripts.ts';

type DeclaredHead = Extract<RowHead, readonly ['declared', ...unknown[]]>;

const MOST_VISITS = 3000;
const MOST_ROOTS = 5000;

/** Functions and namespaces of modules that tasks were sent with. */
const roots = new Set<WeakRef<object>>();
const noted = new WeakSet<object>();
/** A function of each module that was met. */
const seeds = new Map<string, WeakRef<object>>();

export function noteSent(value: unknown): void {
  const isModule = typeof value === 'object' && value !== null && types.isModuleNamespaceObject(value);
  if (!(typeof value === 'function' || isModule) || noted.has(value as object)) return;
  noted.add(value as object);
  if (roots.size >= MOST_ROOTS) roots.delete(roots.values().next().value as WeakRef<object>);
  roots.add(new WeakRef(value as object));
}

/** The class of that declaration; undefined if this process does not have it. The head is not trusted. */
export function declaredHere([, url, scope, name, hash, member]: DeclaredHead): object | undefined {
  const isText = (text: unknown): boolean => typeof text === 'string';
  if (![url, name, member ?? ''].every(isText) || !Number.isInteger(scope)) return undefined;
  for (const seed of functionsOf(url)) {
    const value = seenBy(seed, scope, member === undefined ? [name] : [name, member]);
    if (hasFingerprint(value, hash)) return value;
  }
  return undefined;
}

function* functionsOf(url: string): Generator<object> {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  const loaded = requireCache()[file];
  if (loaded) for (const [, fn] of functionsIn(loaded.exports, [], 0)) yield fn;
  const known = seeds.get(url)?.deref() ?? search(url);
  if (known) yield known;
}

/** From the functions that were sent to what their modules import, and so on. */
function search(url: string): object | undefined {
  const waiting: unknown[] = [];
  for (const root of roots) waiting.push(root.deref());
  const scripts = new Set<string>();
  for (let at = 0; at < waiting.length && at < MOST_VISITS; at++) {
    const value = waiting[at];
    if (typeof value === 'object' && value !== null)
      for (const [, fn] of functionsIn(value, [], 1)) waiting.push(fn);
    if (typeof value !== 'function' || types.isProxy(value)) continue;
    const { scriptId } = viewFunction(value).location ?? {};
    if (scriptId === undefined || scripts.has(scriptId)) continue;
    scripts.add(scriptId);
    const found = nameOfScript(scriptId) ?? '';
    seeds.set(found, new WeakRef(value));
    if (found === url) return value;
    const { module, variables } = esModuleOf(value) ?? {};
    for (const name of module?.imports.keys() ?? []) waiting.push(dataOf(variables as object, name));
  }
  return undefined;
}
