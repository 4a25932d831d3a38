/** Where a function's text stands: its file as parsed, its own node there, and the line. */
import type { FunctionView } from './inspector.ts';
import { type ModuleText, moduleText } from './module-text.ts';
import { type Source, startOf } from './sources.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { type FunctionSyntax, parseFunction } from './syntax.ts';

export interface TextPlace {
  /** Undefined if the file is not known, or is no JavaScript that this parser knows. */
  readonly module: ModuleText | undefined;
  readonly around: Surroundings | undefined;
  /** Zero-based. */
  readonly line: number;
  readonly column: number;
}

export function placeOf(
  text: string,
  { node, offset }: FunctionSyntax,
  view: FunctionView,
  source: Source,
): TextPlace {
  const { text: whole } = source;
  const { line = 0, column = 0 } = view.location ?? {};
  if (whole === undefined) return { module: undefined, around: undefined, line, column };
  const isModule = view.scopes.some((scope) => scope.type === 'Module') ? true : source.isModule;
  const module = moduleText(source.url, whole, isModule);
  const start = view.location && startOf(whole, view.location, text);
  if (start === undefined) return { module, around: undefined, line, column };
  const around = module && surroundings(module, start + node.start - offset, start + node.end - offset);
  const before = whole.slice(0, start);
  return {
    module,
    around,
    line: before.split('\n').length - 1,
    column: start - (before.lastIndexOf('\n') + 1),
  };
}

/** @throws SyntaxError if the text is no function of JavaScript. */
export const placeOfText = (text: string, view: FunctionView, source: Source): TextPlace =>
  placeOf(text, parseFunction(text), view, source);
