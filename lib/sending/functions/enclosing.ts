/**
 * The function expression whose own name a function inside it uses: `fact` in `(function fact(n) { return () => fact; })`.
 * V8's list of scopes leaves that name out, so that the function is looked for where it can be, or rebuilt from its text.
 */
import { types } from 'node:util';
import type { FreeName } from './found-names.ts';
import { freeNames } from './free-names.ts';
import { type Location, type ScopeView, viewFunction } from './inspector.ts';
import type { FunctionAround } from './module-scopes.ts';
import { requireCache, type Source } from './sources.ts';

/** What is known of the function before any of its variables is read. */
export interface Enclosing {
  readonly name: string;
  readonly text: string;
  readonly location: Location;
  readonly source: Source;
  /** How many of the scopes that the inner function sees lie inside of it. */
  readonly depth: number;
  /** Nothing reads or sets its properties by that name, or compares it: one that is made anew does the same. */
  readonly isOnlyCalled: boolean;
}

/** Undefined if it is not certain which scopes lie inside of the function. */
export function enclosingFunction(
  name: string,
  free: FreeName,
  around: FunctionAround,
  source: Source,
  scriptId: string,
  scopes: readonly ScopeView[],
): Enclosing | undefined {
  const depth = scopesInside(scopes, name, around);
  if (depth === undefined || source.text === undefined) return undefined;
  const { start, end } = around.node;
  const before = source.text.slice(0, start);
  const line = before.split('\n').length - 1;
  const location = { scriptId, line, column: start - (before.lastIndexOf('\n') + 1) };
  const own = freeNames({ ...around.node, id: null }).names.get(name);
  const isOnlyCalled = [free, own].every((found) => !found || (!found.written && isCalled(found)));
  return { name, text: source.text.slice(start, end), location, source, depth, isOnlyCalled };
}

const isCalled = ({ uses }: FreeName): boolean =>
  uses.every(({ called, onlyTypeof }) => called || onlyTypeof);

/** The scopes from the inside out divide into those inside and those around; undefined if that is possible in two ways. */
export function scopesInside(
  scopes: readonly ScopeView[],
  name: string,
  { inside, outside }: Pick<FunctionAround, 'inside' | 'outside'>,
): number | undefined {
  const isWithin = ({ type, variables }: ScopeView): boolean =>
    type !== 'Module' && type !== 'Script' && areAmong(variables, inside);
  const isAround = ({ type, variables }: ScopeView): boolean =>
    type === 'Module' || type === 'Script' || areAmong(variables, outside);
  const possible: number[] = [];
  for (let depth = 0; depth <= scopes.length; depth++) {
    if (scopes.slice(0, depth).every(isWithin) && scopes.slice(depth).every(isAround)) possible.push(depth);
  }
  if (possible.length === 1) return possible[0];
  const named = possible.filter((depth) => depth > 0 && scopes[depth - 1]?.owner === name);
  return named.length === 1 ? named[0] : undefined;
}

const areAmong = (variables: object, names: ReadonlySet<string>): boolean =>
  Object.keys(variables).every((name) => names.has(name) || name === 'arguments' || name === 'this');

/** The function itself, where a variable, a property of one, or the module's exports hold it. */
export function findEnclosing(
  enclosing: Enclosing,
  scopes: readonly ScopeView[],
  owner: object | undefined,
): object | undefined {
  for (const candidate of candidates(enclosing, scopes, owner)) {
    if (typeof candidate !== 'function' || types.isProxy(candidate)) continue;
    if (Function.prototype.toString.call(candidate) !== enclosing.text) continue;
    if (isIt(candidate, enclosing, scopes.slice(enclosing.depth))) return candidate;
  }
  return undefined;
}

function* candidates(
  { source }: Enclosing,
  scopes: readonly ScopeView[],
  owner: object | undefined,
): Generator<unknown> {
  yield owner;
  const exported: unknown = requireCache()[source.file]?.exports;
  yield* withMembers(exported);
  for (const { variables } of scopes) {
    for (const key of Object.keys(variables)) yield* withMembers(dataOf(variables, key));
  }
}

function* withMembers(value: unknown): Generator<unknown> {
  yield value;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || types.isProxy(value))
    return;
  if (ArrayBuffer.isView(value)) return;
  for (const key of Object.keys(value).slice(0, MOST_MEMBERS)) yield dataOf(value, key);
}

/** A search that ends: the function is seldom the member of something large. */
const MOST_MEMBERS = 1000;

const dataOf = (owner: object, key: string): unknown => Object.getOwnPropertyDescriptor(owner, key)?.value;

/** Whether it is from that place and sees the same variables. */
function isIt(candidate: object, { location, text }: Enclosing, around: readonly ScopeView[]): boolean {
  const view = viewFunction(candidate);
  if (view.location?.scriptId !== location.scriptId || !isAt(view.location, location, text)) return false;
  return (
    view.scopes.length === around.length &&
    view.scopes.every((scope, index) => haveSameVariables(scope, around[index] as ScopeView))
  );
}

/** V8 counts the place of a function from its parameters or its name on. */
function isAt(place: Location, start: Location, text: string): boolean {
  const line = place.line - start.line;
  if (line < 0) return false;
  const lines = text.split('\n', line + 1);
  const column = line === 0 ? place.column - start.column : place.column;
  return lines.length === line + 1 && column >= 0 && column <= (lines[line] as string).length;
}

export function haveSameVariables(one: ScopeView, other: ScopeView): boolean {
  const names = Object.keys(one.variables);
  return (
    names.length === Object.keys(other.variables).length &&
    names.every((name) => Object.is(dataOf(one.variables, name), dataOf(other.variables, name)))
  );
}
