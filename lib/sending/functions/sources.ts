/**
 * Finds the file that a function comes from. The inspector gives a script's number but no name: the function's own
 * text at its own place in a file that is likely settles it without the debugger, which is slow to ask.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { Module } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Location, outerNames, type ScopeView, scriptSource, viewScript } from './inspector.ts';

export interface Source {
  /** `file:`, `node:` or another URL; empty for code that has no file. */
  readonly url: string;
  /** As stacks name it. */
  readonly file: string;
  readonly isModule: boolean | undefined;
  /** The text of the whole script, as V8 runs it. */
  readonly text: string | undefined;
}

export const requireCache = (): Record<string, NodeJS.Module | undefined> =>
  (Module as unknown as { _cache: Record<string, NodeJS.Module | undefined> })._cache;

const known = new Map<string, Source>();
const fileTexts = new Map<string, string | undefined>();
const FILE_LIMIT = 500;
const STACK_DEPTH = 40;
/** Scripts of `eval` and `new Function` come without end. */
const SCRIPT_LIMIT = 5000;

let main: string | undefined | null = null;

/** URL of the program's main script; undefined if it has none. */
export function mainScript(): string | undefined {
  if (main !== null) return main;
  main = undefined;
  const [, script] = process.argv;
  if (script) {
    for (const candidate of [script, `${script}.js`]) {
      try {
        main = pathToFileURL(realpathSync(candidate)).href;
        break;
      } catch {
        // Not a file: code from the command line.
      }
    }
  }
  return main;
}

/** A file in which the variables that the function sees do not occur is another one that looks alike. */
export function sourceOf(location: Location, text: string, scopes: readonly ScopeView[]): Source {
  const found = known.get(location.scriptId);
  if (found) return found;
  const source =
    onDisk(location, text, outerNames(scopes)) ??
    (isGenerated(text) ? NOWHERE : byDebugger(location.scriptId));
  if (known.size >= SCRIPT_LIMIT) known.delete(known.keys().next().value as string);
  known.set(location.scriptId, source);
  return source;
}

const NOWHERE: Source = { url: '', file: '', isModule: undefined, text: undefined };

/** What `new Function` makes is known by its looks: each is a script of its own, and asking for each would be slow. */
const isGenerated = (text: string): boolean =>
  /^(?:async )?function\*? anonymous\([\s\S]*\n\) \{\n/.test(text);

function onDisk(location: Location, text: string, names: readonly string[]): Source | undefined {
  for (const file of likelyFiles()) {
    const whole = fileText(file);
    if (whole === undefined || startOf(whole, location, text) === undefined) continue;
    if (!names.every((name) => whole.includes(name))) continue;
    // The file name alone does not tell what kind of module it is; whoever needs to know parses it.
    const cjs = file in requireCache();
    const url = pathToFileURL(file).href;
    return { url, file: cjs ? file : url, isModule: cjs ? false : undefined, text: whole };
  }
  return undefined;
}

function byDebugger(scriptId: string): Source {
  const script = viewScript(scriptId);
  if (!script) return NOWHERE;
  const { url, isModule } = script;
  const plain = url !== '' && !/^[a-z][a-z0-9+.-]+:/i.test(url);
  const text = url.startsWith('node:') ? undefined : scriptSource(scriptId);
  return {
    url: plain && /^[/\\]|^[A-Za-z]:/.test(url) ? pathToFileURL(url).href : url,
    file: url,
    isModule,
    text,
  };
}

function* likelyFiles(): Generator<string> {
  const first = mainScript();
  if (first) yield fileURLToPath(first);
  yield* stackFiles();
}

function stackFiles(): Set<string> {
  const files = new Set<string>();
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = STACK_DEPTH;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
    for (const file of new Error().stack as unknown as (string | null)[]) {
      if (!file || file.startsWith('node:')) continue;
      files.add(file.startsWith('file:') ? fileURLToPath(file) : file);
    }
  } catch {
    // Somebody froze Error: there are other ways to find the file.
  } finally {
    try {
      Error.stackTraceLimit = stackTraceLimit;
      Object.assign(Error, { prepareStackTrace });
    } catch {
      // As above.
    }
  }
  return files;
}

function fileText(file: string): string | undefined {
  if (fileTexts.has(file)) return fileTexts.get(file);
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    text = undefined;
  }
  if (fileTexts.size >= FILE_LIMIT) fileTexts.delete(fileTexts.keys().next().value as string);
  fileTexts.set(file, text);
  return text;
}

/** Where in the whole text the function's own text starts; undefined if it does not stand there. */
export function startOf(whole: string, location: Location, text: string): number | undefined {
  let position = 0;
  for (let line = 0; line < location.line; line++) {
    position = whole.indexOf('\n', position) + 1;
    if (position === 0) return undefined;
  }
  position += location.column;
  const start = whole.lastIndexOf(text, position);
  return start >= 0 && start + text.length > position ? start : undefined;
}
