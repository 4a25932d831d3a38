/**
 * `executor.module`: the exports of a module as methods, each of which runs in a worker. The module is imported there; here
 * nothing of it is loaded, so which exports it has turns out in the worker.
 */
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Future } from '../futures/future.ts';
import { describe } from '../system/check.ts';

type AnyFunction = (...args: never[]) => unknown;

/** The functions that a module exports, each giving a future of what it returns. */
export type ModuleMethods<M> = {
  readonly [Name in keyof M as M[Name] extends AnyFunction ? Name : never]: M[Name] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Future<Awaited<R>>
    : never;
};

/** @param method What the caller has called. */
type Submit = (method: AnyFunction, call: AnyFunction, args: readonly unknown[]) => Future<unknown>;

/** What programs ask any object for: an answer would make a promise, a matcher or JSON of it, or run a task. */
const NO_METHODS = new Set([
  'then',
  'catch',
  'finally',
  'constructor',
  'toJSON',
  'asymmetricMatch',
  'nodeType',
]);

/** @throws TypeError if `source` imports nothing. */
export function moduleMethods<M>(source: unknown, submit: Submit): ModuleMethods<M> {
  const load = importerOf(source);
  const methods = new Map<string, AnyFunction>();
  return new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name !== 'string' || NO_METHODS.has(name) || /^[$@]{2}/.test(name)) return undefined;
      let method = methods.get(name);
      if (method === undefined) {
        const call = callOf(load, name);
        const created = (...args: unknown[]): unknown => submit(created, call, args);
        methods.set(name, created);
        method = created;
      }
      return method;
    },
    set(_, name) {
      throw new TypeError(
        `${String(name)} cannot be set: these are the exports of a module in other processes`,
      );
    },
  }) as ModuleMethods<M>;
}

type Importer = () => unknown;

function importerOf(source: unknown): Importer {
  if (typeof source === 'function') return source as Importer;
  const url = urlOf(source);
  if (url === undefined) {
    throw new TypeError(
      "module expects what imports one, () => import('./images.js'), or the URL or absolute path of its file, " +
        `got ${describe(source)}`,
    );
  }
  return () => import(url);
}

function urlOf(source: unknown): string | undefined {
  if (source instanceof URL) return source.href;
  if (typeof source !== 'string') return undefined;
  if (isAbsolute(source)) return pathToFileURL(source).href;
  return /^[a-z][a-z0-9+.-]+:/i.test(source) ? source : undefined;
}

/** What runs in the worker. Its name is that of the export, in errors and events. */
function callOf(load: Importer, name: string): AnyFunction {
  const find = async (): Promise<AnyFunction> => {
    const shared = globalThis as unknown as Record<symbol, (what: string, load: Importer) => unknown>;
    const whileLoading = shared[Symbol.for('loky.whileLoading')] ?? ((_: string, run: Importer) => run());
    const loaded = (await whileLoading('the module of the task', load)) as Record<string, unknown>;
    // What a CommonJS module exports may be there as `default` alone.
    const others = Object(loaded['default']) as Record<string, unknown>;
    const found = name in loaded ? loaded[name] : others[name];
    if (typeof found === 'function') return found as AnyFunction;
    const isFunction = (key: string) => typeof (loaded[key] ?? others[key]) === 'function';
    const names = [...new Set([...Object.keys(loaded), ...Object.keys(others)])].filter(isFunction);
    const what = found === undefined ? 'it exports no' : 'what it exports is not a function:';
    throw new TypeError(
      `the module cannot run ${name}: ${what} ${name}; its functions are ${names.join(', ') || 'none'}`,
    );
  };
  const calls = {
    [name]: (...args: never[]): unknown => {
      // Captured state would have to be sent with each call.
      const shared = globalThis as unknown as Record<symbol, WeakMap<object, AnyFunction> | undefined>;
      const key = Symbol.for('loky.moduleExports');
      shared[key] ??= new WeakMap();
      const known = shared[key];
      const exported = known.get(find);
      if (exported !== undefined) return exported(...args);
      return find().then((found) => {
        known.set(find, found);
        return found(...args);
      });
    },
  };
  return calls[name] as AnyFunction;
}
