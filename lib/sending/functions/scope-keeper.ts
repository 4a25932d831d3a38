/**
 * Where a walk through syntax stands: the scopes around it, and what was found so far. Says of each name whether it is
 * free. Knows no kinds of nodes but those that declare.
 */
import type { FreeNames, NameUse } from './found-names.ts';
import {
  ASSIGNED,
  DEFINED,
  declaring,
  FIXED,
  FRESH,
  isMarked,
  Layer,
  markName,
  type Scope,
  type Spot,
  STARTED,
  scopeIn,
} from './scope.ts';
import { type AstNode, boundNames, isFunctionNode, isNode } from './syntax.ts';

/** What is not said of a use is not so. */
type UseOptions = Partial<
  Pick<NameUse, 'member' | 'onlyTypeof' | 'shorthand' | 'called'> & { written: boolean }
>;

/** Expressions that never give undefined. */
const NEVER_UNDEFINED = new Set([
  ...['Literal', 'TemplateLiteral', 'ObjectExpression', 'ArrayExpression', 'ArrowFunctionExpression'],
  ...['FunctionExpression', 'ClassExpression', 'NewExpression', 'BinaryExpression', 'UpdateExpression'],
  'ImportExpression',
]);

/** Expressions that make an object each time. */
const MADE_ANEW = new Set([
  ...['ObjectExpression', 'ArrayExpression', 'ArrowFunctionExpression', 'FunctionExpression'],
  ...['ClassExpression', 'ClassDeclaration', 'NewExpression'],
]);

export class ScopeKeeper {
  protected readonly found: FreeNames;
  protected readonly classes: Set<string>[] = [];
  protected scope: Scope | undefined;
  /** How many functions with a `this` of their own are around. */
  protected owners = 0;
  /** How many methods are around: what `super` refers to is then part of the text. */
  protected homes = 0;
  /** Whether the function around has used its `arguments` so far. */
  protected usesArguments = false;
  /** How many loops of the same function are around. */
  protected loops = 0;
  /** The function around, counted from one; what a class evaluates for each of its instances is one, too. */
  protected fn = 0;
  private functions = 0;
  /** Where the expression statement begins that was entered last. */
  protected statementStart = -1;

  constructor(found: FreeNames) {
    this.found = found;
  }

  protected within(node: AstNode, layer: number, names: Iterable<string>, action: () => void): void {
    const outer = this.scope;
    const named = layer === Layer.own && isFunctionNode(node) ? node : undefined;
    this.scope = scopeIn(outer, names, this.spot(), node, layer, named);
    action();
    this.scope = outer;
  }

  protected spot(): Spot {
    return { fn: this.fn, loops: this.loops };
  }

  /** What is evaluated when a function is called. */
  protected inFunction(action: () => void): void {
    const { fn, loops } = this;
    this.fn = ++this.functions;
    this.loops = 0;
    action();
    this.fn = fn;
    this.loops = loops;
  }

  protected inLoop(action: () => void): void {
    this.loops++;
    action();
    this.loops--;
  }

  protected use(node: AstNode, options: UseOptions): void {
    const name = node['name'] as string;
    const declared = declaring(this.scope, name);
    if (declared) {
      if (options.written) markName(declared, name, ASSIGNED);
      return;
    }
    if (name === 'arguments' && this.owners > 0) {
      this.usesArguments = true;
      return;
    }
    let free = this.found.names.get(name);
    if (!free) {
      free = { written: false, uses: [] };
      this.found.names.set(name, free);
    }
    free.written ||= options.written === true;
    const { shorthand = false, member, called = false, onlyTypeof = false } = options;
    const { start, end } = node;
    const first = start === this.statementStart;
    free.uses.push({ start, end, shorthand, member, called, onlyTypeof, first });
  }

  /** What a direct `eval` runs may assign to everything that it sees. */
  protected noteEval(): void {
    this.found.callsEval = true;
    for (let at = this.scope; at; at = at.parent) {
      for (const [name, marks] of at.names) at.names.set(name, marks | ASSIGNED);
    }
  }

  /** A `var` that is declared twice, or in a loop, or that is a parameter too, is assigned to. */
  protected noteVar(pattern: unknown): void {
    for (const name of boundNames(pattern)) {
      const scope = declaring(this.scope, name);
      if (!scope) continue;
      const isAssigned = this.loops > 0 || isMarked(scope, name, STARTED);
      markName(scope, name, isAssigned ? ASSIGNED | STARTED : STARTED);
    }
  }

  protected noteConst(pattern: unknown): void {
    for (const name of boundNames(pattern)) markName(this.scope, name, FIXED);
  }

  protected noteDefined(pattern: unknown, value: unknown): void {
    if (!isNode(pattern) || pattern.type !== 'Identifier' || !isDefined(value)) return;
    markName(this.scope, pattern['name'] as string, DEFINED);
  }

  protected noteFresh(pattern: unknown, value: unknown): void {
    if (!isNode(pattern) || pattern.type !== 'Identifier') return;
    if (isNode(value) && MADE_ANEW.has(value.type)) markName(this.scope, pattern['name'] as string, FRESH);
  }
}

function isDefined(value: unknown): boolean {
  if (!isNode(value)) return false;
  if (value.type === 'UnaryExpression') return value['operator'] !== 'void';
  if (value.type === 'MetaProperty') return (value['meta'] as AstNode)['name'] === 'import';
  if (value.type === 'CallExpression') return isNaming(value);
  return NEVER_UNDEFINED.has(value.type);
}

/** `__name(() => …, "name")`: how compilers that rename keep names. */
function isNaming(call: AstNode): boolean {
  const callee = (call['callee'] as AstNode)['name'];
  const [first, second] = call['arguments'] as AstNode[];
  const named = first !== undefined && /Function|Class/.test(first.type) ? second?.['value'] : undefined;
  return typeof callee === 'string' && /^_{1,2}name\d*$/.test(callee) && typeof named === 'string';
}
