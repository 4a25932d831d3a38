/** How tasks are written: functions by reference where a worker can find them, by value everywhere else. */
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { dataOf } from '../../system/own.ts';
import type { Definition, HeldShare } from '../common/payload.ts';
import type { NamedReducer } from '../common/reducers.ts';
import { hostEnd, type SharedState, type ShareOf, sharedState } from '../common/shared.ts';
import { wrappedBy } from '../common/wrap.ts';
import type { Member } from '../functions/added.ts';
import { viewFunction, weakKeysOf } from '../functions/inspector.ts';
import { cjsSource } from '../functions/loaded.ts';
import { namespaceSource } from '../functions/namespaces.ts';
import { LoadedModules } from '../functions/references.ts';
import { sourceOf } from '../functions/sources.ts';
import { isOfPackage, type ModuleWays } from '../functions/ways.ts';
import { withWayOut } from '../functions/whose.ts';
import { checkInstance } from '../graph/instances.ts';
import { commonRow } from '../graph/naming.ts';
import { FAITHFUL } from '../graph/objects.ts';
import { hookRow, ReducedValues } from '../graph/reductions.ts';
import { Refusal } from '../graph/refusal.ts';
import { countMembers, encodePrimitive, type Row } from '../graph/row.ts';
import { symbolRow, wellKnownSymbol } from '../graph/symbols.ts';
import type { Store } from '../graph/weak-stores.ts';
import type { GraphWriter, Policy } from '../graph/writer.ts';
import { isPrimitive } from '../values/primitives.ts';
import { isObjectPrototype } from '../values/realm.ts';
import { RICH, tierOf } from '../values/scan.ts';
import { copyOf } from '../values/views.ts';
import { goesByValue } from './by-value.ts';
import { functionRow } from './function-rows.ts';
import { importRow, numberOf, numberOfSymbol, rememberRow } from './known.ts';
import { type AnyFunction, newReading, type Plan, planOf, type Reading, type ValuePlan } from './plans.ts';
import { WholeMessage } from './whole-message.ts';

export class HostPolicy implements Policy {
  readonly stores: Policy['stores'];

  readonly takes = FAITHFUL;
  readonly primitives: boolean;
  readonly keep = copyOf;
  readonly copiesRecords = true;
  readonly isShared: boolean;
  readonly isKnown: ((value: object) => boolean) | undefined;
  private readonly reduced = new ReducedValues();
  /** What the worker must know before it reads what was written. */
  readonly definitions = new Set<Definition>();
  /** Those that were written, of which the worker gets a number each. */
  readonly shares = new Set<HeldShare>();
  private readonly reducers: readonly NamedReducer[];
  private readonly mainByReference: boolean;
  private readonly modules = new LoadedModules();
  /** Modules whose functions or instances are in the message, each with a function of it. */
  private readonly touched = new Map<ModuleWays, object>();
  private readonly prototypes = new Set<object>();
  private readonly forced = new WeakSet<object>();

  private readonly reading: Reading;
  private readonly shareOf: ShareOf;
  private readonly message: WholeMessage;

  constructor(
    reducers: readonly NamedReducer[],
    mainByReference: boolean,
    message = new WholeMessage(),
    reading = newReading(),
    shareOf: ShareOf = hostEnd.shareOf,
  ) {
    this.reading = reading;
    this.shareOf = shareOf;
    this.message = message;
    this.isShared = message.isShared;
    this.reducers = reducers;
    this.primitives = reducers.length > 0;
    // Reducers want to see each value.
    if (reducers.length === 0) this.isKnown = (value) => this.isOfModule(value);
    this.mainByReference = mainByReference;
    this.stores = {
      numberOf: (store) => numberOf(store),
      wanted: message.wanted,
      keysOf: storeKeys,
      isNamed: (key) => this.isNamed(key),
      noteUnseen: (keys) => message.noteUnseen(keys),
      known: () => this.storesOfModules(),
    };
  }

  /** What functions that went by value read from globals. */
  reads(): readonly Member[] {
    return this.message.reads();
  }

  /** Whether a task can get at it by its name. */
  private isNamed(key: object): boolean {
    if (commonRow(key) || this.message.imported.has(key)) return true;
    if (typeof key !== 'function' || types.isProxy(key)) return false;
    try {
      return this.planOf(key as AnyFunction).type === 'reference';
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
  }

  /** Where the modules of instances may keep state for them. */
  private *storesOfModules(): Generator<readonly [Store, Row]> {
    for (const [module, seed] of this.touched) yield* module.stores(seed);
  }

  custom(value: unknown, writer: GraphWriter): Row | undefined {
    const shared = sharedState(value);
    if (shared !== undefined) return this.shared(value as object, shared);
    for (const [name, reducer] of this.reducers) {
      if (!reducer.test(value)) continue;
      this.reduced.before(value, name);
      const reduced = reducer.reduce(value as never);
      this.reduced.after(value, name, reduced);
      const primitive = isPrimitive(reduced) ? encodePrimitive(reduced) : null;
      if (!primitive && !isPrimitive(value)) writer.edge(value as object, `[reduced by "${name}"]`, reduced);
      const children = primitive ? [reducer.rebuild] : [reducer.rebuild, reduced];
      return { head: ['rebuilt', name, primitive], children };
    }
    if (isPrimitive(value) || typeof value === 'symbol') return undefined;
    const object = value as object;
    const wrapped = wrappedBy(object);
    if (wrapped) {
      if (typeof wrapped.value === 'function') this.forced.add(wrapped.value);
      return { head: ['wrapper', wrapped.keepWrapper], children: [wrapped.value] };
    }
    return types.isProxy(object) || typeof object === 'function' ? undefined : hookRow(object, writer);
  }

  private shared(handle: object, state: SharedState): Row {
    const { reducers, mainByReference } = this;
    const share = this.shareOf(handle, state, { serializer: 'auto', reducers, mainByReference });
    this.shares.add(share);
    return { head: ['shared', share.id], children: [] };
  }

  named(value: object): Row | undefined {
    if (this.forced.has(value)) return undefined;
    const common = commonRow(value);
    if (common || typeof value === 'function' || types.isProxy(value)) return common;
    if (types.isModuleNamespaceObject(value)) return namespaceRow(value, this.mainByReference);
    const kept = this.touched.size > 0 && isKept(value) ? this.wayTo(value) : undefined;
    if (kept) return kept;
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && !isObjectPrototype(prototype) && !Array.isArray(value)) return undefined;
    const file = this.modules.exporting(value);
    // Exports that are data alone go as data, with what they hold now: so they do without the graph.
    if (file === undefined || tierOf(value) !== RICH) return undefined;
    if (goesByValue(pathToFileURL(file).href, this.mainByReference)) return undefined;
    return importRow(cjsSource(file), [], value);
  }

  /** What every process has by a name is more than plain data. */
  private isOfModule(value: object): boolean {
    return this.touched.size > 0 && isKept(value) && this.wayTo(value) !== undefined;
  }

  symbol(value: symbol): Row {
    const way = this.touched.size > 0 && isLocal(value) ? this.wayTo(value) : undefined;
    return way ?? symbolRow(value, numberOfSymbol);
  }

  /** To what a module keeps that functions or instances of this message come from. */
  private wayTo(value: object | symbol): Row | undefined {
    for (const [module, seed] of this.touched) {
      const row = module.rowOf(value, seed);
      if (!row) continue;
      rememberRow(row.head, value);
      return row;
    }
    return undefined;
  }

  private planOf(fn: AnyFunction): Plan {
    const { mainByReference, reading } = this;
    return planOf(fn, { mainByReference, forceValue: this.forced.has(fn), reading });
  }

  /** What workers load anyway is not sent a second time beside it. */
  private byWay(fn: AnyFunction, { module, text: { url } }: ValuePlan): Row | undefined {
    if (!module) return undefined;
    if (!isOfPackage(url)) this.message.copy(url);
    if (!this.isLoadedThere(url)) return undefined;
    this.touched.set(module, fn);
    const row = module.rowOf(fn, fn);
    if (!row) return undefined;
    rememberRow(row.head, fn);
    return withMembers(row, fn);
  }

  /** Whether workers load that module for this message. */
  private isLoadedThere(url: string): boolean {
    return isOfPackage(url) || this.message.refersTo(url);
  }

  fn(fn: AnyFunction, writer: GraphWriter): Row {
    try {
      return this.rowOfFunction(fn, writer);
    } catch (error) {
      throw error instanceof Refusal ? withWayOut(error, fn) : error;
    }
  }

  private rowOfFunction(fn: AnyFunction, writer: GraphWriter): Row {
    const { reading } = this;
    const plan = this.planOf(fn);
    switch (plan.type) {
      case 'reference':
        if (plan.module) this.message.refer(plan.module.source.url);
        return withMembers(plan.row, fn);
      case 'bound': {
        const { target, self, args } = plan.bound;
        writer.edge(fn, '[bound function]', target);
        writer.edge(fn, '[bound this]', self);
        args.forEach((arg, index) => {
          writer.edge(fn, `[bound argument ${index}]`, arg);
        });
        return { head: ['bound'], children: [target, self, ...args] };
      }
      case 'value': {
        const way = this.byWay(fn, plan);
        if (way) return way;
        return functionRow(fn, plan, {
          writer,
          reading,
          definitions: this.definitions,
          modules: this.modules,
          message: this.message,
        });
      }
    }
  }

  checkInstance(value: object, prototype: object): void {
    try {
      checkInstance(value, prototype, isInternal);
    } catch (error) {
      const cls = dataOf(prototype, 'constructor');
      const isOwned = error instanceof Refusal && typeof cls === 'function' && !('then' in value);
      throw isOwned ? withWayOut(error, cls) : error;
    }
    this.touch(prototype);
  }

  /** What an instance holds may be what the module of its class keeps. */
  private touch(start: object): void {
    for (let prototype: object | null = start; prototype && !this.prototypes.has(prototype); ) {
      this.prototypes.add(prototype);
      const cls = dataOf(prototype, 'constructor');
      if (typeof cls === 'function' && !commonRow(cls)) this.touchModuleOf(cls as AnyFunction);
      prototype = Object.getPrototypeOf(prototype) as object | null;
    }
  }

  private touchModuleOf(cls: AnyFunction): void {
    try {
      const plan = this.planOf(cls);
      if (plan.type === 'bound' || !plan.module) return;
      if (plan.type === 'reference' || this.isLoadedThere(plan.text.url)) this.touched.set(plan.module, cls);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // told when the class is written
    }
  }
}

function storeKeys(store: Store): object[] {
  try {
    return weakKeysOf(store);
  } catch {
    throw new Refusal(
      store,
      'is a WeakMap or WeakSet, which this process cannot look into',
      'build it inside the task',
    );
  }
}

/** Counted at each submit: a plugin may have been installed since. */
function withMembers(row: Row, fn: object): Row {
  const members = countMembers(fn);
  if (members < 2) return row;
  const [kind, source, path, ...rest] = row.head;
  if (kind === 'import') return { head: [kind, source, path, rest[0] as number, members], children: [] };
  if (kind !== 'variable') return row;
  const [hash, scope, steps] = rest as [number, number, readonly string[]];
  return { head: [kind, source, path, hash, scope, steps, members], children: [] };
}

/** What stands for itself, and has nothing in it that this process could have changed. */
function isKept(value: object): boolean {
  if (types.isWeakMap(value) || types.isWeakSet(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isPlain = prototype === null || isObjectPrototype(prototype) || Array.isArray(value);
  if (!isPlain) return false;
  return Object.isFrozen(value) || Reflect.ownKeys(value).length === (Array.isArray(value) ? 1 : 0);
}

const isLocal = (value: symbol): boolean =>
  Symbol.keyFor(value) === undefined && wellKnownSymbol(value) === undefined;

function namespaceRow(value: object, mainByReference: boolean): Row {
  const source = namespaceSource(value);
  if (source && goesByValue(source.specifier, mainByReference)) {
    const reason =
      'is the namespace of a module that goes by value (the main script, or one that was registered)';
    throw new Refusal(value, reason, 'use what it exports by name');
  }
  if (!source) {
    throw new Refusal(
      value,
      'is a module namespace whose file is not known',
      'import the module inside the function',
    );
  }
  return importRow(source, [], value);
}

/** Whether a class is part of Node itself. */
function isInternal(cls: object): boolean {
  try {
    const { location, scopes } = viewFunction(cls);
    if (!location) return true;
    return sourceOf(location, Function.prototype.toString.call(cls), scopes).url.startsWith('node:');
  } catch {
    return false;
  }
}
