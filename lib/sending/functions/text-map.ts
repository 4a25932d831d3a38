/**
 * Where the text of a function comes from, for files that were compiled: the part of the file's source map that is
 * about the function, moved along with what was edited in its text. Stacks in a worker name the source by it.
 */
import { findSourceMap } from 'node:module';
import { pathToFileURL } from 'node:url';
import { decode, encode, type SourceMapSegment } from '@jridgewell/sourcemap-codec';
import { oncePerObject } from '../../system/own.ts';
import type { TextMap } from '../graph/row.ts';
import type { Edits } from './edits.ts';
import type { Source } from './sources.ts';

interface FileMap {
  readonly sources: readonly string[];
  readonly lines: readonly (readonly SourceMapSegment[])[];
}

interface RawMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

const INLINE = /\/\/[#@] sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)\s*$/;
const MAPPINGS = /^[A-Za-z\d+/,;]*$/;

/** `line` and `column`: where `text` stands in the file. */
export function textMap(
  source: Source,
  line: number,
  column: number,
  text: string,
  edits: Edits,
): TextMap | undefined {
  const file = fileMapOf(source);
  if (!file) return undefined;
  const before = lineStarts(text);
  const after = lineStarts(edits.result());
  const moved: SourceMapSegment[][] = after.map(() => []);
  for (const [inside, start] of before.entries()) {
    const end = before[inside + 1] ?? text.length;
    for (const segment of file.lines[line + inside] ?? []) {
      if (segment.length === 1) continue; // text that comes from no source
      const [at, index, sourceLine, sourceColumn] = segment;
      const offset = start + at - (inside === 0 ? column : 0);
      if (offset < start || offset >= end) continue;
      const place = placeAt(edits.moved(offset), after);
      moved[place.line]?.push([place.column, index, sourceLine, sourceColumn]);
    }
  }
  if (moved.every(({ length }) => length === 0)) return undefined;
  return { sources: file.sources, mappings: encode(moved) };
}

/** Of a file on disk only if Node.js was told to use source maps, as for its stacks in this process. */
const fileMapOf = oncePerObject(({ file, text, isInMemory }: Source): FileMap | undefined => {
  try {
    const raw = file === '' ? undefined : (findSourceMap(file)?.payload ?? (isInMemory && inlineMap(text)));
    if (!raw || !Array.isArray(raw.sources) || !MAPPINGS.test(raw.mappings)) return undefined;
    const base = file.startsWith('file:') ? file : pathToFileURL(file).href;
    return {
      sources: raw.sources.map((name) => new URL(isPath(name) ? pathToFileURL(name) : name, base).href),
      lines: decode(raw.mappings),
    };
  } catch {
    return undefined; // a map that is none: stacks show the compiled text
  }
});

const isPath = (name: string): boolean => /^(?:\/|[A-Za-z]:[\\/])/.test(name);

function inlineMap(text: string | undefined): RawMap | undefined {
  const [, encoded] = (text && INLINE.exec(text)) || [];
  return encoded === undefined
    ? undefined
    : (JSON.parse(Buffer.from(encoded, 'base64').toString()) as RawMap);
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function placeAt(offset: number, starts: readonly number[]): { line: number; column: number } {
  const line = starts.findLastIndex((start) => start <= offset);
  return { line, column: offset - (starts[line] as number) };
}
