/** Functions and classes by value as rows: their captured values, and what was added to them after their definition. */
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { dataOf } from '../../system/own.ts';
import type { Definition } from '../common/payload.ts';
import { type Cells, cellRow } from '../functions/cells.ts';
import { noteSent } from '../functions/declared.ts';
import type { Enclosing } from '../functions/enclosing.ts';
import { findEnclosing } from '../functions/find-enclosing.ts';
import { type FunctionView, type ScopeView, viewFunction } from '../functions/inspector.ts';
import type { LoadedModules } from '../functions/references.ts';
import {
  isImportedByName,
  isUsedWhole,
  isWholeModule,
  RUNNER_IMPORT,
  runnerSource,
} from '../functions/runner-imports.ts';
import type { Slot, TextPlan, VariableSlot } from '../functions/text-plan.ts';
import { cellName } from '../functions/text-plan.ts';
import { nameOfExpression } from '../functions/text-problems.ts';
import { NOT_INITIALIZED } from '../functions/variables.ts';
import { isOfPackage, type ModuleWays } from '../functions/ways.ts';
import { globalPathOf } from '../graph/intrinsics.ts';
import { commonRow } from '../graph/naming.ts';
import { ALL_OWN, isOwnFunction } from '../graph/own.ts';
import { integrityOf, propertiesOf } from '../graph/properties.ts';
import { closureLabel, Refusal } from '../graph/refusal.ts';
import {
  ACCESSOR,
  CONFIGURABLE,
  type FunctionHead,
  type ModuleSource,
  type PropHead,
  type Row,
  WRITABLE,
} from '../graph/row.ts';
import type { GraphWriter } from '../graph/writer.ts';
import { isNativeText, isObjectPrototype } from '../values/realm.ts';
import { newId } from './definitions.ts';
import { importRow, numberOf, rememberExport } from './known.ts';
import {
  type AnyFunction,
  type Captured,
  captured,
  codeOf,
  planOfEnclosing,
  planWithCells,
  type Reading,
  type ValuePlan,
} from './plans.ts';
import type { WholeMessage } from './whole-message.ts';

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;
const textOf = Function.prototype.toString;

/** The message that a row becomes part of. */
interface RowContext {
  readonly writer: GraphWriter;
  readonly reading: Reading;
  /** What the worker must know before it reads the message. */
  readonly definitions: Set<Definition>;
  readonly modules: LoadedModules;
  readonly message: WholeMessage;
}

export function functionRow(fn: AnyFunction, plan: ValuePlan, context: RowContext): Row {
  const { writer } = context;
  // An arrow of a class field has the object that holds it as its `this`.
  const owner = writer.owners.get(fn);
  const { text, code, values } = readCaptured(fn, plan, context);
  const children: unknown[] = text.slots.map((slot, index) =>
    slotValue(fn, text, slot, values[index], context),
  );
  if (text.lexicalThis !== 'none') children.push(lexicalThis(fn, text, owner, writer));
  context.message.note(fn, text);
  const parent = replacedPrototype(fn, text);
  if (parent) children.push(getPrototypeOf(fn));
  const own = madePrototype(fn, text);
  const prototype = prototypeMode(fn, text, own);
  if (own && prototype === 'child') children.push(getPrototypeOf(own));
  const ownFrom = children.length;
  const props = propertiesOf(fn, children, skipOwn(fn, text, own));
  for (const child of children.slice(ownFrom)) if (typeof child === 'function') writer.owners.set(child, fn);
  const prototypeProps = own ? prototypeProperties(fn, text, own, children) : [];
  const head: FunctionHead = {
    code: code.id,
    id: numberOf(fn),
    name: ownOf(fn, 'name'),
    length: ownOf(fn, 'length'),
    lexicalThis: text.lexicalThis !== 'none',
    parent,
    prototype,
    props,
    prototypeProps,
    ...(own && isDisplaced(own, text) && { isDisplaced: true }),
    integrity: integrityOf(fn),
    ...(own && { prototypeIntegrity: integrityOf(own) }),
  };
  return { head: ['function', head], children };
}

interface CapturedNow {
  readonly text: TextPlan;
  readonly code: Definition;
  readonly values: Captured;
}

/** @throws Refusal if the text cannot be sent. */
function readCaptured(fn: AnyFunction, plan: ValuePlan, context: RowContext): CapturedNow {
  const { reading, message, writer } = context;
  const { cells } = message;
  if (plan.stable) return { text: plan.text, code: knownCode(fn, plan.text, context), values: plan.stable };
  const view = reading.fn === fn ? reading.view : viewFunction(fn);
  for (const slot of plan.text.slots) {
    if (slot.kind !== 'variable') continue;
    if (slot.free.written && plan.module && isOfPackage(plan.text.url))
      refuseAssigned(fn, slot, view, plan.module);
    cells.note(fn, slot, view, writer.owners.get(fn));
  }
  const celled = celledNames(fn, plan.text, cells);
  const text = celled.size > 0 ? planWithCells(fn, view, celled) : plan.text;
  return { text, code: knownCode(fn, text, context), values: captured(text, view) };
}

/** The variable of a package in a worker is another one than that of this process: what one assigns the other lacks. */
function refuseAssigned(
  fn: AnyFunction,
  { variable, scope, home }: VariableSlot,
  { scopes }: FunctionView,
  module: ModuleWays,
): void {
  if (home?.isWhole !== true && !module.ownsScope(scopes, scope, fn)) return;
  const reason = `is a variable of ${module.source.url} that the function assigns: the worker has one of its own`;
  throw new Refusal(fn, reason, 'call what assigns it inside the task', closureLabel(variable));
}

function knownCode(fn: AnyFunction, text: TextPlan, { definitions }: RowContext): Definition {
  const code = codeOf(text);
  if (!code) throw new Refusal(fn, text.problem?.reason ?? 'cannot be sent', text.problem?.hint);
  definitions.add(code);
  return code;
}

/** Of classes: one that comes again with another code would be another class. */
const everCelled = new WeakMap<object, ReadonlySet<string>>();

function celledNames(fn: object, { kind }: TextPlan, cells: Cells): ReadonlySet<string> {
  const names = new Set([...(cells.of(fn)?.keys() ?? []), ...(everCelled.get(fn) ?? [])]);
  if (kind === 'class' && names.size > 0) everCelled.set(fn, names);
  return names;
}

function slotValue(
  fn: AnyFunction,
  text: TextPlan,
  slot: Slot,
  value: unknown,
  context: RowContext,
): unknown {
  const { writer } = context;
  switch (slot.kind) {
    case 'superclass': {
      const parent: unknown = getPrototypeOf(fn);
      writer.edge(fn, ` → superclass`, parent);
      return parent;
    }
    case 'meta':
      return writer.stub({ head: ['meta', slot.url], children: [] });
    case 'import':
      if (isOwnFunction(slot.exported, value))
        return writer.sharedStub('the package', { head: ['own', ALL_OWN], children: [] });
      if (slot.exported !== '*') rememberExport(slot.source, [slot.exported], value);
      else noteSent(value);
      context.message.imported.add(value);
      return importStub(slot.source, context);
    case 'enclosing':
      return enclosingValue(fn, slot.enclosing, value as readonly ScopeView[], context);
    case 'global': {
      const global = (globalThis as Record<string, unknown>)[slot.variable];
      writer.edge(fn, ` → global \`${slot.variable}\``, global);
      return global;
    }
    case 'variable':
      return variableValue(fn, text, slot, value, context);
  }
}

/** The function itself, or another with its text and its variables where nothing could tell them apart. */
function enclosingValue(
  fn: AnyFunction,
  enclosing: Enclosing,
  scopes: readonly ScopeView[],
  context: RowContext,
): unknown {
  const { writer } = context;
  const found = findEnclosing(enclosing, scopes, writer.owners.get(fn));
  if (found) {
    writer.edge(fn, closureLabel(enclosing.name), found);
    return found;
  }
  if (!enclosing.isOnlyCalled) throw new Refusal(fn, ...nameOfExpression(enclosing.name));
  const { location, depth, name } = enclosing;
  const view = { location, scopes: scopes.slice(depth), bound: undefined };
  const plan = planOfEnclosing(fn, enclosing, view);
  const { text } = plan;
  const isShared = text.slots.some((slot) => slot.kind === 'variable' && !slot.home?.isConstant);
  if (text.problem || isShared) throw new Refusal(fn, ...nameOfExpression(name));
  const code = knownCode(fn, text, context);
  const values = captured(text, view);
  const children = text.slots.map((slot, index) => slotValue(fn, text, slot, values[index], context));
  return writer.stub({ head: ['function', { ...BARE, code: code.id, id: newId(), name }], children });
}

/** Of a function with nothing but what its text gives it. */
const BARE = {
  length: undefined,
  lexicalThis: false,
  parent: false,
  prototype: 'default',
  props: [],
  prototypeProps: [],
} as const;

/** One stub per module and message: all functions share the imported module. */
function importStub(source: ModuleSource, { writer, message }: RowContext): object {
  const { specifier, from } = source;
  if (from !== null && /^\.{0,2}\//.test(specifier) && URL.canParse(specifier, from))
    message.refer(new URL(specifier, from).href);
  return writer.sharedStub(JSON.stringify(source), { head: ['import', source, [], null], children: [] });
}

function variableValue(
  fn: AnyFunction,
  text: TextPlan,
  slot: VariableSlot,
  value: unknown,
  { writer, modules, message }: RowContext,
): unknown {
  const label = closureLabel(slot.variable);
  if (value === NOT_INITIALIZED || (value === undefined && slot.home?.isDefined)) {
    const reason = 'has no value yet: it is used before its declaration ran';
    throw new Refusal(fn, reason, 'move the submit() below the declaration', label);
  }
  if (slot.variable === 'require' && isRequire(value)) {
    const from = placeOfRequire(value, text.url);
    return writer.sharedStub(`require ${from}`, { head: ['require', from], children: [] });
  }
  if (slot.variable === 'module' && value instanceof process.getBuiltinModule('node:module').Module) {
    throw new Refusal(fn, 'is the `module` object of CommonJS', 'capture what it exports instead', label);
  }
  const required = text.required.get(slot.variable);
  if (required !== undefined && isNamespaceOf(slot, value)) {
    const source: ModuleSource = { type: 'cjs', specifier: required, from: text.url };
    return writer.sharedStub(JSON.stringify(source), importRow(source, [], value));
  }
  const source = runnerSource(slot.variable, required);
  const imported = (path: readonly string[], held: unknown): object => {
    message.imported.add(held);
    return writer.sharedStub(JSON.stringify([source, path]), importRow(source as ModuleSource, path, held));
  };
  if (source && isUsedWhole(slot.free) && isWholeModule(value)) return imported([], value);
  writer.edge(fn, label, value);
  if (slot.name === cellName(slot.variable)) return cellOf(fn, slot, value, message.cells, writer);
  const members = usedMembers(slot, value, text, modules);
  if (!members) return value;
  for (const [name, member] of Object.entries(members)) {
    if (source && isImportedByName(value as object, name, member)) members[name] = imported([name], member);
    else writer.edge(fn, label, member);
  }
  return members;
}

/** Of a module that `require` gave. */
const isNamespaceOf = ({ variable }: VariableSlot, value: unknown): boolean =>
  types.isModuleNamespaceObject(value) && !RUNNER_IMPORT.test(variable) && !commonRow(value as object);

function cellOf(
  fn: object,
  { variable }: VariableSlot,
  value: unknown,
  cells: Cells,
  writer: GraphWriter,
): object {
  const cell = cells.of(fn)?.get(variable);
  if (!cell) return writer.stub(cellRow(value));
  cell.stub ??= writer.stub(cellRow(value));
  return cell.stub;
}

/** Its file, or, if it was made for another place, that folder. */
function placeOfRequire({ resolve }: NodeJS.Require, url: string): string {
  const [folder] = resolve.paths?.('./') ?? [];
  const isOwn = folder === undefined || !url.startsWith('file:') || dirname(fileURLToPath(url)) === folder;
  return isOwn ? url : join(folder, sep);
}

const isRequire = (value: unknown): value is NodeJS.Require =>
  typeof value === 'function' && typeof (value as NodeJS.Require).resolve === 'function' && 'cache' in value;

/**
 * What compilers and test runners put in place of an import: an object with all exports of a module behind getters.
 * Of those, only the members that the text uses are sent.
 */
function usedMembers(
  slot: VariableSlot,
  value: unknown,
  text: TextPlan,
  modules: LoadedModules,
): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const standsForImport = RUNNER_IMPORT.test(slot.variable);
  if (types.isProxy(value) && !standsForImport) return undefined;
  const isNamespace = standsForImport || dataOf(value, Symbol.toStringTag) === 'Module';
  if (!isNamespace && !isCompiledNamespace(slot, value, text)) return undefined;
  if (commonRow(value) || modules.exporting(value)) return undefined;
  const used: Record<string, unknown> = {};
  for (const { member } of slot.free.uses) {
    if (member === undefined) return undefined;
    const exported = (value as Record<string, unknown>)[member];
    if (!isNamespace && usesThis(exported)) return undefined;
    used[member] = exported;
  }
  return used;
}

/** An instance may need all that it has, whatever it is called. */
function isCompiledNamespace({ variable }: VariableSlot, value: object, { required }: TextPlan): boolean {
  const prototype = getPrototypeOf(value) as object | null;
  const isPlain = prototype === null || isObjectPrototype(prototype);
  return isPlain && (required.has(variable) || Object.hasOwn(value, '__esModule'));
}

/** A function that is called as a member has the object as its `this`: it may use what the text does not name. */
function usesThis(member: unknown): boolean {
  if (typeof member !== 'function' || types.isProxy(member)) return false;
  const source = textOf.call(member);
  return !source.startsWith('class') && /\bthis\b/.test(source);
}

function lexicalThis(
  fn: AnyFunction,
  text: TextPlan,
  owner: object | undefined,
  writer: GraphWriter,
): unknown {
  if (text.lexicalThis === 'module') return undefined;
  const source = textOf.call(fn);
  let holder = owner;
  // In an object that the constructor has made for the instance.
  if (holder && !isOwner(holder, source)) holder = writer.owners.get(holder);
  if (!holder || !isOwner(holder, source)) {
    const hint = 'copy what it needs into a const, or submit(obj.method.bind(obj))';
    throw new Refusal(fn, 'is an arrow that captures `this`', hint);
  }
  writer.edge(fn, ' → this', holder);
  return holder;
}

/** Whether the arrow stands in the text of the object's class: then that object is its `this`. */
function isOwner(owner: object, text: string): boolean {
  if (typeof owner === 'function') return textOf.call(owner).includes(text);
  for (let p = getPrototypeOf(owner) as object | null; p; p = getPrototypeOf(p) as object | null) {
    const cls = dataOf(p, 'constructor');
    if (typeof cls === 'function' && textOf.call(cls).includes(text)) return true;
  }
  return false;
}

export const isBuiltinParent = (prototype: object | null): boolean => {
  if (prototype === null) return false;
  const path = globalPathOf(prototype);
  if (path) return true;
  // Another realm's: `Function.prototype` is a native function without a name.
  return typeof prototype === 'function'
    ? isNativeText(textOf.call(prototype))
    : Symbol.toStringTag in prototype;
};

function replacedPrototype(fn: AnyFunction, text: TextPlan): boolean {
  if (text.slots.some(({ kind }) => kind === 'superclass')) return false;
  return !isBuiltinParent(getPrototypeOf(fn) as object | null);
}

/**
 * The prototype object that comes with the text. Another one (`Sub.prototype = Object.create(Base.prototype)`) is an object of
 * its own, which instances refer to as well.
 */
function madePrototype(fn: AnyFunction, { kind, isGenerator }: TextPlan): object | undefined {
  const prototype = dataOf(fn, 'prototype');
  if (typeof prototype !== 'object' || prototype === null) return undefined;
  if (kind === 'class') return prototype;
  return kind === 'function' && (isGenerator || dataOf(prototype, 'constructor') === fn)
    ? prototype
    : undefined;
}

function prototypeMode(fn: AnyFunction, text: TextPlan, own: object | undefined): FunctionHead['prototype'] {
  if (!own || text.isGenerator) return 'default';
  const parent = getPrototypeOf(own) as object | null;
  if (text.slots.some(({ kind }) => kind === 'superclass') && parent === prototypeOf(getPrototypeOf(fn)))
    return 'default';
  return parent === null ? 'null' : isObjectPrototype(parent) ? 'default' : 'child';
}

const prototypeOf = (cls: unknown): unknown => (cls as { readonly prototype?: unknown }).prototype;

/** What a function has by itself, if it is as functions have it. Null: it has none. Undefined: it is a property like others. */
function ownOf<K extends 'name' | 'length'>(fn: AnyFunction, key: K): FunctionHead[K] {
  const descriptor = getOwnPropertyDescriptor(fn, key);
  return descriptor ? valueByItself(fn, key, descriptor) : null;
}

function valueByItself<K extends 'name' | 'length'>(
  fn: AnyFunction,
  key: K,
  { value, writable, enumerable, configurable }: PropertyDescriptor,
): FunctionHead[K] {
  const isUsual =
    key === 'name' ? typeof value === 'string' : Number.isInteger(value) && !Object.is(value, -0);
  if (!isUsual || writable || enumerable) return undefined;
  return configurable || Object.isSealed(fn) ? (value as FunctionHead[K]) : undefined;
}

/** What the text itself defines is not sent again. */
function skipOwn(
  fn: AnyFunction,
  text: TextPlan,
  own: object | undefined,
): (key: string | symbol, flags: number, descriptor: PropertyDescriptor) => boolean {
  const source = textOf.call(fn);
  return (key, flags, descriptor) => {
    switch (key) {
      case 'arguments':
      case 'caller':
        return true;
      case 'prototype':
        return own === undefined ? text.isGenerator : text.kind === 'class' || (flags & WRITABLE) !== 0;
      case 'name':
      case 'length':
        if (valueByItself(fn, key, descriptor) !== undefined) return true;
        break;
    }
    return text.kind === 'class' && isDefinedBy(source, key, flags, descriptor);
  };
}

/** Attributes of methods, and of `constructor`. */
const HIDDEN = CONFIGURABLE | WRITABLE;

/**
 * Methods and accessors of a class are hidden properties whose text is part of the text of the class, and which have the
 * name of their key: under another key they were put later.
 */
function isDefinedBy(
  source: string,
  key: string | symbol,
  flags: number,
  { value, get, set }: PropertyDescriptor,
): boolean {
  if (flags !== HIDDEN && flags !== (CONFIGURABLE | ACCESSOR)) return false;
  const name = typeof key === 'string' ? key : symbolName(key);
  const parts = [
    [value, name],
    [get, `get ${name}`],
    [set, `set ${name}`],
  ].filter((part): part is [AnyFunction, string] => typeof part[0] === 'function');
  return (
    parts.length > 0 &&
    parts.every(
      ([part, ownName]) =>
        !types.isProxy(part) && dataOf(part, 'name') === ownName && source.includes(textOf.call(part)),
    )
  );
}

const symbolName = ({ description }: symbol): string => (description === undefined ? '' : `[${description}]`);

/** Whether its `constructor` is not the first property that has a name. */
const isDisplaced = (prototype: object, { isGenerator }: TextPlan): boolean =>
  !isGenerator && Object.getOwnPropertyNames(prototype).find((key) => !/^\d/.test(key)) !== 'constructor';

function prototypeProperties(
  fn: AnyFunction,
  text: TextPlan,
  prototype: object,
  children: unknown[],
): PropHead[] {
  const source = textOf.call(fn);
  const isInPlace = !isDisplaced(prototype, text);
  return propertiesOf(prototype, children, (key, flags, descriptor) => {
    if (key === 'constructor' && descriptor.value === fn) return isInPlace && flags === HIDDEN;
    return text.kind === 'class' && isDefinedBy(source, key, flags, descriptor);
  });
}
