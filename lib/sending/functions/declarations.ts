/** Which names a piece of syntax declares, and for how far: `var` for the function, the rest for the block. */
import { type AstNode, boundNames, childrenOf } from './syntax.ts';

/** What statements may be part of, but for functions and classes, whose variables are their own. */
const HOLDS_STATEMENTS = new Set([
  ...[
    'Program',
    'BlockStatement',
    'IfStatement',
    'LabeledStatement',
    'WithStatement',
    'ExportNamedDeclaration',
  ],
  ...['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'],
  ...['SwitchStatement', 'SwitchCase', 'TryStatement', 'CatchClause'],
]);

/** Names that `var` declares anywhere in a function's body, not in functions inside it. */
export function* variableNames(node: AstNode): Generator<string> {
  if (node.type === 'VariableDeclaration' && node['kind'] === 'var')
    for (const declarator of node['declarations'] as AstNode[]) yield* boundNames(declarator['id']);
  if (HOLDS_STATEMENTS.has(node.type)) for (const child of childrenOf(node)) yield* variableNames(child);
}

/** Names that the statements of a block declare for that block. */
export function* blockNames(statements: readonly AstNode[]): Generator<string> {
  for (const statement of statements) {
    const declared = unwrap(statement);
    switch (declared.type) {
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        yield* boundNames(declared['id']);
        break;
      case 'VariableDeclaration':
        if (declared['kind'] === 'var') break;
        for (const declarator of declared['declarations'] as AstNode[]) yield* boundNames(declarator['id']);
        break;
      case 'ImportDeclaration':
        for (const specifier of declared['specifiers'] as AstNode[]) yield* boundNames(specifier['local']);
        break;
      default:
    }
  }
}

/** The declaration behind `export` and labels. */
function unwrap(statement: AstNode): AstNode {
  if (statement.type === 'LabeledStatement') return unwrap(statement['body'] as AstNode);
  if (statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration') {
    return (statement['declaration'] as AstNode | null) ?? statement;
  }
  return statement;
}
