/** Looks for the function expression that encloses another: see enclosing.ts. Parses nothing. */
import { types } from 'node:util';
import { dataOf, isObject } from '../../system/own.ts';
import type { Enclosing } from './enclosing.ts';
import { type ScopeView, viewFunction } from './inspector.ts';
import { requireCache } from './loaded.ts';
import { positionOf, startOf } from './sources.ts';
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
function isIt(candidate: object, enclosing: Enclosing, around: readonly ScopeView[]): boolean {
  const { location, scopes } = viewFunction(candidate);
  if (!location || location.scriptId !== enclosing.location.scriptId) return false;
  const { text: whole = '' } = enclosing.source;
  if (startOf(whole, location, enclosing.text) !== positionOf(whole, enclosing.location)) return false;
  return (
    scopes.length === around.length &&
    scopes.every((scope, index) => haveSameVariables(scope, around[index] as ScopeView))
  );
}
