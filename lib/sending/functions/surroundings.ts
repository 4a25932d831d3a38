/** What stands around a function in its file: its own node, and whose `this` an arrow there would have. */
import type { ModuleText } from './module-text.ts';
import { type AstNode, childrenOf, isFunctionNode, isStrict } from './syntax.ts';

export interface Surroundings {
  /** The function's own; undefined if the text at that place is none. */
  readonly node: AstNode | undefined;
  readonly thisOf: 'module' | 'field' | 'static' | 'function';
  readonly strict: boolean;
}

/** `start` and `end` are those of the function's text. */
export function surroundings(text: ModuleText, start: number, end: number): Surroundings {
  let thisOf: Surroundings['thisOf'] = 'module';
  let { strict } = text;
  let node: AstNode = text.tree;
  for (;;) {
    const next = childAround(node, start, end);
    if (!next) return { node: undefined, thisOf, strict };
    if (next.start === start && next.end === end && isNamed(next)) return { node: next, thisOf, strict };
    if (next.type === 'FunctionExpression' || next.type === 'FunctionDeclaration') {
      thisOf = node['kind'] === 'constructor' ? 'field' : 'function';
    } else if (next.type === 'PropertyDefinition') thisOf = next['static'] ? 'static' : 'field';
    else if (next.type === 'StaticBlock') thisOf = 'static';
    else if (next.type === 'ClassBody') strict = true;
    if (isFunctionNode(next)) strict ||= hasStrictBody(next['body'] as AstNode);
    node = next;
  }
}

const hasStrictBody = (body: AstNode): boolean =>
  body.type === 'BlockStatement' && isStrict(body['body'] as AstNode[]);

const isNamed = (node: AstNode): boolean =>
  isFunctionNode(node) || node.type === 'ClassDeclaration' || node.type === 'ClassExpression';

function childAround(node: AstNode, start: number, end: number): AstNode | undefined {
  for (const child of childrenOf(node)) if (child.start <= start && end <= child.end) return child;
  return undefined;
}
