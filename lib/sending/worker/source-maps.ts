/**
 * Maps of compiled texts: by them stacks name the user's source. they are given to Node.js where it uses source maps; the
 * stacks of errors that leave this worker are mapped here, where it does not, or where a tool has taken stacks over.
 */
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BoundedMap } from '../../system/bounded-map.ts';
import type { TextMap } from '../graph/row.ts';

/** Those of texts that came long ago are forgotten: texts can come without end. */
const maps = new BoundedMap<string, SourceMap>(5000);
let count = 0;

/** Gives the name under which the text is to be compiled, at line 0 and column 0. */
export function nameWithMap(file: string, { sources, mappings }: TextMap): string {
  const name = `${file}?loky=${count++}`;
  const payload = {
    version: 3,
    file: '',
    sources: [...sources],
    sourcesContent: [],
    names: [],
    mappings,
    sourceRoot: '',
  };
  maps.set(name, new SourceMap(payload));
  if ((process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled !== false) tellNode(name, payload);
  return name;
}

/** In two parts: a tool that searches our own files for a source map (jest does) must not find this. */
const MAP_COMMENT = ['//# source', 'MappingURL=data:application/json;base64,'].join('');

/** The only way to give Node.js a map is to evaluate a text that has one: this one has nothing else. */
function tellNode(name: string, payload: object): void {
  const encoded = Buffer.from(JSON.stringify(payload)).toString('base64');
  try {
    // biome-ignore-start lint: see above
    (0, eval)(`//# sourceURL=${name}\n${MAP_COMMENT}${encoded}`);
    // biome-ignore-end lint: see above
  } catch {
    // --disallow-code-generation-from-strings
  }
}

const PLACE = /((?:file:|\/|[A-Za-z]:[\\/])[^()\n]*\?loky=\d+):(\d+):(\d+)/g;

/** Puts the places in sources where a stack names those in mapped texts. */
export function withSourcePlaces(stack: string): string {
  if (count === 0 || !stack.includes('?loky=')) return stack;
  return stack.replace(PLACE, (whole, name: string, line: string, column: string) => {
    const entry = maps.get(name)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return whole;
    const { originalSource, originalLine, originalColumn } = entry;
    return `${asPath(originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

const asPath = (source: string): string => (source.startsWith('file:') ? fileURLToPath(source) : source);
