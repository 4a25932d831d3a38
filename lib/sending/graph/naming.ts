/** Rows for what both ends have by themselves: globals, Node's modules, and the error classes of this package. */
import * as errors from '../../errors.ts';
import { builtinNameOf } from './builtins.ts';
import { globalPathOf } from './intrinsics.ts';
import type { Row } from './row.ts';

const own = new Map<unknown, string>();

export function commonRow(value: object): Row | undefined {
  const path = globalPathOf(value);
  if (path) return { head: ['global', path], children: [] };
  const builtin = builtinNameOf(value);
  if (builtin) return { head: ['builtin', builtin.module, builtin.path], children: [] };
  if (typeof value !== 'function') return undefined;
  if (own.size === 0) for (const [name, cls] of Object.entries(errors)) own.set(cls, name);
  const name = own.get(value);
  return name === undefined ? undefined : { head: ['own', name], children: [] };
}
