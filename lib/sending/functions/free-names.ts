/** Which names a function's text uses without declaring them, and what else it takes from where it stands. */
import { type FreeNames, nothingFound } from './found-names.ts';
import type { AstNode } from './syntax.ts';
import { Walker } from './walker.ts';

/** `names` are those of the walked tree from its outside; the tree itself may be any node. */
export function freeNames(tree: AstNode): FreeNames {
  const found = nothingFound();
  new Walker(found).visit(tree);
  return found;
}
