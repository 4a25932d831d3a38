/**
 * The part of a walk that enters functions, classes and patterns: what they declare, and what belongs to them. Leaves
 * statements and expressions to the walker.
 */
import { blockNames, variableNames } from './declarations.ts';
import { ASSIGNED, Layer, markName, STARTED } from './scope.ts';
import { ScopeKeeper } from './scope-keeper.ts';
import { type AstNode, boundNames, isNode } from './syntax.ts';

export abstract class DefinitionWalker extends ScopeKeeper {
  abstract visit(node: AstNode, member?: string): void;

  protected all(nodes: unknown): void {
    for (const node of nodes as unknown[]) if (isNode(node)) this.visit(node);
  }

  /** A list of statements: before each of them a semicolon may have been left out. */
  protected statements(nodes: readonly AstNode[]): void {
    for (const node of nodes) {
      if (node.type === 'ExpressionStatement') this.statementStart = node.start;
      this.visit(node);
    }
  }

  protected some(node: unknown): void {
    if (isNode(node)) this.visit(node);
  }

  protected visitFunction(node: AstNode): void {
    const arrow = node.type === 'ArrowFunctionExpression';
    const parameters = node['params'] as AstNode[];
    const names = new Set(parameters.flatMap((parameter) => [...boundNames(parameter)]));
    const isSimple = parameters.every(({ type }) => type === 'Identifier');
    const body = (): void => {
      for (const parameter of parameters) this.declare(parameter);
      this.visitBody(node['body'] as AstNode, names, isSimple);
    };
    const inside = arrow ? body : () => this.withArguments(isSimple ? names : [], body);
    const own = node.type === 'FunctionExpression' ? [...boundNames(node['id'])] : [];
    const whole = (): void => this.within(node, Layer.parameters, names, inside);
    this.within(node, Layer.own, own, () => this.inFunction(whole));
  }

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
  private visitBody(body: AstNode, parameters: ReadonlySet<string>, isSimple: boolean): void {
    const variables = [...variableNames(body)].filter((name) => !(isSimple && parameters.has(name)));
    this.within(body, Layer.variables, variables, () => {
      for (const name of parameters) markName(this.scope, name, STARTED);
      this.visit(body);
    });
  }

  protected visitClass(node: AstNode): void {
    const members = (node['body'] as AstNode)['body'] as AstNode[];
    this.within(node, Layer.own, boundNames(node['id']), () => {
      this.some(node['superClass']);
      this.classes.push(new Set(members.flatMap(privateKey)));
      for (const member of members) this.visitMember(member);
      this.classes.pop();
    });
  }

  private visitMember(member: AstNode): void {
    if (member['computed']) this.visit(member['key'] as AstNode);
    this.owners++;
    this.homes++;
    if (member.type === 'StaticBlock') {
      const statements = member['body'] as AstNode[];
      const names = [
        ...blockNames(statements),
        ...statements.flatMap((statement) => [...variableNames(statement)]),
      ];
      const block = (): void => this.statements(statements);
      this.inFunction(() => this.within(member, Layer.block, names, block));
    } else if (member.type === 'MethodDefinition') {
      this.owners--;
      this.visitFunction(member['value'] as AstNode);
      this.owners++;
    } else this.inFunction(() => this.some(member['value']));
    this.homes--;
    this.owners--;
  }

  /** Default values and computed keys of a declared pattern; its names are in the scope already. */
  protected declare(pattern: unknown): void {
    this.pattern(pattern, () => {});
  }

  protected assign(target: unknown): void {
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

function privateKey(member: AstNode): string[] {
  const key = member['key'] as AstNode | undefined;
  return key?.type === 'PrivateIdentifier' ? [key['name'] as string] : [];
}
