/** Rows for what both ends have by themselves: globals, Node's modules, and some of this package. */
import { builtinNameOf } from './builtins.ts';
import { globalPathOf } from './intrinsics.ts';
import { own } from './own.ts';
import type { Row } from './row.ts';

const names = new Map<unknown, string>();

export function commonRow(value: object): Row | undefined {
  const path = globalPathOf(value);
  if (path) return { head: ['global', path], children: [] };
  const builtin = builtinNameOf(value);
  if (builtin) return { head: ['builtin', builtin.module, builtin.path], children: [] };
  return ownRow(value);
}

/** For what this package gives to tasks. */
export function ownRow(value: object): Row | undefined {
  if (typeof value !== 'function') return undefined;
  if (names.size === 0) for (const [name, member] of Object.entries(own)) names.set(member, name);
  const name = names.get(value);
  return name === undefined ? undefined : { head: ['own', name], children: [] };
}
