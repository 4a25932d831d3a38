/** Looks for the function expression that encloses another: see enclosing.ts. Parses nothing. */
import { types } from 'node:util';
import { dataOf, isObject } from '../../system/own.ts';
import type { Enclosing } from './enclosing.ts';
import { type Location, type ScopeView, viewFunction } from './inspector.ts';
import { requireCache } from './loaded.ts';
import { haveSameVariables } from './variables.ts';

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
  if (!isObject(value) || types.isProxy(value) || ArrayBuffer.isView(value)) return;
  for (const key of Object.keys(value).slice(0, MOST_MEMBERS)) yield dataOf(value, key);
}

/** A search that ends: the function is seldom the member of something large. */
const MOST_MEMBERS = 1000;

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
