/**
 * Finds the file that a function comes from. The inspector gives a script's number but no name: the function's own
 * text at its own place in a file that is likely settles it without the debugger, which is slow to ask.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BoundedMap } from '../../system/bounded-map.ts';
import { mainScript } from '../../system/main-script.ts';
import { dataOf } from '../../system/own.ts';
import { type Location, outerNames, type ScopeView } from './inspector.ts';
import { requireCache } from './loaded.ts';
import { scriptUrl, viewScript, withoutMark } from './scripts.ts';

export interface Source {
  /** `file:`, `node:` or another URL; empty for code that has no file. */
  readonly url: string;
  /** As stacks name it. */
  readonly file: string;
  readonly isModule: boolean | undefined;
  /** The text of the whole script, as V8 runs it. */
  readonly text: string | undefined;
  /** A tool compiled the text and left no file of it. */
  readonly isInMemory?: boolean;
}

/** By script: those of `eval` and `new Function` come without end. */
const known = new BoundedMap<string, Source>(5000);
const fileTexts = new BoundedMap<string, { readonly text: string | undefined }>(500);
const STACK_DEPTH = 40;
/** In a text of this length, that the function stands at its place says much, and to look for many names takes long. */
const LONG_TEXT = 1_000_000;
const FEW_NAMES = 4;
/** By extension, or without one. */
const IS_JAVASCRIPT = /\.[cm]?js$|[/\\][^./\\]+$/;

/** A file in which the variables that the function sees do not occur is another one that looks alike. */
export function sourceOf(
  location: Location,
  text: string,
  scopes: readonly ScopeView[],
  fn?: object,
): Source {
  const found = known.get(location.scriptId);
  if (found) return found;
  const names = outerNames(scopes);
  const among = (files: Iterable<string>): Source | undefined => onDisk(files, location, text, names);
  const source =
    among(likelyFiles()) ??
    (isGenerated(text) ? NOWHERE : ((fn && among(exporters(fn))) ?? byScript(location, text)));
  known.set(location.scriptId, source);
  if (source.url) claims.set(source.url, location.scriptId);
  return source;
}

/** Which script was found in a file: a second one that has the same text there is of another file. */
const claims = new BoundedMap<string, string>(5000);

const NOWHERE: Source = { url: '', file: '', isModule: undefined, text: undefined };

/** What `new Function` makes is known by its looks: each is a script of its own, and asking for each would be slow. */
const isGenerated = (text: string): boolean =>
  /^(?:async )?function\*? anonymous\([\s\S]*\n\) \{\n/.test(text);

function onDisk(
  files: Iterable<string>,
  location: Location,
  text: string,
  names: readonly string[],
): Source | undefined {
  for (const name of files) {
    const source = sourceIn(name, location, text);
    if (!source?.text) continue;
    const { text: whole } = source;
    const telling = whole.length > LONG_TEXT ? names.slice(0, FEW_NAMES) : names;
    if (!telling.every((variable) => whole.includes(variable))) continue;
    if ((claims.get(source.url) ?? location.scriptId) === location.scriptId) return source;
  }
  return undefined;
}

/** Undefined if the file does not have the text at that place. `name`: its URL or path. */
function sourceIn(name: string, location: Location, text: string): Source | undefined {
  const file = fileOf(name);
  // Of other files V8 runs another text, even where this function is the same in both.
  const whole = file === undefined || !IS_JAVASCRIPT.test(file) ? undefined : fileText(file);
  if (file === undefined || whole === undefined || startOf(whole, location, text) === undefined)
    return undefined;
  // The file name alone does not tell what kind of module it is; whoever needs to know parses it.
  if (file in requireCache()) return { url: pathToFileURL(file).href, file, isModule: false, text: whole };
  const url = name.startsWith('file:') ? name : pathToFileURL(file).href;
  return { url, file: url, isModule: undefined, text: whole };
}

/** Whether V8 runs what the file holds, as far as its name tells, and the file holds this text. */
export const isTextOf = (file: string, text: string): boolean =>
  IS_JAVASCRIPT.test(file) && fileText(file)?.includes(text) === true;

function fileOf(name: string): string | undefined {
  if (name.startsWith('file:')) return fileURLToPath(name);
  return /^(?:[/\\]|[A-Za-z]:[/\\])/.test(name) ? name : undefined;
}

function byScript(location: Location, text: string): Source {
  const name = scriptUrl(location.scriptId);
  const source = name === undefined ? undefined : sourceIn(name, location, text);
  if (source) return source;
  // It has no file, or was compiled from another text.
  const script = viewScript(location.scriptId);
  if (!script) return NOWHERE;
  const { url, isModule } = script;
  return {
    url: url.startsWith('file:') || fileOf(url) === undefined ? url : pathToFileURL(url).href,
    file: url,
    isModule,
    text: url.startsWith('node:') ? undefined : script.text,
    isInMemory: true,
  };
}

function* likelyFiles(): Generator<string> {
  const first = mainScript();
  if (first) yield first;
  // The files of this package are large, and no function of a program is from there: unless they are in one bundle.
  const files = stackFiles();
  const [own = ''] = files;
  const folder = own.slice(0, Math.max(own.lastIndexOf('/'), own.lastIndexOf('\\')) + 1);
  const isApart = folder !== '' && !(first ?? '').includes(folder);
  for (const file of files) if (!isApart || !file.startsWith(folder)) yield file;
}

/** CommonJS modules that export the function. */
function* exporters(fn: object): Generator<string> {
  const cache = requireCache();
  for (const file of Object.keys(cache)) {
    const exported: unknown = cache[file]?.exports;
    if (exported === fn || (typeof exported === 'object' && exported !== null && holds(exported, fn)))
      yield file;
  }
}

const holds = (exported: object, fn: object): boolean =>
  Object.getOwnPropertyNames(exported).some((key) => dataOf(exported, key) === fn);

function stackFiles(): Set<string> {
  const files = new Set<string>();
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = STACK_DEPTH;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName());
    for (const file of new Error().stack as unknown as (string | null)[]) {
      if (!file || file.startsWith('node:')) continue;
      files.add(withoutMark(file));
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
  const found = fileTexts.get(file);
  if (found) return found.text;
  let text: string | undefined;
  try {
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    text = undefined;
  }
  fileTexts.set(file, { text });
  return text;
}

/** The line that was found last: counting those of a large file takes milliseconds. */
let lastLine = { whole: '', line: 0, start: 0 };

/** Undefined if the text has no such line. */
export function positionOf(whole: string, { line, column }: Omit<Location, 'scriptId'>): number | undefined {
  if (lastLine.line !== line || lastLine.whole !== whole) {
    let start = 0;
    for (let at = 0; at < line; at++) {
      start = whole.indexOf('\n', start) + 1;
      if (start === 0) return undefined;
    }
    lastLine = { whole, line, start };
  }
  return lastLine.start + column;
}

/** Where in the whole text the function's own text starts; undefined if it does not stand there. */
export function startOf(whole: string, location: Location, text: string): number | undefined {
  const position = positionOf(whole, location);
  if (position === undefined) return undefined;
  const start = whole.lastIndexOf(text, position);
  return start >= 0 && start + text.length > position ? start : undefined;
}
