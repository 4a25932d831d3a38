/**
 * How each function travels, decided once per function and kept as long as the function lives: by reference, bound,
 * or by value. What a function captures is read again at every use, unless its variables are never reassigned.
 */
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { BoundedMap } from '../../system/bounded-map.ts';
import { oncePerObject } from '../../system/own.ts';
import type { Definition } from '../common/payload.ts';
import type { Enclosing } from '../functions/enclosing.ts';
import {
  type BoundView,
  type FunctionView,
  type Location,
  NO_VIEW,
  viewFunction,
} from '../functions/inspector.ts';
import { isInspecting } from '../functions/inspector-session.ts';
import { parsing } from '../functions/parsing.ts';
import { type Reference, referenceByName, referenceTo } from '../functions/references.ts';
import { type Source, sourceOf } from '../functions/sources.ts';
import type { TextPlan } from '../functions/text-plan.ts';
import { readVariable } from '../functions/variables.ts';
import { isOfPackage, type ModuleWays, waysOf } from '../functions/ways.ts';
import { Refusal } from '../graph/refusal.ts';
import { type CodeText, fingerprint, type Row } from '../graph/row.ts';
import { isNativeText } from '../values/realm.ts';
import { goesByValue } from './by-value.ts';
import { codeDefinition } from './definitions.ts';
import { importRow } from './known.ts';
import { graphs } from './rich.ts';

export type AnyFunction = (...args: never[]) => unknown;

export type Plan =
  | {
      readonly type: 'reference';
      readonly row: Row;
      readonly module: ModuleWays | undefined;
    }
  | { readonly type: 'bound'; readonly bound: BoundView }
  | {
      readonly type: 'value';
      readonly text: TextPlan;
      readonly code: Definition | undefined;
      readonly stable: Captured | undefined;
      /** Undefined if workers do not load the module that the function comes from. */
      readonly module: ModuleWays | undefined;
    };

export type ValuePlan = Extract<Plan, { readonly type: 'value' }>;

/** Raw values of the slots that are variables, by slot. */
export type Captured = readonly unknown[];

const texts = new BoundedMap<string, TextPlan>(2000);
const plans = new WeakMap<object, Plan>();
const withMain = new WeakMap<object, Plan>();
const byValue = new WeakMap<object, Plan>();
const textOf = Function.prototype.toString;
const NONE: ReadonlySet<string> = new Set();

interface PlanOptions {
  readonly mainByReference: boolean;
  /** Whatever exports it. */
  readonly forceValue: boolean;
  readonly reading: Reading;
}

/** What making a plan has read on the way: good for one submit, and saves it from reading again. */
export interface Reading {
  fn: AnyFunction | undefined;
  view: FunctionView;
}

export const newReading = (): Reading => ({ fn: undefined, view: NO_VIEW });

/** @throws Refusal if the function cannot travel. */
export function planOf(fn: AnyFunction, options: PlanOptions): Plan {
  const cache = options.forceValue ? byValue : options.mainByReference ? withMain : plans;
  const known = cache.get(fn);
  if (known && !isOutdated(known)) return known;
  const plan = makePlan(fn, options);
  cache.set(fn, plan);
  return plan;
}

/** A module may have been registered to go by value since, and a global may be there by now that was not then. */
function isOutdated(plan: Plan): boolean {
  if (plan.type === 'reference') return isForcedNow(plan.row);
  return plan.type === 'value' && plan.text.unresolved.some((name) => Object.hasOwn(globalThis, name));
}

function isForcedNow(row: Row): boolean {
  const [kind, source] = row.head;
  return kind === 'import' && goesByValue(source.specifier, true);
}

function makePlan(fn: AnyFunction, options: PlanOptions): Plan {
  if (types.isProxy(fn)) throw new Refusal(fn, 'is a Proxy around a function', 'send the function behind it');
  const text = textOf.call(fn);
  let view: FunctionView;
  try {
    view = viewFunction(fn);
  } catch (error) {
    return withoutInspector(fn, text, error, options);
  }
  if (view.bound) return { type: 'bound', bound: view.bound };
  if (isNativeText(text) || !view.location) throw native(fn);
  const source = sourceOf(view.location, text, view.scopes, fn);
  if (source.url.startsWith('node:')) throw internal(fn, source.url);
  const isLoaded = !options.forceValue && !goesByValue(source.url, options.mainByReference);
  const isFound = isLoaded && !isTestRealm(fn, source);
  const module = isFound ? waysOf(view, source) : undefined;
  if (isFound) {
    const row = referenceRow(fn, text, view, source);
    if (row) return { type: 'reference', row, module };
  }
  const plan = textPlan(fn, text, view, view.location, source);
  const values = captured(plan, view);
  options.reading.fn = fn;
  options.reading.view = view;
  const stable = isStable(plan, values) ? values : undefined;
  return { type: 'value', text: plan, code: codeOf(plan), stable, module };
}

/**
 * The plan of a function that goes by reference, where that is seen without the inspector: to open it takes about as long as to
 * start a worker. The plan does not say which module the function comes from, so it is not kept for messages that hold more.
 */
export function planWithoutInspector(fn: AnyFunction, mainByReference: boolean): Plan | undefined {
  if (isInspecting() || types.isProxy(fn) || !isOfMainRealm(fn)) return undefined;
  const text = textOf.call(fn);
  if (isNativeText(text)) return undefined;
  const isAllowed = (file: string) => !goesByValue(pathToFileURL(file).href, mainByReference);
  const reference = referenceByName(fn, text, isAllowed);
  return reference && { type: 'reference', row: rowOf(fn, text, reference), module: undefined };
}

const unnamed = (fn: AnyFunction): string => fn.name || 'anonymous';

const native = (fn: AnyFunction): Refusal =>
  new Refusal(
    fn,
    `is a native function (${unnamed(fn)})`,
    'look it up inside the task; if it is of a package that a bundler has put into the program, mark the package external',
  );

function internal(fn: AnyFunction, url: string): Refusal {
  return new Refusal(fn, `is internal to Node.js (${unnamed(fn)} in ${url})`, 'look it up inside the task');
}

/** Under jest and in `node:vm` contexts, files are transformed in memory and workers cannot load the same text. */
function isTestRealm(fn: AnyFunction, { url, text }: Source): boolean {
  if (isOfPackage(url) || text === undefined) return false;
  return !isOfMainRealm(fn) && !graphs().builtinNameOf(Object.getPrototypeOf(fn));
}

function isOfMainRealm(fn: AnyFunction): boolean {
  const main = Object.getPrototypeOf(process.getBuiltinModule('node:fs').readFileSync) as object;
  return Object.prototype.isPrototypeOf.call(main, fn);
}

function referenceRow(fn: AnyFunction, text: string, view: FunctionView, source: Source): Row | undefined {
  const reference = referenceTo(fn, text, view, source);
  return reference && rowOf(fn, text, reference);
}

const rowOf = (fn: AnyFunction, text: string, { source, path }: Reference): Row =>
  importRow(source, path, fn, fingerprint(text));

/** The plan of a function that cannot be had: of its text, and the scopes that it sees. */
export function planOfEnclosing(
  inner: AnyFunction,
  { text, location, source }: Enclosing,
  view: FunctionView,
): ValuePlan {
  const plan = textPlan(inner, text, view, location, source);
  return { type: 'value', text: plan, code: codeOf(plan), stable: undefined, module: undefined };
}

/** The same plan for a function that shares these variables with others of its message. */
export function planWithCells(fn: AnyFunction, view: FunctionView, celled: ReadonlySet<string>): TextPlan {
  const text = textOf.call(fn);
  const { location = NOWHERE } = view;
  return textPlan(fn, text, view, location, sourceOf(location, text, view.scopes), celled);
}

const NOWHERE: Location = { scriptId: '', line: 0, column: 0 };

function textPlan(
  fn: AnyFunction,
  text: string,
  view: FunctionView,
  location: Location,
  source: Source,
  celled: ReadonlySet<string> = NONE,
): TextPlan {
  const cells = celled.size > 0 ? `:${[...celled].join()}` : '';
  const key = `${location.scriptId}:${location.line}:${location.column}:${text.length}${cells}`;
  const known = texts.get(key);
  if (known && !known.isOfOne) return known;
  let plan: TextPlan;
  try {
    plan = parsing().planText(fn, text, view, source, isTestRealm(fn, source), celled);
  } catch (error) {
    if (/new\s*\.\s*target/.test(text))
      throw new Refusal(fn, 'is an arrow that captures `new.target`', 'copy it into a const');
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal(
      fn,
      `could not be parsed (${why})`,
      'export it from a module, so that it goes by reference',
    );
  }
  texts.set(key, plan);
  return plan;
}

const keyOf = oncePerObject((plan: TextPlan): string => JSON.stringify(codeText(plan)));

/** Undefined if the text cannot be sent. */
export const codeOf = (plan: TextPlan): Definition | undefined =>
  plan.problem ? undefined : codeDefinition(keyOf(plan));

function codeText(plan: TextPlan): CodeText {
  const { text, kind, written, needs, form, strict, file, line, column, map } = plan;
  const slots = plan.slots.map(({ name }) => name);
  return { text, slots, written, needs, form, isClass: kind === 'class', strict, file, line, column, map };
}

export function captured(plan: TextPlan, view: FunctionView): unknown[] {
  return plan.slots.map((slot) => {
    if (slot.kind === 'variable' || slot.kind === 'import')
      return readVariable(view.scopes[slot.scope]?.variables, slot.variable);
    return slot.kind === 'enclosing' ? view.scopes : undefined;
  });
}

function isStable(plan: TextPlan, values: Captured): boolean {
  // What is nowhere may become a global.
  if (plan.unresolved.length > 0) return false;
  return plan.slots.every((slot, index) => {
    if (slot.kind !== 'variable') return slot.kind !== 'global' && slot.kind !== 'enclosing';
    // What is undefined or not initialized now may get its value later.
    return slot.home?.isConstant === true && values[index] !== undefined && typeof values[index] !== 'symbol';
  });
}

function withoutInspector(fn: AnyFunction, text: string, cause: unknown, options: PlanOptions): Plan {
  const { forceValue, mainByReference } = options;
  const found = graphs().blindPlan(
    fn,
    text,
    cause,
    (file) => !forceValue && !goesByValue(pathToFileURL(file).href, mainByReference),
  );
  if ('path' in found) return { type: 'reference', row: rowOf(fn, text, found), module: undefined };
  return {
    type: 'value',
    text: found,
    code: codeOf(found),
    stable: captured(found, NO_VIEW),
    module: undefined,
  };
}
