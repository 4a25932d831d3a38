/** Objects that an `await` would call. They never are a result: the promise would run a method with data of a worker. */
import { types } from 'node:util';

/** Whether a promise that is resolved with this, or with an object made of it, would call something. Runs nothing. */
export function isThenable(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  for (let owner: object | null = value; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    // A Proxy would have to be asked.
    if (types.isProxy(owner)) return true;
    const descriptor = Object.getOwnPropertyDescriptor(owner, 'then');
    if (descriptor) return typeof descriptor.value === 'function' || descriptor.get !== undefined;
  }
  return false;
}
