/** Where a function's text stands: its file as parsed, its own node there, and the line. */

import type { FunctionView } from './inspector.ts';
import type { VariableAt } from './module-scopes.ts';
import {
  type Asked,
  claimPart,
  type FileText,
  type ModuleText,
  moduleText,
  partOfModule,
} from './module-text.ts';
import type { Span } from './occurrences.ts';
import { positionOf, type Source, startOf } from './sources.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { type FunctionSyntax, isNode, parseFunction } from './syntax.ts';
import { freeNames } from './walker.ts';

export interface TextPlace {
  /** Undefined if the file is not known, or is no JavaScript that this parser knows. */
  readonly module: ModuleText | undefined;
  readonly around: Surroundings | undefined;
  /** Zero-based. */
  readonly line: number;
  readonly column: number;
}

type Standing = Pick<TextPlace, 'module' | 'around'>;

/** Of a large file, `module` tells of what the function uses alone. */
export const placeOf = (
  text: string,
  syntax: FunctionSyntax,
  view: FunctionView,
  source: Source,
): TextPlace =>
  placeIn(text, syntax, view, source, (file, span) =>
    claimPart(file)
      ? inPart(file, span, namesIn(syntax, isExpressionAt(file.text, span.start), view))
      : undefined,
  );

/** The same of all names. @throws SyntaxError if the text is no function of JavaScript. */
export const placeOfText = (text: string, view: FunctionView, source: Source): TextPlace =>
  placeIn(text, parseFunction(text), view, source, inWhole);

function placeIn(
  text: string,
  { node, offset }: FunctionSyntax,
  { location, scopes }: FunctionView,
  { url, text: whole, isModule }: Source,
  standingIn: (file: FileText, span: Span) => Standing | undefined,
): TextPlace {
  const { line = 0, column = 0 } = location ?? {};
  if (whole === undefined) return { module: undefined, around: undefined, line, column };
  const file = { url, text: whole, isModule: scopes.some(({ type }) => type === 'Module') || isModule };
  const start = location && startOf(whole, location, text);
  if (location === undefined || start === undefined)
    return { module: moduleText(file), around: undefined, line, column };
  const span = { start: start + node.start - offset, end: start + node.end - offset };
  const lineStart = start === 0 ? 0 : whole.lastIndexOf('\n', start - 1) + 1;
  // What V8 gives is the place of the parameters.
  const linesBetween = whole.slice(start, positionOf(whole, location)).split('\n').length - 1;
  return {
    ...(standingIn(file, span) ?? inWhole(file, span)),
    line: line - linesBetween,
    column: start - lineStart,
  };
}

function inWhole(file: FileText, { start, end }: Span): Standing {
  const module = moduleText(file);
  return { module, around: module && surroundings(module, start, end) };
}

function inPart(file: FileText, span: Span, asked: Asked): Standing | undefined {
  const part = partOfModule(file, span, asked);
  return (
    part && { ...part, module: { ...part.module, variable: completed(part.module.variable, file, span) } }
  );
}

/** What is asked seldom takes the whole file. */
const completed =
  (variable: VariableAt, file: FileText, span: Span): VariableAt =>
  (node, name) => {
    const found = variable(node, name);
    const fresh = (): readonly string[] => {
      const { module, around } = inWhole(file, span);
      return module?.variable(around?.node, name)?.fresh() ?? [];
    };
    return found && { ...found, fresh };
  };

/** What stands before a declaration on its line is none of these. */
const isExpressionAt = (text: string, start: number): boolean =>
  /[=(,?[&|!][ \t]*$/.test(text.slice(Math.max(0, start - FEW), start));
const FEW = 20;

/** Names that are no globals, and its own, unless that is the name of an expression: then it means the function alone. */
function namesIn({ node }: FunctionSyntax, isExpression: boolean, { scopes }: FunctionView): Asked {
  const [names, inner] = [new Set<string>(), new Set<string>()];
  const outermost = scopes.findLastIndex(({ type }) => type !== 'Script');
  for (const name of freeNames(node).names.keys()) {
    const scope = scopes.findIndex(({ variables }) => Object.hasOwn(variables, name));
    if (scope === -1 && Object.hasOwn(globalThis, name)) continue;
    names.add(name);
    if (scope !== -1 && scope < outermost) inner.add(name);
  }
  if (isNode(node['id']) && !isExpression) names.add(node['id']['name'] as string);
  return { names, inner };
}
