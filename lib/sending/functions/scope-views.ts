/** Scopes as V8 shows them: copies, which are told apart by what they hold. */
import type { ScopeView } from './inspector.ts';

/** Without running what newer engines put in the place of a variable that has no value yet. */
export const dataOf = (owner: object, key: string): unknown =>
  Object.getOwnPropertyDescriptor(owner, key)?.value;

export function haveSameVariables(one: ScopeView, other: ScopeView): boolean {
  const names = Object.keys(one.variables);
  return (
    names.length === Object.keys(other.variables).length &&
    names.every((name) => Object.is(dataOf(one.variables, name), dataOf(other.variables, name)))
  );
}
