/**
 * Whether a function's text means the same wherever it stands: what makes the text of an arrow stand for the arrow.
 * Knows syntax alone, no function and no value.
 */
import { type AstNode, childrenOf, isNode } from './syntax.ts';

/** Names that the language gives the same meaning everywhere. */
const CONSTANT = new Set(['undefined', 'NaN', 'Infinity', 'globalThis']);
const OF_THE_CALLER = new Set(['arguments', 'caller', 'callee']);

/** Names that keep a text from being closed. */
export function isFreeOfNames(names: ReadonlyMap<string, { readonly written: boolean }>): boolean {
  for (const [name, { written }] of names) if (written || !CONSTANT.has(name)) return false;
  return true;
}

/**
 * Whether a tree means the same in strict and in sloppy code, in a script and in a module, in whatever file: an arrow
 * does not show in which of them it was written. May say no too often.
 */
export function isSameEverywhere(node: AstNode): boolean {
  switch (node.type) {
    case 'ThisExpression':
    case 'ImportExpression':
    case 'MetaProperty':
    case 'FunctionDeclaration':
    case 'WithStatement':
      return false;
    case 'Identifier':
      if (OF_THE_CALLER.has(node['name'] as string)) return false;
      break;
    case 'UnaryExpression':
      if (node['operator'] === 'delete') return false;
      break;
    // What cannot be written throws in strict code alone.
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
      if (hasMember(node['left'])) return false;
      break;
    case 'UpdateExpression':
      if (hasMember(node['argument'])) return false;
      break;
    default:
  }
  for (const child of childrenOf(node)) if (!isSameEverywhere(child)) return false;
  return true;
}

function hasMember(target: unknown): boolean {
  if (!isNode(target)) return false;
  if (target.type === 'MemberExpression') return true;
  for (const child of childrenOf(target)) if (hasMember(child)) return true;
  return false;
}
