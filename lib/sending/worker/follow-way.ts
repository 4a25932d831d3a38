/** The worker's half of a way: from a function that a module exports to a variable that it sees. */
import { viewFunction } from '../functions/inspector.ts';

/**
 * `scope` counts from the outermost, `steps` are the variable and members of what it holds.
 *
 * @throws Error if this process may not use the inspector. Undefined if nothing is there.
 */
export function followWay(
  anchor: object,
  scope: number,
  [name = '', ...members]: readonly string[],
): unknown {
  const { scopes } = viewFunction(anchor);
  let value: unknown = scopes.at(-1 - scope)?.variables[name];
  for (const key of members) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}
