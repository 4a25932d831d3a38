/** Arrays whose length comes from another process: a length that is only claimed must cost nothing. */
import { malformed } from './bytes.ts';

const MAX_LENGTH = 2 ** 32 - 1;
/** Engines allocate for a length up to some millions at once, unless the array is known to have next to no items. */
const FEW_HOLES = 64;

/**
 * An array of holes that costs no more memory than its items will.
 *
 * @param items How many items are there for it.
 * @throws SerializationError if `length` is none.
 */
export function emptyArray(length: unknown, items: number): unknown[] {
  if (!(Number.isInteger(length) && (length as number) >= 0 && (length as number) <= MAX_LENGTH))
    throw malformed('a length');
  const array: unknown[] = [];
  if ((length as number) > 4 * items + FEW_HOLES) array.length = MAX_LENGTH;
  array.length = length as number;
  return array;
}
