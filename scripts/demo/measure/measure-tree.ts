/** Measures a syntax tree: its functions, their complexity, and how deep it is nested. It knows no files. */
import { functionName } from './function-name.ts';
import { childrenOf, type Node } from './syntax-tree.ts';

export interface MeasuredFunction {
  readonly name: string;
  /** Where it starts in the source. */
  readonly start: number;
  /** Cyclomatic complexity (McCabe): the number of decisions in it, plus one. */
  complexity: number;
}

export interface TreeMeasurement {
  readonly functions: number;
  /** Blocks, functions, classes and switches around the place that has most of them. */
  readonly deepestNesting: number;
  readonly mostComplex: MeasuredFunction | undefined;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const NESTING = new Set([...FUNCTIONS, 'BlockStatement', 'ClassBody', 'SwitchStatement', 'StaticBlock']);

const DECISIONS = new Set([
  'IfStatement',
  'ConditionalExpression',
  'LogicalExpression',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'CatchClause',
]);

const LOGICAL_ASSIGNMENTS = new Set(['&&=', '||=', '??=']);

interface Visit {
  readonly node: Node;
  readonly parent: Node | undefined;
  readonly depth: number;
  /** The function around it. */
  readonly within: MeasuredFunction | undefined;
}

/** Without recursion: minified files have expressions nested deeper than the call stack. */
export function measureTree(program: Node): TreeMeasurement {
  let functions = 0;
  let deepestNesting = 0;
  let mostComplex: MeasuredFunction | undefined;
  const visits: Visit[] = [{ node: program, parent: undefined, depth: 0, within: undefined }];
  for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
    const { node, parent } = visit;
    let { depth, within } = visit;
    if (FUNCTIONS.has(node.type)) {
      functions += 1;
      within = { name: functionName(node, parent), start: node.start, complexity: 1 };
      mostComplex ??= within;
    }
    if (within !== undefined && isDecision(node)) {
      within.complexity += 1;
      if (within.complexity > (mostComplex?.complexity ?? 0)) mostComplex = within;
    }
    if (addsNesting(node, parent)) depth += 1;
    if (depth > deepestNesting) deepestNesting = depth;
    for (const child of childrenOf(node)) visits.push({ node: child, parent: node, depth, within });
  }
  return { functions, deepestNesting, mostComplex };
}

/** A function and its body are one level, not two. */
function addsNesting(node: Node, parent: Node | undefined): boolean {
  if (!NESTING.has(node.type)) return false;
  return !(node.type === 'BlockStatement' && parent !== undefined && FUNCTIONS.has(parent.type));
}

function isDecision(node: Node): boolean {
  if (DECISIONS.has(node.type)) return true;
  if (node.type === 'SwitchCase') return node.test !== null;
  return node.type === 'AssignmentExpression' && LOGICAL_ASSIGNMENTS.has(String(node.operator));
}
