/**
 * Names for what Node's built-in modules export: `fs.readFileSync` is `['fs', ['readFileSync']]`. Only modules that
 * this process has loaded are looked at; asking for a name never loads one.
 */
import { builtinModules } from 'node:module';

export interface BuiltinName {
  readonly module: string;
  readonly path: readonly string[];
}

/** Deprecated ones warn when they are read, others start things. */
const LEFT_OUT = new Set([
  'sys',
  'punycode',
  'wasi',
  'trace_events',
  'inspector',
  'inspector/promises',
  'repl',
]);
const NESTED = new Set(['promises', 'posix', 'win32', 'constants', 'types', 'webcrypto', 'performance']);

let known: Map<unknown, BuiltinName> | undefined;
let loadedThen = -1;

/** Which built-in module exports this object, or is it, if one does. */
export function builtinNameOf(value: unknown): BuiltinName | undefined {
  const found = known?.get(value);
  if (found) return found;
  const loaded = loadList();
  if (known && loaded.length === loadedThen) return undefined;
  loadedThen = loaded.length;
  known = collect(new Set(loaded));
  return known.get(value);
}

const loadList = (): readonly string[] =>
  (process as unknown as { moduleLoadList?: string[] }).moduleLoadList ?? [];

function collect(loaded: ReadonlySet<string>): Map<unknown, BuiltinName> {
  const names = new Map<unknown, BuiltinName>();
  const add = (value: unknown, name: BuiltinName): void => {
    if ((typeof value === 'function' || (typeof value === 'object' && value !== null)) && !names.has(value)) {
      names.set(value, name);
    }
  };
  const modules = builtinModules.filter(
    (name) =>
      !name.startsWith('_') &&
      !LEFT_OUT.has(name) &&
      (loaded.size === 0 || loaded.has(`NativeModule ${name}`)),
  );
  // Whole modules first: `fs` is `fs`, and not a member of something that exports it too.
  for (const module of modules) add(process.getBuiltinModule(module), { module, path: [] });
  for (const module of modules) {
    const exported = process.getBuiltinModule(module) as unknown as object;
    for (const [key, value] of dataOf(exported)) {
      if (typeof value === 'function') add(value, { module, path: [key] });
      if (typeof value !== 'object' || value === null || !NESTED.has(key)) continue;
      add(value, { module, path: [key] });
      for (const [inner, nested] of dataOf(value)) {
        if (typeof nested === 'function') add(nested, { module, path: [key, inner] });
      }
    }
  }
  return names;
}

function* dataOf(owner: object): Generator<[string, unknown]> {
  for (const key of Object.getOwnPropertyNames(owner)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor && 'value' in descriptor) yield [key, descriptor.value];
  }
}
