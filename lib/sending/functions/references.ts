/**
 * Names for functions that a worker can find by itself: exports of CommonJS modules that are loaded here, and exports
 * of ES modules. Synchronous, and nothing is imported: a module that waits for itself would hang.
 */
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { dataOf, isObject } from '../../system/own.ts';
import type { ModuleSource } from '../graph/row.ts';
import { isObjectPrototype } from '../values/realm.ts';
import { type FunctionView, viewFunction } from './inspector.ts';
import { cjsSource, requireCache } from './loaded.ts';
import type { ModuleText } from './module-text.ts';
import { parsing } from './parsing.ts';
import { isTextOf, type Source, sourceOf, startOf } from './sources.ts';

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
    return path && { source: cjsSource(file), path };
  }
  if (source.isModule === false || source.text === undefined) return undefined;
  const path = exportedPath(fn, text, view, source);
  return path && { source: { type: 'esm', specifier: source.url, from: null }, path };
}

/**
 * The same for a function that a CommonJS module exports under its own name and whose text its file has: that is quick to
 * see for most functions that are called, and the inspector need not be opened for them.
 *
 * @param isAllowed Whether functions of a file may go by reference.
 */
export function referenceByName(
  fn: object,
  text: string,
  isAllowed: (file: string) => boolean,
): Reference | undefined {
  const name = dataOf(fn, 'name');
  if (typeof name !== 'string' || name === '') return undefined; // a closure, mostly
  const cache = requireCache();
  for (const file of Object.keys(cache)) {
    const path = pathByName(cache[file]?.exports, fn, name);
    if (path && isAllowed(file) && isTextOf(file, text)) return { source: cjsSource(file), path };
  }
  return undefined;
}

function pathByName(exported: unknown, fn: object, name: string): readonly string[] | undefined {
  if (exported === fn) return [];
  if (typeof exported !== 'object' || exported === null || types.isProxy(exported)) return undefined;
  return dataOf(exported, name) === fn ? [name] : undefined;
}

/** The same without knowing the function's file: looks through all CommonJS modules. */
export function commonJsReference(fn: object, isAllowed: (file: string) => boolean): Reference | undefined {
  const cache = requireCache();
  for (const file of Object.keys(cache)) {
    const path = isAllowed(file) && pathIn(cache[file]?.exports, fn, 0);
    if (path) return { source: cjsSource(file), path };
  }
  return undefined;
}

/** The ES module that a function stands in. */
interface EsModule {
  readonly source: Source;
  /** What its text says. */
  readonly module: ModuleText;
  readonly variables: Record<string, unknown>;
  /** Whether that function is its default export, where no variable holds it. */
  readonly isDefault: boolean;
}

/** Undefined if it stands in none, or in none that can be read. */
export function esModuleOf(fn: object): EsModule | undefined {
  const { location, scopes } = viewFunction(fn);
  const scope = scopes.find(({ type }) => type === 'Module');
  if (!location || !scope) return undefined;
  const text = Function.prototype.toString.call(fn);
  const source = sourceOf(location, text, scopes);
  const { url, text: whole } = source;
  const module = whole === undefined ? undefined : parsing().exportsOf(url, whole);
  if (!module) return undefined;
  const { start, end } = module.defaultExport ?? { start: -1, end: -1 };
  const isDefault = end - start === text.length && startOf(whole as string, location, text) === start;
  return { source, module, variables: scope.variables, isDefault };
}

function exportedPath(
  fn: object,
  text: string,
  view: FunctionView,
  source: Source,
): readonly string[] | undefined {
  const whole = source.text as string;
  const start = view.location && startOf(whole, view.location, text);
  const variables = view.scopes.find((scope) => scope.type === 'Module')?.variables ?? {};
  const read = (name: string): unknown => dataOf(variables, name);
  const declared = start === undefined ? undefined : exportedWhereDeclared(whole, start, text);
  if (declared !== undefined && read(declared) === fn) return [declared];
  const module = parsing().exportsOf(source.url, whole);
  if (!module?.isModule) return undefined;
  for (const [local, [exported]] of module.exports) if (read(local) === fn) return [exported as string];
  for (const [local, [exported]] of module.exports) {
    const path = memberPath(read(local), fn);
    if (path) return [exported as string, ...path];
  }
  const anonymous = module.defaultExport;
  const same = anonymous && start === anonymous.start && anonymous.end - anonymous.start === text.length;
  return same ? ['default'] : undefined;
}

const DECLARED = /^(?:async\s+function|function|class)\b\s*\*?\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u;
const ASSIGNED_TO = /^export\s+(?:const|let|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=\s*$/u;

/**
 * The name under which a module exports what is written at this place, if `export` stands before it on the same line:
 * most are told so, without parsing the file. A line of code that begins with `export` is an export and nothing else.
 *
 * @param start Where the text of the function or class begins.
 */
export function exportedWhereDeclared(whole: string, start: number, text: string): string | undefined {
  const before = whole.slice(whole.lastIndexOf('\n', start - 1) + 1, start).trimStart();
  if (/^export\s+$/.test(before)) return DECLARED.exec(text)?.[1];
  return ASSIGNED_TO.exec(before)?.[1];
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
      if (key !== 'constructor' && dataOf(place, key) === fn) return [...path, key];
    }
  }
  return undefined;
}

function pathIn(exported: unknown, fn: object, depth: number): readonly string[] | undefined {
  if (exported === fn) return [];
  if (!isObject(exported)) return undefined;
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

const NO_FILES: readonly string[] = [];

/**
 * The CommonJS modules that are loaded while one message is written. To list them takes as long as there are many: they
 * are listed once for a message, and only if an object in it may be what one of them exports.
 */
export class LoadedModules {
  private isListed = false;

  /** The file of the module that exports exactly this object, if one does. */
  exporting(value: object): string | undefined {
    if (!this.isListed && !mayBeExports(value)) return undefined;
    const cache = requireCache();
    if (!this.isListed) {
      this.isListed = true;
      noteExports(cache);
    }
    const file = exportsSeen.get(value);
    return file !== undefined && cache[file]?.exports === value ? file : undefined;
  }
}

/** What holds data alone goes as data, whoever exports it. Records are many: their depth is not looked into. */
function mayBeExports(value: object, depth = 0): boolean {
  if (types.isProxy(value)) return false;
  for (const key of getOwnPropertyNames(value)) {
    const descriptor = getOwnPropertyDescriptor(value, key);
    const held: unknown = descriptor?.value;
    if (descriptor?.get !== undefined || typeof held === 'function' || typeof held === 'symbol') return true;
    if (typeof held !== 'object' || held === null || Array.isArray(held)) continue;
    const prototype = Object.getPrototypeOf(held) as object | null;
    if (prototype !== null && !isObjectPrototype(prototype)) return true;
    if (depth === 0 && mayBeExports(held, 1)) return true;
  }
  return false;
}

const exportsSeen = new WeakMap<object, string>();
let filesSeen = NO_FILES;
/** Modules that were being loaded when they were looked at: what they export may be another object by now. */
let unfinished = NO_FILES;

/** What was noted before is not looked at again, unless modules went away meanwhile. */
function noteExports(cache: Record<string, NodeJS.Module | undefined>): void {
  const files = Object.keys(cache);
  const { length } = filesSeen;
  const isGrown = length > 0 && files[length - 1] === filesSeen[length - 1];
  const fresh = isGrown ? [...unfinished, ...files.slice(length)] : files;
  filesSeen = files;
  if (fresh.length === 0) return;
  unfinished = fresh.filter((file) => {
    const module = cache[file];
    const exported: unknown = module?.exports;
    if (isObject(exported)) exportsSeen.set(exported, file);
    return module?.loaded === false;
  });
}
