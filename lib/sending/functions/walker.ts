/**
 * Walks through syntax and tells the scope keeper what declares, uses and assigns which names: the scope rules of the
 * language. Knows no values and no files.
 */
import { blockNames, variableNames } from './declarations.ts';
import { type FreeNames, nothingFound } from './found-names.ts';
import { ASSIGNED, FRESH, Layer, markName, type Scope, type Spot, STARTED } from './scope.ts';
import { ScopeKeeper } from './scope-keeper.ts';
import { type AstNode, boundNames, childrenOf, isNode } from './syntax.ts';

/** What is around a function or class. */
export interface Place extends Spot {
  readonly scope: Scope | undefined;
}

type Visit = (node: AstNode, member?: string) => void;

/** The methods in capitals are named for the kinds of nodes that they visit. Of all other kinds the children are visited. */
export class Walker extends ScopeKeeper {
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

  /** `member`: the property that is read of it. */
  visit(node: AstNode, member?: string): void {
    const visit = (this as unknown as Record<string, Visit | undefined>)[node.type] ?? this.plain;
    visit.call(this, node, member);
  }

  private plain(node: AstNode): void {
    for (const child of childrenOf(node)) this.visit(child);
  }

  private some(node: unknown): void {
    if (isNode(node)) this.visit(node);
  }

  private all(nodes: unknown): void {
    for (const node of nodes as unknown[]) this.some(node);
  }

  /** A list of statements: before each of them a semicolon may have been left out. */
  private statements(nodes: readonly AstNode[]): void {
    for (const node of nodes) {
      if (node.type === 'ExpressionStatement') this.statementStart = node.start;
      this.visit(node);
    }
  }

  /** Its functions have their values before the first statement runs. */
  private block(statements: readonly AstNode[]): void {
    for (const statement of statements) {
      if (statement.type === 'FunctionDeclaration')
        markName(this.scope, nameOf(statement['id']), STARTED | FRESH);
    }
    this.statements(statements);
  }

  private inBlock(node: AstNode, names: Iterable<string>, action: () => void): void {
    this.within(node, Layer.block, names, action);
  }

  // Expressions

  Identifier(node: AstNode, member?: string): void {
    this.use(node, member === undefined ? {} : { member });
  }

  ThisExpression(): void {
    this.found.usesThis ||= this.owners === 0;
  }

  Super(): void {
    this.found.usesSuper ||= this.homes === 0;
  }

  MetaProperty(node: AstNode): void {
    if (nameOf(node['meta']) === 'import') this.found.importMeta.push(node);
    else this.found.usesNewTarget ||= this.owners === 0;
  }

  PrivateIdentifier(node: AstNode): void {
    const name = nameOf(node);
    if (!this.classes.some((names) => names.has(name))) this.found.privateNames.add(name);
  }

  CallExpression(node: AstNode): void {
    const callee = node['callee'] as AstNode;
    if (callee.type === 'Identifier' && nameOf(callee) === 'eval') this.noteEval();
    this.callee(callee);
    this.all(node['arguments']);
  }

  TaggedTemplateExpression(node: AstNode): void {
    this.callee(node['tag'] as AstNode);
    this.visit(node['quasi'] as AstNode);
  }

  private callee(node: AstNode): void {
    if (node.type === 'Identifier') this.use(node, { called: true });
    else this.visit(node);
  }

  MemberExpression(node: AstNode): void {
    const property = node['property'] as AstNode;
    this.visit(node['object'] as AstNode, memberName(node));
    if (node['computed'] || property.type === 'PrivateIdentifier') this.visit(property);
  }

  Property(node: AstNode): void {
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

  UnaryExpression(node: AstNode): void {
    const argument = node['argument'] as AstNode;
    if (node['operator'] === 'typeof' && argument.type === 'Identifier')
      this.use(argument, { onlyTypeof: true });
    else this.visit(argument);
  }

  UpdateExpression(node: AstNode): void {
    this.assign(node['argument']);
  }

  AssignmentExpression(node: AstNode): void {
    this.assign(node['left']);
    this.visit(node['right'] as AstNode);
  }

  // Statements

  VariableDeclaration(node: AstNode): void {
    this.declaration(node, false);
  }

  private declaration(node: AstNode, isIterated: boolean): void {
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

  LabeledStatement(node: AstNode): void {
    this.visit(node['body'] as AstNode);
  }

  BreakStatement(): void {}

  ContinueStatement(): void {}

  BlockStatement(node: AstNode): void {
    const body = node['body'] as AstNode[];
    this.inBlock(node, blockNames(body), () => this.block(body));
  }

  SwitchStatement(node: AstNode): void {
    this.visit(node['discriminant'] as AstNode);
    const cases = node['cases'] as AstNode[];
    const statements = cases.flatMap((branch) => branch['consequent'] as AstNode[]);
    this.inBlock(node, blockNames(statements), () => this.all(cases));
  }

  SwitchCase(node: AstNode): void {
    this.some(node['test']);
    this.statements(node['consequent'] as AstNode[]);
  }

  ForStatement(node: AstNode): void {
    this.inBlock(node, loopNames(node['init']), () => {
      this.some(node['init']);
      this.inLoop(() => this.all([node['test'], node['update'], node['body']]));
    });
  }

  ForInStatement(node: AstNode): void {
    const left = node['left'] as AstNode;
    this.inBlock(node, loopNames(left), () => {
      this.inLoop(() => {
        if (left.type === 'VariableDeclaration') this.declaration(left, true);
        else this.assign(left);
      });
      this.visit(node['right'] as AstNode);
      this.inLoop(() => this.visit(node['body'] as AstNode));
    });
  }

  readonly ForOfStatement = this.ForInStatement;

  WhileStatement(node: AstNode): void {
    this.inLoop(() => this.plain(node));
  }

  readonly DoWhileStatement = this.WhileStatement;

  CatchClause(node: AstNode): void {
    this.inBlock(node, boundNames(node['param']), () => {
      this.declare(node['param']);
      this.visit(node['body'] as AstNode);
    });
  }

  // Functions and classes

  private notePlace(node: AstNode): void {
    this.places?.set(node, { scope: this.scope, ...this.spot() });
  }

  FunctionExpression(node: AstNode): void {
    this.notePlace(node);
    const arrow = node.type === 'ArrowFunctionExpression';
    const parameters = node['params'] as AstNode[];
    const names = new Set(parameters.flatMap((parameter) => [...boundNames(parameter)]));
    const isSimple = parameters.every(({ type }) => type === 'Identifier');
    const body = (): void => {
      for (const parameter of parameters) this.declare(parameter);
      this.functionBody(node['body'] as AstNode, names, isSimple);
    };
    const inside = arrow ? body : () => this.withArguments(isSimple ? names : [], body);
    const own = node.type === 'FunctionExpression' ? [...boundNames(node['id'])] : [];
    const whole = (): void => this.within(node, Layer.parameters, names, inside);
    this.within(node, Layer.own, own, () => this.inFunction(whole));
  }

  readonly FunctionDeclaration = this.FunctionExpression;
  readonly ArrowFunctionExpression = this.FunctionExpression;

  /** In sloppy code, what is assigned to an item of `arguments` is assigned to the parameter. */
  private withArguments(parameters: Iterable<string>, body: () => void): void {
    const { usesArguments } = this;
    this.usesArguments = false;
    this.owners++;
    body();
    this.owners--;
    if (this.usesArguments) for (const name of parameters) markName(this.scope, name, ASSIGNED);
    this.usesArguments = usesArguments;
  }

  /** Default values do not see the variables of the body; without such, parameters are among its variables. */
  private functionBody(body: AstNode, parameters: ReadonlySet<string>, isSimple: boolean): void {
    const variables = [...variableNames(body)].filter((name) => !(isSimple && parameters.has(name)));
    this.within(body, Layer.variables, variables, () => {
      for (const name of parameters) markName(this.scope, name, STARTED);
      this.visit(body);
    });
  }

  ClassDeclaration(node: AstNode): void {
    this.noteDefined(node['id'], node);
    this.noteFresh(node['id'], node);
    this.ClassExpression(node);
  }

  ClassExpression(node: AstNode): void {
    this.notePlace(node);
    const members = (node['body'] as AstNode)['body'] as AstNode[];
    this.within(node, Layer.own, boundNames(node['id']), () => {
      this.some(node['superClass']);
      this.classes.push(new Set(members.flatMap(privateKey)));
      for (const member of members) this.member(member);
      this.classes.pop();
    });
  }

  private member(member: AstNode): void {
    if (member['computed']) this.visit(member['key'] as AstNode);
    this.homes++;
    if (member.type === 'MethodDefinition') this.some(member['value']);
    else this.initializer(member);
    this.homes--;
  }

  /** Of a field, or a static block. */
  private initializer(member: AstNode): void {
    this.owners++;
    this.inFunction(() => {
      if (member.type === 'StaticBlock') this.staticBlock(member);
      else this.some(member['value']);
    });
    this.owners--;
  }

  private staticBlock(node: AstNode): void {
    const statements = node['body'] as AstNode[];
    const variables = statements.flatMap((statement) => [...variableNames(statement)]);
    this.inBlock(node, [...blockNames(statements), ...variables], () => this.statements(statements));
  }

  // Patterns

  /** Default values and computed keys of a declared pattern; its names are in the scope already. */
  private declare(pattern: unknown): void {
    this.pattern(pattern, () => {});
  }

  private assign(target: unknown): void {
    this.pattern(target, (name, shorthand) => this.use(name, { written: true, shorthand }));
  }

  private pattern(
    pattern: unknown,
    onName: (name: AstNode, shorthand: boolean) => void,
    shorthand = false,
  ): void {
    if (!isNode(pattern)) return;
    switch (pattern.type) {
      case 'Identifier':
        onName(pattern, shorthand);
        return;
      case 'ObjectPattern':
        for (const property of pattern['properties'] as AstNode[]) {
          if (property['computed']) this.visit(property['key'] as AstNode);
          const target = property.type === 'RestElement' ? property['argument'] : property['value'];
          this.pattern(target, onName, property['shorthand'] === true);
        }
        return;
      case 'ArrayPattern':
        for (const element of pattern['elements'] as unknown[]) this.pattern(element, onName);
        return;
      case 'AssignmentPattern':
        this.pattern(pattern['left'], onName, shorthand);
        this.visit(pattern['right'] as AstNode);
        return;
      case 'RestElement':
        this.pattern(pattern['argument'], onName);
        return;
      default:
        this.visit(pattern);
        return;
    }
  }
}

const nameOf = (id: unknown): string => (id as AstNode)['name'] as string;

function privateKey(member: AstNode): string[] {
  const key = member['key'] as AstNode | undefined;
  return key?.type === 'PrivateIdentifier' ? [nameOf(key)] : [];
}

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
