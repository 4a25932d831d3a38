/**
 * Walks through syntax and tells the scope keeper what declares, uses and assigns which names: the scope rules of the
 * language. Knows no values and no files.
 */
import { blockNames, variableNames } from './declarations.ts';
import { DefinitionWalker } from './definition-walker.ts';
import { type FreeNames, nothingFound } from './found-names.ts';
import { FRESH, Layer, markName, type Scope, type Spot, STARTED } from './scope.ts';
import { type AstNode, boundNames, childrenOf, isNode } from './syntax.ts';

/** What is around a function or class. */
export interface Place extends Spot {
  readonly scope: Scope | undefined;
}

export class Walker extends DefinitionWalker {
  /** Filled with what is around each function and class. */
  private readonly places: Map<AstNode, Place> | undefined;

  constructor(found: FreeNames, places?: Map<AstNode, Place>) {
    super(found);
    this.places = places;
  }

  /** A whole file. `given` are names that it has without declaring them. */
  program(tree: AstNode, given: readonly string[]): void {
    const body = tree['body'] as AstNode[];
    this.within(tree, Layer.file, [...given, ...blockNames(body), ...variableNames(tree)], () =>
      this.block(body),
    );
  }

  visit(node: AstNode, member?: string): void {
    switch (node.type) {
      case 'Identifier':
        this.use(node, member === undefined ? {} : { member });
        return;
      case 'ThisExpression':
        this.found.usesThis ||= this.owners === 0;
        return;
      case 'Super':
        this.found.usesSuper ||= this.homes === 0;
        return;
      case 'MetaProperty':
        if ((node['meta'] as AstNode)['name'] === 'import') this.found.importMeta.push(node);
        else this.found.usesNewTarget ||= this.owners === 0;
        return;
      case 'PrivateIdentifier': {
        const name = node['name'] as string;
        if (!this.classes.some((names) => names.has(name))) this.found.privateNames.add(name);
        return;
      }
      case 'FunctionExpression':
      case 'FunctionDeclaration':
      case 'ArrowFunctionExpression':
        this.notePlace(node);
        this.visitFunction(node);
        return;
      case 'ClassExpression':
      case 'ClassDeclaration':
        this.notePlace(node);
        if (node.type === 'ClassDeclaration') {
          this.noteDefined(node['id'], node);
          this.noteFresh(node['id'], node);
        }
        this.visitClass(node);
        return;
      case 'CallExpression':
        if (isEval(node['callee'] as AstNode)) this.noteEval();
        this.visitCallee(node['callee'] as AstNode);
        this.all(node['arguments']);
        return;
      case 'TaggedTemplateExpression':
        this.visitCallee(node['tag'] as AstNode);
        this.visit(node['quasi'] as AstNode);
        return;
      case 'MemberExpression': {
        const object = node['object'] as AstNode;
        const property = node['property'] as AstNode;
        this.visit(object, memberName(node));
        if (node['computed'] || property.type === 'PrivateIdentifier') this.visit(property);
        return;
      }
      case 'Property':
        this.visitProperty(node);
        return;
      case 'UnaryExpression': {
        const argument = node['argument'] as AstNode;
        if (node['operator'] === 'typeof' && argument.type === 'Identifier')
          this.use(argument, { onlyTypeof: true });
        else this.visit(argument);
        return;
      }
      case 'UpdateExpression':
        this.assign(node['argument']);
        return;
      case 'AssignmentExpression':
        this.assign(node['left']);
        this.visit(node['right'] as AstNode);
        return;
      case 'VariableDeclaration':
        this.visitDeclaration(node);
        return;
      case 'LabeledStatement':
        this.visit(node['body'] as AstNode);
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      default:
        this.visitBlock(node);
        return;
    }
  }

  private notePlace(node: AstNode): void {
    this.places?.set(node, { scope: this.scope, ...this.spot() });
  }

  private visitBlock(node: AstNode): void {
    switch (node.type) {
      case 'BlockStatement':
        this.inBlock(node, blockNames(node['body'] as AstNode[]), () =>
          this.block(node['body'] as AstNode[]),
        );
        return;
      case 'SwitchStatement': {
        this.visit(node['discriminant'] as AstNode);
        const cases = node['cases'] as AstNode[];
        const statements = cases.flatMap((branch) => branch['consequent'] as AstNode[]);
        this.inBlock(node, blockNames(statements), () => this.all(cases));
        return;
      }
      case 'SwitchCase':
        this.some(node['test']);
        this.statements(node['consequent'] as AstNode[]);
        return;
      case 'ForStatement':
        this.inBlock(node, loopNames(node['init']), () => {
          this.some(node['init']);
          this.inLoop(() => this.all([node['test'], node['update'], node['body']]));
        });
        return;
      case 'WhileStatement':
      case 'DoWhileStatement':
        this.inLoop(() => this.plain(node));
        return;
      case 'ForInStatement':
      case 'ForOfStatement': {
        const left = node['left'] as AstNode;
        this.inBlock(node, loopNames(left), () => {
          this.inLoop(() => {
            if (left.type === 'VariableDeclaration') this.visitDeclaration(left, true);
            else this.assign(left);
          });
          this.visit(node['right'] as AstNode);
          this.inLoop(() => this.visit(node['body'] as AstNode));
        });
        return;
      }
      case 'CatchClause':
        this.inBlock(node, boundNames(node['param']), () => {
          this.declare(node['param']);
          this.visit(node['body'] as AstNode);
        });
        return;
      default:
        this.plain(node);
        return;
    }
  }

  private inBlock(node: AstNode, names: Iterable<string>, action: () => void): void {
    this.within(node, Layer.block, names, action);
  }

  private plain(node: AstNode): void {
    for (const child of childrenOf(node)) this.visit(child);
  }

  /** Its functions have their values before the first statement runs. */
  private block(statements: readonly AstNode[]): void {
    for (const statement of statements) {
      if (statement.type === 'FunctionDeclaration')
        markName(this.scope, nameOf(statement['id']), STARTED | FRESH);
    }
    this.statements(statements);
  }

  private visitCallee(node: AstNode): void {
    if (node.type === 'Identifier') this.use(node, { called: true });
    else this.visit(node);
  }

  private visitDeclaration(node: AstNode, isIterated = false): void {
    const isVar = node['kind'] === 'var';
    for (const { id, init } of node['declarations'] as { id: AstNode; init: unknown }[]) {
      if (isVar && (isIterated || isNode(init))) this.noteVar(id);
      if (node['kind'] === 'const') this.noteConst(id);
      if (!isVar) this.noteDefined(id, init);
      this.noteFresh(id, init);
      this.declare(id);
      this.some(init);
    }
  }

  private visitProperty(node: AstNode): void {
    const value = node['value'] as AstNode;
    if (node['computed']) this.visit(node['key'] as AstNode);
    if (node['shorthand'] && value.type === 'Identifier') {
      this.use(value, { shorthand: true });
      return;
    }
    const home = node['method'] === true || node['kind'] === 'get' || node['kind'] === 'set' ? 1 : 0;
    this.homes += home;
    this.visit(value);
    this.homes -= home;
  }
}

const nameOf = (id: unknown): string => (id as AstNode)['name'] as string;
const isEval = (callee: AstNode): boolean => callee.type === 'Identifier' && callee['name'] === 'eval';

function* loopNames(init: unknown): Generator<string> {
  if (isNode(init) && init.type === 'VariableDeclaration') yield* blockNames([init]);
}

/** The property that is used of an object; undefined where it is computed. */
function memberName(node: AstNode): string | undefined {
  const property = node['property'] as AstNode;
  if (!node['computed']) return property['name'] as string;
  return property.type === 'Literal' ? String(property['value']) : undefined;
}

/**
 * Which names a piece of syntax uses without declaring them, and what else it takes from where it stands. `names` are those
 * of the walked tree from its outside; the tree itself may be any node.
 */
export function freeNames(tree: AstNode): FreeNames {
  const found = nothingFound();
  new Walker(found).visit(tree);
  return found;
}
