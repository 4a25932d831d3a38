/** Which file a module namespace object belongs to, told by the functions that it exports. */
import { oncePerObject } from '../../system/own.ts';
import { builtinNameOf } from '../graph/builtins.ts';
import type { ModuleSource } from '../graph/row.ts';
import { esModuleOf } from './references.ts';

export const namespaceSource = oncePerObject((namespace: object): ModuleSource | undefined => {
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
});

/** A re-exported function comes from another file: the file must export what the namespace has, no more, no less. */
function urlOf(fn: object, namespace: object): string | undefined {
  try {
    const { module, source } = esModuleOf(fn) ?? {};
    if (!module || !source?.url.startsWith('file:')) return undefined;
    const exported = new Set([...module.exports.values()].flat());
    if (module.defaultExport) exported.add('default');
    const names = Object.getOwnPropertyNames(namespace);
    const isSame = names.length === exported.size && names.every((name) => exported.has(name));
    return isSame ? source.url : undefined;
  } catch {
    return undefined;
  }
}
