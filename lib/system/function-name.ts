import { types } from 'node:util';

/** A function's own name; empty if it has none. Runs no code of the user's. */
export function nameOf(fn: object): string {
  if (types.isProxy(fn)) return '';
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' ? name : '';
}
