/** JavaScript text to a syntax tree, and the few questions about trees that several files ask. */
import { type Options, Parser, parse } from 'acorn';
import type { Span } from './occurrences.ts';

export interface AstNode extends Span {
  readonly type: string;
  readonly [key: string]: unknown;
}

const COMMON: Options = {
  ecmaVersion: 'latest',
  allowReturnOutsideFunction: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
};

/** @throws SyntaxError if it is neither. */
export function parseProgram(text: string, sourceType: 'module' | 'script'): AstNode {
  return parse(text, { ...COMMON, sourceType, allowHashBang: true }) as unknown as AstNode;
}

/** What is exported may be declared in another part. */
class PartParser extends Parser {
  protected checkLocalExport(): void {}
}

/** Statements of a program without the others. @throws SyntaxError if they are none. */
export function parsePart(text: string, sourceType: 'module' | 'script'): AstNode {
  return PartParser.parse(text, { ...COMMON, sourceType, allowHashBang: true }) as unknown as AstNode;
}

/** How a function's own text becomes an expression. */
export interface FunctionSyntax {
  readonly form: 'expression' | 'member' | 'private-member';
  /** The function or class itself. Positions count from the start of the function's text. */
  readonly node: AstNode;
  /** For a member: the property or method definition around the function. */
  readonly member: AstNode | undefined;
  /** The whole tree, for walking. */
  readonly tree: AstNode;
  /** Where the text starts in the tree's positions. */
  readonly offset: number;
}

const FORMS = [
  ['expression', '(', ')'],
  ['member', '({', '})'],
  ['private-member', '(class{', '})'],
] as const;

/** @throws SyntaxError if the text is no function of JavaScript. */
export function parseFunction(text: string): FunctionSyntax {
  let first: unknown;
  for (const [form, before, after] of FORMS) {
    // As in a module first: there `await` is reserved and `import.meta` allowed. Sloppy code needs the other one.
    for (const sourceType of ['module', 'script'] as const) {
      try {
        const program = parse(`${before}${text}\n${after}`, { ...COMMON, sourceType }) as unknown as AstNode;
        return describe(form, program, before.length);
      } catch (error) {
        first ??= error;
      }
    }
  }
  throw first;
}

function describe(form: FunctionSyntax['form'], program: AstNode, offset: number): FunctionSyntax {
  const [statement] = program['body'] as AstNode[];
  const tree = (statement as AstNode)['expression'] as AstNode;
  if (form === 'expression') return { form, node: tree, member: undefined, tree, offset };
  const members = form === 'member' ? tree['properties'] : (tree['body'] as AstNode)['body'];
  const [member] = members as AstNode[];
  return { form, node: (member as AstNode)['value'] as AstNode, member, tree, offset };
}

/** Whether `'use strict'` is among the directives that these statements begin with. */
export function isStrict(body: readonly AstNode[]): boolean {
  const end = body.findIndex((statement) => statement['directive'] === undefined);
  const directives = end === -1 ? body : body.slice(0, end);
  return directives.some((statement) => statement['directive'] === 'use strict');
}

/** The nodes directly below a node. */
export function* childrenOf(node: AstNode): Generator<AstNode> {
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield item;
    } else if (isNode(value)) yield value;
  }
}

export const isNode = (value: unknown): value is AstNode =>
  typeof value === 'object' && value !== null && typeof (value as AstNode).type === 'string';

/** The names that a declaration's pattern binds. */
export function* boundNames(pattern: unknown): Generator<string> {
  if (!isNode(pattern)) return;
  switch (pattern.type) {
    case 'Identifier':
      yield pattern['name'] as string;
      break;
    case 'ObjectPattern':
      for (const property of pattern['properties'] as AstNode[]) {
        yield* boundNames(property.type === 'RestElement' ? property['argument'] : property['value']);
      }
      break;
    case 'ArrayPattern':
      for (const element of pattern['elements'] as (AstNode | null)[]) yield* boundNames(element);
      break;
    case 'AssignmentPattern':
      yield* boundNames(pattern['left']);
      break;
    case 'RestElement':
      yield* boundNames(pattern['argument']);
      break;
    default:
  }
}

export const isFunctionNode = (node: AstNode): boolean =>
  node.type === 'FunctionExpression' ||
  node.type === 'FunctionDeclaration' ||
  node.type === 'ArrowFunctionExpression';
