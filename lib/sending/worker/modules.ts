/**
 * Modules that functions refer to, imported as if by the file that the function came from. A module is imported
 * once; what it exports is remembered under the name by which the host asked for it.
 */
import { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import { SerializationError } from '../../errors.ts';
import { whileLoading } from '../../system/worker-link.ts';
import type { ModuleSource } from '../graph/row.ts';

type Importer = (specifier: string, attributes: Record<string, string> | undefined) => Promise<object>;

const loaded = new Map<string, object>();
const importers = new Map<string, Importer>();
let quiet = false;

const keyOf = (source: ModuleSource): string =>
  JSON.stringify([source.type, source.specifier, source.from, source.attributes]);

const asFile = (from: string): string => (from.startsWith('file:') ? fileURLToPath(from) : from);

/** Imports what is not imported yet; undefined if there is nothing to wait for. */
export function loadModules(sources: readonly ModuleSource[]): Promise<unknown> | undefined {
  const missing = sources.filter((source) => !loaded.has(keyOf(source)));
  return missing.length === 0 ? undefined : Promise.all(missing.map(load));
}

async function load(source: ModuleSource): Promise<void> {
  const { specifier, from, attributes } = source;
  try {
    const load = from === null ? importHere : importerOf(from);
    const namespace = await whileLoading(specifier, () => load(specifier, attributes));
    loaded.set(keyOf(source), whole(namespace));
  } catch (cause) {
    throw cannotLoad(source, cause);
  }
}

/** Of a CommonJS module that it compiles, tsx shows `default` alone to an import that stands in a script. */
function whole(namespace: object): object {
  const { default: exported } = namespace as { default?: unknown };
  const isCompiled = typeof exported === 'object' && exported !== null && '__esModule' in exported;
  if (!isCompiled || Object.keys(namespace).join() !== 'default') return namespace;
  const { default: _, ...others } = Object.getOwnPropertyDescriptors(exported) as PropertyDescriptorMap;
  return Object.defineProperties({ default: exported }, others);
}

/** Imports a module as the file `from` would; a URL where that is `null`. */
export function importAs(specifier: string, from: string | null): Promise<object> {
  return (from === null ? importHere : importerOf(from))(specifier, undefined);
}

const importHere: Importer = (specifier) => import(specifier) as Promise<object>;

function cannotLoad({ specifier, from }: ModuleSource, cause: unknown): SerializationError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const where = from ? `, which ${from} imports` : '';
  const hint = lacksConfig() ? `\n  hint: ${TS_NODE_HINT}` : '';
  return new SerializationError(`the worker cannot load ${specifier}${where}: ${why}${hint}`, { cause });
}

const TS_NODE_HINT =
  'in a worker, ts-node has found no tsconfig.json, since it looks near the file that a process was started with: name yours by --project or TS_NODE_PROJECT';

/** ts-node shows itself to others in this way. */
function lacksConfig(): boolean {
  const service = (process as unknown as Record<symbol, unknown>)[Symbol.for('ts-node.register.instance')];
  return (
    typeof service === 'object' &&
    service !== null &&
    !(service as { configFilePath?: unknown }).configFilePath
  );
}

/** The exports of a module. ES modules must have been loaded before; CommonJS ones are loaded now. */
export function moduleOf(source: ModuleSource): unknown {
  const key = keyOf(source);
  const found = loaded.get(key);
  if (found !== undefined) return found;
  if (source.type === 'esm') throw new SerializationError(`the module ${source.specifier} is not loaded`);
  try {
    const { specifier, from } = source;
    const exported = whileLoading(specifier, () => requireFrom(from ?? specifier)(specifier) as object);
    loaded.set(key, exported);
    return exported;
  } catch (cause) {
    throw cannotLoad(source, cause);
  }
}

/** Every module that a task has asked for so far. */
export function* loadedModules(): Generator<readonly [source: ModuleSource, exported: object]> {
  for (const [key, exported] of loaded) {
    const [type, specifier, from] = JSON.parse(key) as [ModuleSource['type'], string, string | null];
    yield [{ type, specifier, from }, exported];
  }
}

export function requireFrom(from: string): NodeJS.Require {
  return createRequire(
    /^(?:file:|\/|[A-Za-z]:[\\/])/.test(from) ? from : `${process.cwd()}/${from.replace(/\W/g, '_')}`,
  );
}

export function metaOf(url: string): object {
  const filename = url.startsWith('file:') ? fileURLToPath(url) : undefined;
  const resolve = (specifier: string): string => new URL(specifier, url).href;
  const meta = {
    url,
    resolve: (specifier: string) => (isRelative(specifier) ? resolve(specifier) : bare(specifier, url)),
  };
  return filename === undefined ? meta : { dirname: dirname(filename), filename, ...meta };
}

const isRelative = (specifier: string): boolean => /^(?:\.{0,2}\/|[a-z][a-z0-9+.-]+:)/i.test(specifier);
const bare = (specifier: string, url: string): string => {
  const found = requireFrom(url).resolve(specifier);
  return isBuiltin(found) ? `node:${found.replace(/^node:/, '')}` : pathToFileURL(found).href;
};

/** What makes `import()` inside compiled text resolve against the text's own file. */
export const importOption = (): { importModuleDynamically: never } => {
  silenceOnce();
  return { importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER as never };
};

/** Attributes are an option only where there are some: older versions of Node warn of them. */
const IMPORT =
  '(specifier, attributes) => attributes ? import(specifier, { with: attributes }) : import(specifier)';

function importerOf(from: string): Importer {
  let importer = importers.get(from);
  if (!importer) {
    const filename = from.startsWith('file:') ? from : asFile(from);
    const script = new Script(IMPORT, { filename, ...importOption() });
    importer = script.runInThisContext() as Importer;
    importers.set(from, importer);
  }
  return importer;
}

/**
 * Node warns once that the option is experimental, at the first import: users of tasks can do nothing about it. What is
 * imported for that is nothing that a task could want: where hooks of the program refuse it, Node remembers that.
 */
function silenceOnce(): void {
  if (quiet) return;
  quiet = true;
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER as never;
    const script = new Script('import("data:text/javascript,")', { importModuleDynamically });
    (script.runInThisContext() as Promise<unknown>).catch(() => {});
  } finally {
    process.emitWarning = emitWarning;
  }
}
