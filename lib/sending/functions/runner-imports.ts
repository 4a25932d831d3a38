/** What vitest puts in the place of imports, and which of it workers can import by themselves. */
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { isObject } from '../../system/own.ts';
import type { ModuleSource } from '../graph/row.ts';
import type { FreeName } from './found-names.ts';
import { targetOf, viewFunction } from './inspector.ts';
import { isOfPackage } from './ways.ts';

/** How it names what stands for an import. */
export const RUNNER_IMPORT = /^__vi(?:te_ssr)?_import_/;

/** The module of Node.js or of a package behind a variable; undefined for files of the program, which it transforms. */
export function runnerSource(variable: string, specifier: string | undefined): ModuleSource | undefined {
  if (specifier === undefined || !RUNNER_IMPORT.test(variable)) return undefined;
  if (specifier.startsWith('node:')) return { type: 'esm', specifier, from: null };
  const [, path] = /^\/@fs(?:\/(?=[A-Za-z]:))?(.*)$/.exec(specifier) ?? [];
  if (path === undefined) return undefined;
  const { href } = pathToFileURL(path);
  return isOfPackage(href) ? { type: 'esm', specifier: href, from: null } : undefined;
}

/** As more than the object of its members. */
export const isUsedWhole = ({ uses }: FreeName): boolean => uses.some(({ member }) => member === undefined);

/** The module's own namespace, also behind the proxy that finds members of the default export as well: no mock of it. */
function namespaceBehind(value: unknown): object | undefined {
  const behind = types.isProxy(value) ? targetOf(value as object) : value;
  return types.isModuleNamespaceObject(behind) ? (behind as object) : undefined;
}

/** Whether it has what the module has, and no more. */
export function isWholeModule(value: unknown): boolean {
  const namespace = namespaceBehind(value);
  if (!namespace || namespace === value) return namespace !== undefined;
  const names = new Set(Object.getOwnPropertyNames(namespace));
  const main = (value as { readonly default?: unknown }).default;
  if (names.has('__esModule') || !isObject(main)) return false;
  return Object.keys(main).every((name) => names.has(name));
}

/** Whether only the module's own member will do: a namespace, or what is bound to something that the module keeps. */
export function isImportedByName(module: object, name: string, member: unknown): boolean {
  const isCandidate =
    types.isModuleNamespaceObject(member) ||
    (typeof member === 'function' && !types.isProxy(member) && viewFunction(member).bound !== undefined);
  if (!isCandidate || name === 'default') return false;
  return Object.hasOwn(namespaceBehind(module) ?? {}, name);
}
