/** The CommonJS modules that are loaded here, and what modules export. Knows no syntax: a worker has to load this. */
import { Module } from 'node:module';
import { types } from 'node:util';
import { exportedValue } from '../common/compiled-exports.ts';
import type { ModuleSource } from '../graph/row.ts';
import { isNativeText } from '../values/realm.ts';

/** The module of a file. */
export const cjsSource = (file: string): ModuleSource => ({ type: 'cjs', specifier: file, from: null });

/** By their files. */
export const requireCache = (): Record<string, NodeJS.Module | undefined> =>
  (Module as unknown as { _cache: Record<string, NodeJS.Module | undefined> })._cache;

/** The name under which something is exported, directly. */
export function exportName(exported: object, value: unknown): string | undefined {
  if (types.isProxy(exported)) return undefined;
  return Object.getOwnPropertyNames(exported).find((key) => exportedValue(exported, key) === value);
}

/** Functions of a program among what a module exports, and how to get there. */
export function* functionsIn(
  exported: unknown,
  path: string[],
  depth: number,
): Generator<[string[], object]> {
  if (typeof exported === 'function') {
    if (!types.isProxy(exported) && !isNativeText(Function.prototype.toString.call(exported)))
      yield [path, exported];
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
