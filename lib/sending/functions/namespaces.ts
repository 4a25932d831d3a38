/** Which file a module namespace object belongs to, told by the functions that it exports. */
import { builtinNameOf } from '../graph/builtins.ts';
import type { ModuleSource } from '../graph/row.ts';
import { viewFunction } from './inspector.ts';
import { parsing } from './parsing.ts';
import { sourceOf } from './sources.ts';

const sources = new WeakMap<object, { readonly source: ModuleSource | undefined }>();

export function namespaceSource(namespace: object): ModuleSource | undefined {
  let known = sources.get(namespace);
  if (!known) {
    known = { source: find(namespace) };
    sources.set(namespace, known);
  }
  return known.source;
}

function find(namespace: object): ModuleSource | undefined {
  const builtin = builtinNameOf((namespace as { default?: unknown }).default);
  if (builtin?.path.length === 0) return { type: 'esm', specifier: `node:${builtin.module}`, from: null };
  for (const name of Object.getOwnPropertyNames(namespace)) {
    let value: unknown;
    try {
      value = (namespace as Record<string, unknown>)[name];
    } catch {
      continue;
    }
    if (typeof value !== 'function') continue;
    const url = urlOf(value, namespace);
    if (url) return { type: 'esm', specifier: url, from: null };
  }
  return undefined;
}

/** A re-exported function comes from another file: the file must export what the namespace has, no more, no less. */
function urlOf(fn: object, namespace: object): string | undefined {
  try {
    const { location, scopes } = viewFunction(fn);
    if (!location || !scopes.some((scope) => scope.type === 'Module')) return undefined;
    const source = sourceOf(location, Function.prototype.toString.call(fn), scopes);
    const module = source.text === undefined ? undefined : parsing().exportsOf(source.url, source.text);
    if (!module || !source.url.startsWith('file:')) return undefined;
    const exported = new Set([...module.exports.values()].flat());
    if (module.defaultExport) exported.add('default');
    const names = Object.getOwnPropertyNames(namespace);
    return names.length === exported.size && names.every((name) => exported.has(name))
      ? source.url
      : undefined;
  } catch {
    return undefined;
  }
}
