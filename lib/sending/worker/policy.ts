/** How answers are written: functions and classes go by reference only, by the names that came with the task. */
import { types } from 'node:util';
import { nameOf } from '../../system/function-name.ts';
import { dataOf } from '../../system/own.ts';
import { sharedState } from '../common/shared.ts';
import { wrappedBy } from '../common/wrap.ts';
import { declarationOf, isOfNode, storesBeside } from '../functions/declaration.ts';
import { exportName } from '../functions/loaded.ts';
import { checkInstance, isThenable } from '../graph/instances.ts';
import { type GlobalPath, isNamespace, pathText } from '../graph/intrinsics.ts';
import { commonRow } from '../graph/naming.ts';
import { className, objectRow, type Takes } from '../graph/objects.ts';
import { hookRow, ReducedValues } from '../graph/reductions.ts';
import { InstanceRefusal, Refusal } from '../graph/refusal.ts';
import { encodePrimitive, type Row, type RowHead } from '../graph/row.ts';
import { symbolRow } from '../graph/symbols.ts';
import type { Store } from '../graph/weak-stores.ts';
import type { GraphWriter, Policy } from '../graph/writer.ts';
import { asItIs } from '../values/encode.ts';
import { isPrimitive } from '../values/primitives.ts';
import { isObjectPrototype } from '../values/realm.ts';
import type { Functions } from './functions.ts';
import { loadedModules } from './modules.ts';
import { isClass, type WorkerResolver } from './resolver.ts';
import { stackOf } from './stacks.ts';

export type ResultReducer = readonly [
  name: string,
  test: (value: unknown) => unknown,
  reduce: (value: unknown) => unknown,
];

export class WorkerPolicy implements Policy {
  readonly stores: Policy['stores'];
  /** Of the modules that instances come from. */
  private readonly storesHere = new Map<Store, Row | undefined>();

  readonly takes: Takes;
  readonly primitives: boolean;
  readonly keep = asItIs;
  private readonly reduced = new ReducedValues();
  private readonly functions: Functions;
  private readonly resolver: WorkerResolver;
  private readonly reducers: readonly ResultReducer[];

  constructor(
    functions: Functions,
    resolver: WorkerResolver,
    reducers: readonly ResultReducer[],
    nearestClasses: boolean,
  ) {
    this.takes = { degradedErrors: true, nearestClasses, stackOf };
    this.functions = functions;
    this.resolver = resolver;
    this.reducers = reducers;
    this.primitives = reducers.length > 0;
    this.stores = {
      numberOf: () => undefined,
      wanted: undefined,
      keysOf: () => [],
      isNamed: () => false,
      noteUnseen: () => {},
      known: () => this.knownStores(),
    };
  }

  private *knownStores(): Generator<readonly [Store, Row | undefined]> {
    for (const [number, store] of this.resolver.stores())
      yield [store, { head: ['known', number], children: [] }];
    yield* this.storesHere;
  }

  custom(value: unknown, writer: GraphWriter): Row | undefined {
    if (sharedState(value) !== undefined)
      throw new Refusal(value, 'is a shared value', 'return its `value`, or data that was made of it');
    for (const [name, test, reduce] of this.reducers) {
      if (!test(value)) continue;
      this.reduced.before(value, name);
      const reduced = reduce(value);
      this.reduced.after(value, name, reduced);
      const primitive = isPrimitive(reduced) ? encodePrimitive(reduced) : null;
      if (!primitive && typeof value === 'object' && value)
        writer.edge(value, `[reduced by "${name}"]`, reduced);
      return { head: ['named', name, primitive], children: primitive ? [] : [reduced] };
    }
    if (isPrimitive(value) || typeof value === 'symbol') return undefined;
    const object = value as object;
    const wrapped = wrappedBy(object);
    // The host makes no wrappers for a worker.
    if (wrapped) return { head: ['wrapper', false], children: [wrapped.value] };
    return types.isProxy(object) || typeof object === 'function' ? undefined : hookRow(object, writer);
  }

  named(value: object, writer: GraphWriter): Row | undefined {
    const origin = this.resolver.originOf(value);
    const row = origin ? { head: origin, children: [] } : commonRow(value);
    const isNameable = typeof value === 'function' || types.isModuleNamespaceObject(value);
    if (isNameable || writer.isPrototype(value)) return row;
    if (row?.head[0] === 'global') return copyOfGlobal(value, row.head[1], writer);
    if (row === undefined && isClassPrototype(value))
      throw ofThisProcess(value, `the prototype of ${className(value)}`);
    return undefined; // an export of a module goes as the data that it is here
  }

  symbol(value: symbol): Row {
    const origin = this.resolver.originOf(value);
    return origin ? { head: origin, children: [] } : symbolRow(value, this.resolver.numberOfSymbol);
  }

  fn(fn: (...args: never[]) => unknown): Row {
    if (types.isProxy(fn)) throw new Refusal(fn, 'is a Proxy', 'return what is behind it');
    const id = this.functions.idOf(fn);
    if (id !== undefined) return { head: ['known', id], children: [] };
    const exported = exportRow(fn);
    // What a CommonJS module exports the host finds by itself; to ask where a class is declared takes longer.
    const isSure = exported?.[0] === 'import' && exported[1].type === 'cjs';
    const head = isSure ? exported : (declarationOf(fn) ?? exported);
    if (head) return { head, children: [] };
    const name = nameOf(fn) || 'anonymous';
    if (/^[gs]et /.test(name)) {
      const hint = 'return what it gives, as in `{ ...object }`';
      throw new Refusal(fn, `is an accessor that the host does not know (${name})`, hint);
    }
    if (!isClass(fn)) {
      const hint = 'return data, or a function that the task was sent with';
      throw new Refusal(fn, `is a function that the host does not know (${name})`, hint);
    }
    const hint =
      'return data, or something of a class that the task was sent with; the option unknownClasses: "plain" takes the data of such instances';
    throw new Refusal(fn, `is a class that the host does not know (${name})`, hint);
  }

  checkInstance(value: object, prototype: object): void {
    checkInstance(value, prototype, isOfNode);
    for (
      let p: object | null = prototype;
      p && !isObjectPrototype(p);
      p = Object.getPrototypeOf(p) as object
    ) {
      const cls = dataOf(p, 'constructor');
      // What the code of a task keeps came with the task.
      if (typeof cls !== 'function' || this.functions.idOf(cls) !== undefined) continue;
      for (const [store, head] of storesBeside(cls))
        this.storesHere.set(store, head && { head, children: [] });
    }
    if (isThenable(prototype)) {
      const reason = `is a ${className(value)}, which has a method \`then\`, which \`await\` would call`;
      throw new InstanceRefusal(value, reason, 'await it before returning it, or return data');
    }
  }
}

/**
 * Objects that every process has do not travel by their names: the host would get its own. `process.env` and
 * `process.versions` are data; what `Math` and the like hold is functions with names.
 */
function copyOfGlobal(value: object, path: GlobalPath, writer: GraphWriter): Row {
  if (path[0] === 'process' && path.length > 1) return objectRow({ ...value }, writer);
  if (path.length > 1 || !isNamespace(value) || value === globalThis)
    throw ofThisProcess(value, pathText(path));
  const copy = Object.create(Object.prototype, Object.getOwnPropertyDescriptors(value)) as object;
  return objectRow(copy, writer);
}

function ofThisProcess(value: object, name: string): Refusal {
  const hint =
    'return data; where the name of a property comes from outside, ask Object.hasOwn() before it is read';
  return new Refusal(value, `is ${name}, which every process has for itself`, hint);
}

function isClassPrototype(value: object): boolean {
  if (types.isProxy(value)) return false;
  const cls = dataOf(value, 'constructor');
  return typeof cls === 'function' && !types.isProxy(cls) && cls.prototype === value;
}

/** By the modules that tasks have imported. */
function exportRow(fn: object): RowHead | undefined {
  for (const [source, exported] of loadedModules()) {
    const key = exportName(exported, fn);
    if (key !== undefined) return ['import', source, [key], null];
  }
  return undefined;
}
