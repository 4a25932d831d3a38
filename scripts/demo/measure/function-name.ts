/** What people would call a function: its own name, or what it is assigned to. */
import { isNode, type Node } from './syntax-tree.ts';

const ANONYMOUS = '(anonymous)';

export function functionName(fn: Node, parent: Node | undefined): string {
  return nameOf(fn.id) ?? (parent && nameGivenBy(parent, fn)) ?? ANONYMOUS;
}

function nameGivenBy(parent: Node, fn: Node): string | undefined {
  switch (parent.type) {
    case 'VariableDeclarator':
      return nameOf(parent.id);
    case 'AssignmentExpression':
    case 'AssignmentPattern':
      return nameOf(parent.left);
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return parent.value === fn ? nameOf(parent.key) : undefined;
    default:
      return undefined;
  }
}

function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  switch (node.type) {
    case 'Identifier':
    case 'PrivateIdentifier':
      return String(node.name);
    case 'Literal':
      return String(node.value);
    case 'MemberExpression':
      return nameOf(node.property);
    default:
      return undefined;
  }
}
