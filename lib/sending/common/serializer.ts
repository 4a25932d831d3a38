/** Which serializer executors use unless their options name another. */
import { SerializationError } from '../../errors.ts';

/**
 * How values are written.
 *
 * - `auto`: the cheapest way that loses nothing, by what the value holds: plain data as it is, V8's structured clone, or a graph
 * - `devalue`: always the graph, which carries functions, classes, instances, symbols and errors
 * - `v8`: structured clone alone; what it would lose is refused
 */
export type SerializerName = 'auto' | 'devalue' | 'v8';

const NAMES: readonly string[] = ['auto', 'devalue', 'v8'];
let chosen: SerializerName | undefined;

/** @throws TypeError that lists the names, if `name` is none of them. */
export function checkSerializer(name: unknown, where = 'serializer'): SerializerName {
  if (typeof name === 'string' && NAMES.includes(name)) return name as SerializerName;
  const list = NAMES.map((known) => `"${known}"`).join(', ');
  throw new TypeError(
    `${where} must be one of ${list}, but got ${typeof name === 'string' ? `"${name}"` : String(name)}`,
  );
}

/**
 * Sets the serializer for executors created from now on.
 *
 * @throws TypeError if there is no serializer of that name.
 */
export function setLokySerializer(name: SerializerName): void {
  chosen = checkSerializer(name);
}

/**
 * The serializer that was set, else that of the environment variable `LOKY_SERIALIZER`, else `auto`.
 *
 * @throws TypeError if the environment names a serializer that does not exist.
 */
export function getLokySerializer(): SerializerName {
  if (chosen) return chosen;
  const { LOKY_SERIALIZER } = process.env;
  return LOKY_SERIALIZER ? checkSerializer(LOKY_SERIALIZER, 'LOKY_SERIALIZER') : 'auto';
}

/** The error of what only the graph could carry. `subject`: as in `cannot send the result: it`. */
export const beyondClone = (subject: string, path?: string): SerializationError =>
  new SerializationError(
    `${subject} is more than structured clone carries, and the serializer is "v8"\n  hint: use the serializer "auto"`,
    path === undefined ? undefined : { path },
  );
