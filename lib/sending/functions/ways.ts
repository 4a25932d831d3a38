/**
 * Ways to what a module keeps for itself: an internal class, a sentinel, a private symbol. A worker imports the module,
 * takes a function that it exports, and finds the variable among those that this function sees. So code of a module that
 * goes by reference never goes by value beside it, and what the module compares by identity stays one thing.
 */
import { types } from 'node:util';
import { BoundedMap } from '../../system/bounded-map.ts';
import { dataOf, isObject, oncePerObject } from '../../system/own.ts';
import { fingerprint, type ModuleSource, type Row } from '../graph/row.ts';
import { isStore, type Store, storesIn } from '../graph/weak-stores.ts';
import type { Steps } from './declaration.ts';
import { type FunctionView, type ScopeView, viewFunction } from './inspector.ts';
import { functionsIn, requireCache } from './loaded.ts';
import { parsing } from './parsing.ts';
import { esModuleOf } from './references.ts';
import type { Source } from './sources.ts';
import type { TextPlace } from './text-place.ts';
import { haveSameVariables } from './variables.ts';

/** A function that the module exports. */
interface Anchor {
  readonly path: readonly string[];
  readonly fn: object;
  readonly view: FunctionView;
}

interface Variable {
  readonly anchor: Anchor;
  /** Counted from the outermost. */
  readonly scope: number;
  readonly steps: Steps;
}

const MOST_CANDIDATES = 40;
const textOf = Function.prototype.toString;

/** One module that is loaded here. */
export class ModuleWays {
  readonly source: Source;
  private readonly scriptId: string;
  private seed: object | undefined;
  private variables: Map<unknown, Variable> | undefined;
  private members: Map<unknown, Variable> | undefined;
  private storeRows: (readonly [Store, Row])[] | undefined;
  private readonly rows = new Map<unknown, Row | undefined>();
  private readonly placeOf = oncePerObject(
    ({ fn, view }: Anchor): TextPlace => parsing().placeOfText(textOf.call(fn), view, this.source),
  );

  constructor(source: Source, scriptId: string) {
    this.source = source;
    this.scriptId = scriptId;
  }

  /** `seed`: any function of the module. Undefined if no variable that keeps its value leads there. */
  rowOf(value: unknown, seed: object): Row | undefined {
    const found =
      this.variablesSeen(seed).get(value) ?? (typeof value === 'function' ? this.member(value) : undefined);
    if (!found) return undefined;
    if (!this.rows.has(value)) this.rows.set(value, this.makeRow(found));
    return this.rows.get(value);
  }

  /** WeakMaps and WeakSets that it keeps: what they hold for an instance of its classes is state of that instance. */
  stores(seed: object): readonly (readonly [Store, Row])[] {
    const variables = this.variablesSeen(seed);
    this.storeRows ??= this.collectStores(variables);
    return this.storeRows;
  }

  /** A default export is no variable that V8 shows: as long as nothing was found, another seed may be it. */
  private variablesSeen(seed: object): Map<unknown, Variable> {
    if (!this.variables || (this.variables.size === 0 && this.seed !== seed)) {
      this.seed = seed;
      this.variables = this.collect(seed);
      this.members = undefined;
      this.storeRows = undefined;
    }
    return this.variables;
  }

  private collectStores(variables: Map<unknown, Variable>): (readonly [Store, Row])[] {
    const found: (readonly [Store, Row])[] = [];
    for (const [value, variable] of variables) {
      const { steps } = variable;
      if (isStore(value)) found.push([value, this.rowOfVariable(variable)]);
      for (const [key, store] of storesIn(value))
        found.push([store, this.rowOfVariable({ ...variable, steps: [...steps, key] })]);
    }
    return found;
  }

  /** Whether the scope at `index` of what a function of the module sees is one that exported functions see, too. */
  ownsScope(scopes: readonly ScopeView[], index: number, seed: object): boolean {
    const fromOutermost = index - scopes.length;
    const scope = scopes[index] as ScopeView;
    for (const { view } of this.anchors(seed)) {
      const other = view.scopes.at(fromOutermost);
      if (other && view.scopes.length >= -fromOutermost && haveSameVariables(scope, other)) return true;
    }
    return false;
  }

  private member(value: unknown): Variable | undefined {
    this.members ??= membersOf(this.variables as Map<unknown, Variable>);
    return this.members.get(value);
  }

  private collect(seed: object): Map<unknown, Variable> {
    const found = new Map<unknown, Variable>();
    for (const anchor of this.anchors(seed)) {
      const before = found.size;
      const { scopes } = anchor.view;
      for (let scope = 0; scope < scopes.length; scope++) {
        const view = scopes[scopes.length - 1 - scope] as ScopeView;
        if (view.type === 'Script') continue;
        for (const name of Object.keys(view.variables)) {
          const value = dataOf(view.variables, name);
          if (isIdentity(value) && !found.has(value)) found.set(value, { anchor, scope, steps: [name] });
        }
      }
      if (before > 0 && found.size === before) break; // the others of the file see the same
    }
    return found;
  }

  private *anchors(seed: object): Generator<Anchor> {
    let left = MOST_CANDIDATES;
    for (const [path, fn] of this.exported(seed)) {
      if (left-- === 0) return;
      const view = viewFunction(fn);
      if (view.location?.scriptId === this.scriptId) yield { path, fn, view };
    }
  }

  private *exported(seed: object): Generator<readonly [path: string[], fn: object]> {
    const loaded = requireCache()[this.source.file];
    if (loaded) {
      yield* functionsIn(loaded.exports, [], 0);
      return;
    }
    const found = esModuleOf(seed);
    if (!found) return;
    if (found.isDefault) yield* functionsIn(seed, ['default'], 1);
    for (const [local, [name]] of found.module.exports)
      yield* functionsIn(dataOf(found.variables, local), [name as string], 1);
  }

  private makeRow(variable: Variable): Row | undefined {
    const { module, around } = this.placeOf(variable.anchor);
    const isConstant = module?.variable(around?.node, variable.steps[0])?.isConstant;
    return isConstant ? this.rowOfVariable(variable) : undefined;
  }

  /** For what the variable holds now. */
  private rowOfVariable({ anchor, scope, steps }: Variable): Row {
    const [name, ...members] = steps;
    const { module } = this.placeOf(anchor);
    const [exported] = (scope === 0 && module?.isModule && module.exports.get(name)) || [];
    if (exported !== undefined) {
      return { head: ['import', this.moduleSource(), [exported, ...members], null], children: [] };
    }
    const hash = fingerprint(textOf.call(anchor.fn));
    return { head: ['variable', this.moduleSource(), anchor.path, hash, scope, steps], children: [] };
  }

  private moduleSource(): ModuleSource {
    const { file, url } = this.source;
    const type = file in requireCache() ? 'cjs' : 'esm';
    return { type, specifier: type === 'cjs' ? file : url, from: null };
  }
}

/** What is itself and no copy: where it is compared, it is by identity. */
const isIdentity = (value: unknown): boolean => isObject(value) || typeof value === 'symbol';

/** Methods and members of what the variables hold. */
function membersOf(variables: ReadonlyMap<unknown, Variable>): Map<unknown, Variable> {
  const members = new Map<unknown, Variable>();
  for (const [owner, { anchor, scope, steps }] of variables) {
    if (typeof owner === 'symbol' || types.isProxy(owner)) continue;
    const places: (readonly [object, string[]])[] = [[owner as object, []]];
    const prototype = dataOf(owner as object, 'prototype');
    if (typeof prototype === 'object' && prototype !== null) places.push([prototype, ['prototype']]);
    for (const [place, path] of places) {
      if (ArrayBuffer.isView(place)) continue;
      for (const key of Object.getOwnPropertyNames(place)) {
        const value = dataOf(place, key);
        if (typeof value !== 'function' || members.has(value) || variables.has(value)) continue;
        members.set(value, { anchor, scope, steps: [...steps, ...path, key] });
      }
    }
  }
  return members;
}

/** By script: one module. */
const known = new BoundedMap<string, ModuleWays>(500);

/** The module that a function comes from; undefined if it comes from none. */
export function waysOf({ location }: FunctionView, source: Source): ModuleWays | undefined {
  if (!location || !source.url.startsWith('file:') || source.isInMemory === true) return undefined;
  let ways = known.get(location.scriptId);
  if (!ways) {
    ways = new ModuleWays(source, location.scriptId);
    known.set(location.scriptId, ways);
  }
  return ways;
}

/** A program installs packages, and workers load them by themselves: nothing of them needs to be sent. */
export const isOfPackage = (url: string): boolean => /[/\\]node_modules[/\\]/.test(url);
