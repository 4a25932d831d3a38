/**
 * Names for what Node's built-in modules export: `fs.readFileSync` is `['fs', ['readFileSync']]`. Only modules that
 * this process has loaded are looked at; asking for a name never loads one.
 */
import { builtinModules } from 'node:module';
import { nameOf } from '../../system/function-name.ts';
import { isObject } from '../values/realm.ts';

interface BuiltinName {
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
  const found = hiddenClassName(value) ?? known?.get(value);
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
    if (isObject(value) && !names.has(value)) names.set(value, name);
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

const fs = (): typeof import('node:fs') => process.getBuiltinModule('node:fs');

/** Classes of `node:fs` that it does not export, or not under their names in all versions; each by an instance. */
const SAMPLES: ReadonlyMap<string, () => object> = new Map([
  ['Stats', () => fs().statSync(process.execPath)],
  ['BigIntStats', () => fs().statSync(process.execPath, { bigint: true })],
  ['StatFs', () => fs().statfsSync(process.execPath)],
  ['Dirent', newDirent],
]);

/** Its declared constructor is not that of all versions. */
function newDirent(): object {
  const { Dirent } = fs() as unknown as { Dirent: new (name: string, type: number, path: string) => object };
  return new Dirent('', 1, '');
}

const samples = new Map<string, object | undefined>();

function sampleOf(name: string): object | undefined {
  if (!samples.has(name)) {
    try {
      samples.set(name, SAMPLES.get(name)?.());
    } catch {
      samples.set(name, undefined); // without access to files
    }
  }
  return samples.get(name);
}

/** A class of `SAMPLES`. */
export function hiddenClass(name: string): unknown {
  const prototype = Object.getPrototypeOf(sampleOf(name) ?? {}) as object;
  return prototype === Object.prototype
    ? undefined
    : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
}

export const isHiddenClass = (value: unknown): boolean => hiddenClassName(value) !== undefined;

function hiddenClassName(value: unknown): BuiltinName | undefined {
  if (typeof value !== 'function') return undefined;
  const name = nameOf(value);
  if (!SAMPLES.has(name) || hiddenClass(name) !== value) return undefined;
  return { module: 'fs', path: [`%${name}`] };
}

/** Where an entry of a folder keeps what it is: under a symbol that Node shows nowhere else. */
const DIRENT_TYPE = 'Dirent.type';

export function internalSymbolName(symbol: symbol): string | undefined {
  return symbol.description === 'type' && symbol === internalSymbol(DIRENT_TYPE) ? DIRENT_TYPE : undefined;
}

export function internalSymbol(name: string): symbol | undefined {
  const sample = name === DIRENT_TYPE ? sampleOf('Dirent') : undefined;
  return sample && Object.getOwnPropertySymbols(sample)[0];
}
