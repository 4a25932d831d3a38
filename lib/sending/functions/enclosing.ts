/**
 * The function expression whose own name a function inside it uses: `fact` in `(function fact(n) { return () => fact; })`.
 * V8's list of scopes leaves that name out, so that the function is looked for where it can be, or rebuilt from its text.
 */
import type { FreeName } from './found-names.ts';
import type { Location, ScopeView } from './inspector.ts';
import type { FunctionAround } from './module-scopes.ts';
import type { Source } from './sources.ts';
import { freeNames } from './walker.ts';

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
