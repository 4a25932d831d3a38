/**
 * What the rows of an answer stand for in this process. Answers are not trusted: they can name what this process has
 * sent before, and the language's own objects, and nothing is called, imported or evaluated for them. What they name is
 * the class, the prototype or a function of what they build; as a value of its own arrives only a function that this
 * process has sent or loaded, or a namespace of a module, which cannot be written to; never another object of this process.
 */
import { types } from 'node:util';
import * as errors from '../../errors.ts';
import { dataOf, isObject } from '../../system/own.ts';
import { exportedValue } from '../common/compiled-exports.ts';
import type { NamedReducer } from '../common/reducers.ts';
import { declaredHere } from '../functions/declared.ts';
import { requireCache } from '../functions/loaded.ts';
import { hiddenClass } from '../graph/builtins.ts';
import { isThenable } from '../graph/instances.ts';
import { globalAt, pathText } from '../graph/intrinsics.ts';
import { ALL_OWN, ownNamed } from '../graph/own.ts';
import type { FunctionBuild, Place, Resolver } from '../graph/reader.ts';
import { HOOK } from '../graph/reductions.ts';
import { decodePrimitive, type FunctionHead, type ModuleSource, type RowHead } from '../graph/row.ts';
import { exportRemembered, functionNumbered, rememberRow, rowRemembered, symbolNumbered } from './known.ts';

/** Names under which the language itself calls functions: an answer must not put one there. */
const CALLED = new Set<string | symbol>([
  ...['then', 'toJSON', 'toString', 'valueOf', 'toLocaleString', 'next', 'return', 'throw'],
  ...[Symbol.toPrimitive, Symbol.iterator, Symbol.asyncIterator, Symbol.hasInstance, Symbol.species],
  ...[Symbol.match, Symbol.matchAll, Symbol.replace, Symbol.search, Symbol.split, Symbol.unscopables],
  ...[
    Symbol.for('nodejs.util.inspect.custom'),
    Symbol.for('nodejs.dispose'),
    Symbol.for('nodejs.asyncDispose'),
    ...disposers(),
    HOOK,
  ],
]);

/** Not every version of the language has them. */
function disposers(): symbol[] {
  const { dispose, asyncDispose } = Symbol as { dispose?: symbol; asyncDispose?: symbol };
  return [dispose, asyncDispose].filter((symbol) => symbol !== undefined);
}

/** Of the globals only classes and what they own: `process` and the like do something. */
const CLOSED = new Set([
  'process',
  'globalThis',
  'global',
  'eval',
  'Function',
  'Reflect',
  'fetch',
  'WebAssembly',
  // Their classes make functions of texts.
  '%AsyncFunction',
  '%Generator',
  '%AsyncGenerator',
]);

/** Rows that give something of this process, where all others build something new. */
const NAMED: ReadonlySet<string> = new Set([
  'global',
  'builtin',
  'import',
  'own',
  'known',
  'prototype',
  'variable',
  'declared',
]);

export class HostResolver implements Resolver {
  private readonly reducers: ReadonlyMap<string, NamedReducer[1]>;

  constructor(reducers: readonly NamedReducer[]) {
    this.reducers = new Map(reducers);
  }

  fn(head: FunctionHead, _build: FunctionBuild): void {
    throw refused(`the function "${String(head?.name)}": this process evaluates no code of a worker`);
  }

  named(head: RowHead): unknown {
    const value = this.lookUp(head);
    if (value === undefined) throw refused(describe(head));
    return value;
  }

  private lookUp(head: RowHead): unknown {
    switch (head[0]) {
      case 'known':
        return typeof head[1] === 'number' ? functionNumbered(head[1]) : undefined;
      case 'own':
        return head[1] === ALL_OWN ? undefined : ownNamed(head[1]);
      case 'global':
        return isOpen(head[1]) ? globalAt(head[1]) : undefined;
      case 'builtin':
        return carriedClass(head[1], head[2]);
      case 'import':
        return exportedHere(head[1], head[2]);
      case 'variable':
        return rowRemembered(head);
      case 'declared':
        return classDeclared(head);
      default:
        return undefined;
    }
  }

  symbol(number: number): symbol | undefined {
    return symbolNumbered(number);
  }

  rebuilt(head: RowHead, children: readonly unknown[]): unknown {
    switch (head[0]) {
      case 'named': {
        const reducer = this.reducers.get(head[1]);
        if (!reducer) throw refused(`a value of the reducer "${head[1]}", which this executor does not have`);
        return reducer.rebuild((head[2] === null ? children[0] : decodePrimitive(head[2])) as never);
      }
      case 'hook': {
        const value = rebuildByHook(children);
        if (isThenable(value)) throw refused(THENABLE);
        return value;
      }
      case 'wrapper':
        return children[0];
      default:
        throw refused(`a value that would have to be made by a call (${String(head[0])})`);
    }
  }

  checkNamed(head: RowHead, value: unknown, place: Place): void {
    if (place === 'role' || !NAMED.has(head[0])) return;
    if (head[0] === 'builtin') throw refused(describe(head));
    if (types.isModuleNamespaceObject(value)) return;
    if (typeof value === 'symbol') return;
    if (typeof value !== 'function') throw refused(`${describe(head)}, an object of this process${COPY}`);
    if (place === 'item' && head[0] === 'global') throw refused(`${describe(head)}, by itself${COPY}`);
    if (isThenable(value)) throw refused(THENABLE);
  }

  /** What the program keeps for its own objects is not for a worker to change. */
  checkEntry(key: RowHead | undefined): void {
    if (key?.[0] !== 'object') throw refused('an entry of a WeakMap for what the answer does not build');
  }

  checkPrototype(prototype: object): void {
    if (isThenable(prototype)) throw refused(THENABLE);
  }

  checkProperty(owner: object, key: string | symbol, value: unknown, accessor: boolean): void {
    if (typeof value !== 'function') return;
    if (accessor) throw refused(`the accessor ${String(key)}: reading it would call a function`);
    const isCalled = CALLED.has(key) || (key === 'exec' && 'exec' in Object.getPrototypeOf(owner));
    if (isCalled || (key === 'constructor' && !saysItsClass(owner, value)))
      throw refused(`a function under the name ${String(key)}, which the language calls by itself`);
  }
}

const COPY = '\n  hint: return a copy of its data';
const THENABLE =
  'an object with a method `then`, which `await` would call\n  hint: await it in the task, or return data';

/** Arrays, patterns and binary data are asked for their class by methods that make others of them. */
function saysItsClass(owner: object, value: { readonly prototype: unknown }): boolean {
  if (
    Array.isArray(owner) ||
    types.isRegExp(owner) ||
    ArrayBuffer.isView(owner) ||
    types.isAnyArrayBuffer(owner)
  )
    return false;
  const { prototype } = value;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.prototype.isPrototypeOf.call(prototype, owner)
  );
}

const refused = (what: string): errors.SerializationError =>
  new errors.SerializationError(`the answer of the worker holds what this process does not accept: ${what}`);

function describe(head: RowHead): string {
  switch (head[0]) {
    case 'import':
      return `${JSON.stringify(head[2])} of ${String(head[1]?.specifier)}, which this process has not loaded\n  hint: import it here too, and let the task use it`;
    case 'declared':
      return `${JSON.stringify(head[3])} of ${head[1]}, which this process has not loaded\n  hint: import it here too, and let the task use it`;
    case 'variable':
      return `the variable ${JSON.stringify(head[5])} of ${String(head[1]?.specifier)}, which this process has not sent\n  hint: return data`;
    case 'shared':
      return 'a shared value\n  hint: return data that was made of it';
    case 'known':
      return 'a function that this process no longer has';
    case 'builtin':
      return `a function of node:${String(head[1])}\n  hint: return data`;
    case 'global':
      return Array.isArray(head[1]) ? pathText(head[1]) : JSON.stringify(head);
    case 'prototype':
      return `the prototype of ${String(head[1])}`;
    default:
      return JSON.stringify(head);
  }
}

/** Of Node's modules the classes alone whose instances travel. */
function carriedClass(module: unknown, path: unknown): unknown {
  const [name, ...rest] = Array.isArray(path) ? (path as unknown[]) : [0];
  if (rest.length > 0) return undefined;
  if (module === 'fs' && typeof name === 'string' && name.startsWith('%')) return hiddenClass(name.slice(1));
  if (module === 'assert' && name === 'AssertionError')
    return process.getBuiltinModule('node:assert').AssertionError;
  if (module === 'events' && (name === undefined || name === 'EventEmitter'))
    return process.getBuiltinModule('node:events');
  return undefined;
}

const isOpen = (path: unknown): path is readonly string[] =>
  Array.isArray(path) &&
  path.length > 0 &&
  !CLOSED.has(String(path[0])) &&
  !JSON.stringify(path).includes('onstructor');

/** The same for the whole life of the class. */
function classDeclared(head: Extract<RowHead, readonly ['declared', ...unknown[]]>): unknown {
  const remembered = rowRemembered(head);
  if (remembered) return remembered;
  const found = declaredHere(head);
  if (found) rememberRow(head, found);
  return found;
}

/** What was met when functions were sent, and what CommonJS modules export that are loaded here. */
function exportedHere(source: ModuleSource, path: readonly string[]): unknown {
  if (typeof source !== 'object' || source === null || !Array.isArray(path)) return undefined;
  const remembered = exportRemembered(source, path);
  if (remembered) return remembered;
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const owner = exportRemembered(source, path.slice(0, depth));
    if (owner) return depth === 0 ? exportAt(owner, path) : dataAt(owner, path.slice(depth));
  }
  if (source.type === 'esm') return inDefaultExport(source, path);
  const cache = requireCache();
  if (source.type !== 'cjs' || !Object.hasOwn(cache, source.specifier)) return undefined;
  return exportAt(cache[source.specifier]?.exports, path);
}

/** Packages export by name what their default export has as well: one of the two may be what this process has met. */
function inDefaultExport(source: ModuleSource, [first, ...rest]: readonly string[]): unknown {
  if (first === 'default') return rest.length === 0 ? undefined : exportRemembered(source, rest);
  const exported = exportRemembered(source, ['default']);
  return exported && first !== undefined ? dataAt(exported, [first, ...rest]) : undefined;
}

function exportAt(exported: unknown, [first, ...rest]: readonly unknown[]): unknown {
  if (first === undefined) return exported;
  if (!isObject(exported)) return undefined;
  return dataAt(exportedValue(exported, String(first)), rest);
}

function dataAt(owner: unknown, path: readonly unknown[]): unknown {
  let value = owner;
  for (const key of path) value = isObject(value) ? dataOf(value, String(key)) : undefined;
  return value;
}

/** Only a class that has the hook may name what rebuilds its instances: itself, or a static method of it. */
function rebuildByHook([owner, rebuild, ...args]: readonly unknown[]): unknown {
  const hasHook =
    typeof owner === 'function' && typeof owner.prototype === 'object' && HOOK in owner.prototype;
  if (!hasHook || typeof rebuild !== 'function') throw refused('an object that says how to rebuild itself');
  if (rebuild === owner) return new (owner as unknown as new (...args: unknown[]) => unknown)(...args);
  const own = Reflect.ownKeys(owner).some((key) => dataOf(owner, key) === rebuild);
  if (own) return Reflect.apply(rebuild as (...args: unknown[]) => unknown, owner, args);
  const hint = 'let [Symbol.for("loky.reduce")]() name the class or a static method of it';
  throw refused(`a ${owner.name} that is rebuilt by something else than its class\n  hint: ${hint}`);
}
