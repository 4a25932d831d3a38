/** What counts as an error, whatever its class says. Runs no code of the user's. */
import { types } from 'node:util';

export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return types.isNativeError(value) || isDOMException(value) || inherits(value, Error.prototype);
}

function inherits(value: object, prototype: object): boolean {
  for (
    let p = Object.getPrototypeOf(value) as object | null;
    p;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    if (types.isProxy(p)) return false;
    if (p === prototype) return true;
  }
  return false;
}

/** Node gives them an internal slot or not, depending on its version. */
export const isDOMException = (value: object): value is DOMException =>
  typeof DOMException === 'function' && value instanceof DOMException && !types.isProxy(value);
