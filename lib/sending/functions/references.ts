/**
 * Names for functions that a worker can find by itself: exports of CommonJS modules that are loaded here, and exports
 * of ES modules. Synchronous, and nothing is imported: a module that waits for itself would hang.
 */
import { fileURLToPath } from 'node:url';
import type { ModuleSource } from '../graph/row.ts';
import type { FunctionView } from './inspector.ts';
import { moduleText } from './module-text.ts';
import { requireCache, type Source, startOf } from './sources.ts';

export interface Reference {
  readonly source: ModuleSource;
  readonly path: readonly string[];
}

const { getOwnPropertyDescriptor, getOwnPropertyNames } = Object;

export function referenceTo(
  fn: object,
  text: string,
  view: FunctionView,
  source: Source,
): Reference | undefined {
  if (!source.url.startsWith('file:')) return undefined;
  const file = fileURLToPath(source.url.split('?')[0] as string);
  const loaded = requireCache()[file];
  if (loaded) {
    const path = pathIn(loaded.exports, fn, 0);
    return path && { source: { type: 'cjs', specifier: file, from: null }, path };
  }
  if (source.isModule === false || source.text === undefined) return undefined;
  const path = exportedPath(fn, text, view, source);
  return path && { source: { type: 'esm', specifier: source.url, from: null }, path };
}

/** The same without knowing the function's file: looks through all CommonJS modules. */
export function commonJsReference(fn: object, isAllowed: (file: string) => boolean): Reference | undefined {
  const cache = requireCache();
  for (const file of Object.keys(cache)) {
    const path = isAllowed(file) && pathIn(cache[file]?.exports, fn, 0);
    if (path) return { source: { type: 'cjs', specifier: file, from: null }, path };
  }
  return undefined;
}

function exportedPath(
  fn: object,
  text: string,
  view: FunctionView,
  source: Source,
): readonly string[] | undefined {
  const module = moduleText(source.url, source.text as string, true);
  if (!module?.isModule) return undefined;
  const variables = view.scopes.find((scope) => scope.type === 'Module')?.variables ?? {};
  const read = (name: string): unknown => {
    try {
      return Object.hasOwn(variables, name) ? variables[name] : undefined;
    } catch {
      return undefined;
    }
  };
  for (const [local, [exported]] of module.exports) if (read(local) === fn) return [exported as string];
  for (const [local, [exported]] of module.exports) {
    const path = memberPath(read(local), fn);
    if (path) return [exported as string, ...path];
  }
  const anonymous = module.defaultExport;
  const start = anonymous && view.location && startOf(source.text as string, view.location, text);
  const same = anonymous && start === anonymous.start && anonymous.end - anonymous.start === text.length;
  return same ? ['default'] : undefined;
}

/** A static or prototype method of a class. */
function memberPath(owner: unknown, fn: object): readonly string[] | undefined {
  if (typeof owner !== 'function' || !/^class\b/.test(Function.prototype.toString.call(owner)))
    return undefined;
  const places: [object, string[]][] = [
    [owner, []],
    [owner.prototype as object, ['prototype']],
  ];
  for (const [place, path] of places) {
    for (const key of getOwnPropertyNames(place)) {
      if (key !== 'constructor' && getOwnPropertyDescriptor(place, key)?.value === fn) return [...path, key];
    }
  }
  return undefined;
}

function pathIn(exported: unknown, fn: object, depth: number): readonly string[] | undefined {
  if (exported === fn) return [];
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) return undefined;
  for (const key of getOwnPropertyNames(exported)) {
    if (key === 'caller' || key === 'arguments') continue;
    const value = exportedValue(exported, key, fn);
    if (value === fn) return [key];
    const member = memberPath(value, fn);
    if (member) return [key, ...member];
    const nested =
      typeof value === 'object' && value !== null && depth < 1 && Object.getPrototypeOf(value) !== null;
    const path = nested ? pathIn(value, fn, depth + 1) : undefined;
    if (path) return [key, ...path];
  }
  return undefined;
}

/** Compilers export through getters, which are read only under the function's own name. */
function exportedValue(exported: object, key: string, fn: object): unknown {
  const descriptor = getOwnPropertyDescriptor(exported, key);
  if (!descriptor?.get) return descriptor?.value as unknown;
  if (key !== (fn as { name?: unknown }).name && key !== 'default') return undefined;
  try {
    return (exported as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

let exportsSeen = new Map<unknown, string>();
let countedModules = -1;

/** The file of the CommonJS module that exports exactly this object, if one does. */
export function moduleExporting(value: object): string | undefined {
  const cache = requireCache();
  const files = Object.keys(cache);
  if (files.length !== countedModules) {
    countedModules = files.length;
    exportsSeen = new Map();
    for (const file of files) {
      const exported: unknown = cache[file]?.exports;
      if ((typeof exported === 'object' && exported !== null) || typeof exported === 'function') {
        exportsSeen.set(exported, file);
      }
    }
  }
  return exportsSeen.get(value);
}
