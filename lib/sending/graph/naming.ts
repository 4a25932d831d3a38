/** Rows for what both ends have by themselves: globals, Node's modules, and some of this package. */
import { builtinNameOf } from './builtins.ts';
import { globalPathOf } from './intrinsics.ts';
import { ownRow } from './own.ts';
import type { Row } from './row.ts';

export function commonRow(value: object): Row | undefined {
  const path = globalPathOf(value);
  if (path) return { head: ['global', path], children: [] };
  const builtin = builtinNameOf(value);
  if (builtin) return { head: ['builtin', builtin.module, builtin.path], children: [] };
  return ownRow(value);
}
