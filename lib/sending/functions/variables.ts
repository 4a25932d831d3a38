/** Captured variables as V8 shows them: in copies of scopes, which are told apart by what they hold. */
import { dataOf } from '../../system/own.ts';
import type { ScopeView } from './inspector.ts';

/** What is read of a variable that has no value yet. */
export const NOT_INITIALIZED = Symbol('not initialized');

/** Newer engines throw for a variable whose declaration did not run yet. */
export function readVariable(variables: Record<string, unknown> | undefined, name: string): unknown {
  try {
    return variables?.[name];
  } catch {
    return NOT_INITIALIZED;
  }
}

export function haveSameVariables(one: ScopeView, other: ScopeView): boolean {
  const names = Object.keys(one.variables);
  return (
    names.length === Object.keys(other.variables).length &&
    names.every((name) => Object.is(dataOf(one.variables, name), dataOf(other.variables, name)))
  );
}
