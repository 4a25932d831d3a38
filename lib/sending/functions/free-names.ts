/** Which names a function's text uses without declaring them, and what else it takes from where it stands. */
import { blockNames, variableNames } from './declarations.ts';
import { type AstNode, boundNames, childrenOf, isNode } from './syntax.ts';

export interface NameUse {
  readonly start: number;
  readonly end: number;
  /** Written as `{ name }` for `{ name: name }`. */
  readonly shorthand: boolean;
  /** The property that is read of it: `b` in `name.b`. */
  readonly member: string | undefined;
}

export interface FreeName {
  written: boolean;
  /** Only asked for its type: then it may be missing. */
  onlyTypeof: boolean;
  readonly uses: NameUse[];
}

export interface FreeNames {
  readonly names: Map<string, FreeName>;
  usesThis: boolean;
  usesSuper: boolean;
  usesNewTarget: boolean;
  callsEval: boolean;
  readonly importMeta: AstNode[];
  /** Private names of a class that is not part of the text. */
  readonly privateNames: Set<string>;
}

interface Scope {
  readonly parent: Scope | undefined;
  readonly names: ReadonlySet<string>;
}

/** `names` are those of the walked tree from its outside; the tree itself may be any node. */
export function freeNames(tree: AstNode): FreeNames {
  const found: FreeNames = {
    names: new Map(),
    usesThis: false,
    usesSuper: false,
    usesNewTarget: false,
    callsEval: false,
    importMeta: [],
    privateNames: new Set(),
  };
  new Walker(found).visit(tree);
  return found;
}

class Walker {
  private readonly found: FreeNames;
  private readonly classes: Set<string>[] = [];
  private scope: Scope | undefined;
  /** How many functions with a `this` of their own are around. */
  private owners = 0;
  /** How many methods are around: what `super` refers to is then part of the text. */
  private homes = 0;

  constructor(found: FreeNames) {
    this.found = found;
  }

  private within(names: Iterable<string>, action: () => void): void {
    const outer = this.scope;
    this.scope = { parent: outer, names: new Set(names) };
    action();
    this.scope = outer;
  }

  private use(
    node: AstNode,
    options: { written?: boolean; onlyTypeof?: boolean; shorthand?: boolean; member?: string },
  ): void {
    const name = node['name'] as string;
    for (let scope = this.scope; scope; scope = scope.parent) if (scope.names.has(name)) return;
    if (name === 'arguments' && this.owners > 0) return;
    let free = this.found.names.get(name);
    if (!free) {
      free = { written: false, onlyTypeof: true, uses: [] };
      this.found.names.set(name, free);
    }
    free.written ||= options.written === true;
    free.onlyTypeof &&= options.onlyTypeof === true;
    const { shorthand = false, member } = options;
    free.uses.push({ start: node.start, end: node.end, shorthand, member });
  }

  private all(nodes: unknown): void {
    for (const node of nodes as unknown[]) if (isNode(node)) this.visit(node);
  }

  private some(node: unknown): void {
    if (isNode(node)) this.visit(node);
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
        this.visitFunction(node);
        return;
      case 'ClassExpression':
      case 'ClassDeclaration':
        this.visitClass(node);
        return;
      case 'CallExpression':
        this.found.callsEval ||= isEval(node['callee'] as AstNode);
        this.visit(node['callee'] as AstNode);
        this.all(node['arguments']);
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
      case 'VariableDeclarator':
        this.declare(node['id']);
        this.some(node['init']);
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

  private visitBlock(node: AstNode): void {
    switch (node.type) {
      case 'BlockStatement':
        this.within(blockNames(node['body'] as AstNode[]), () => this.all(node['body']));
        return;
      case 'SwitchStatement': {
        this.visit(node['discriminant'] as AstNode);
        const cases = node['cases'] as AstNode[];
        const statements = cases.flatMap((branch) => branch['consequent'] as AstNode[]);
        this.within(blockNames(statements), () => this.all(cases));
        return;
      }
      case 'ForStatement':
        this.within(loopNames(node['init']), () => this.plain(node));
        return;
      case 'ForInStatement':
      case 'ForOfStatement': {
        const left = node['left'] as AstNode;
        this.within(loopNames(left), () => {
          if (left.type === 'VariableDeclaration') this.visit(left);
          else this.assign(left);
          this.visit(node['right'] as AstNode);
          this.visit(node['body'] as AstNode);
        });
        return;
      }
      case 'CatchClause':
        this.within(boundNames(node['param']), () => {
          this.declare(node['param']);
          this.visit(node['body'] as AstNode);
        });
        return;
      default:
        this.plain(node);
        return;
    }
  }

  private plain(node: AstNode): void {
    for (const child of childrenOf(node)) this.visit(child);
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

  private visitFunction(node: AstNode): void {
    const arrow = node.type === 'ArrowFunctionExpression';
    const parameters = node['params'] as AstNode[];
    const body = node['body'] as AstNode;
    const names = new Set<string>();
    for (const parameter of parameters) for (const name of boundNames(parameter)) names.add(name);
    for (const name of variableNames(body)) names.add(name);
    const inside = (): void => {
      if (!arrow) this.owners++;
      for (const parameter of parameters) this.declare(parameter);
      this.visit(body);
      if (!arrow) this.owners--;
    };
    const own = node.type === 'FunctionExpression' ? [...boundNames(node['id'])] : [];
    this.within(own, () => this.within(names, inside));
  }

  private visitClass(node: AstNode): void {
    const members = (node['body'] as AstNode)['body'] as AstNode[];
    this.within(boundNames(node['id']), () => {
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
      this.within(names, () => this.all(statements));
    } else if (member.type === 'MethodDefinition') {
      this.owners--;
      this.visitFunction(member['value'] as AstNode);
      this.owners++;
    } else this.some(member['value']);
    this.homes--;
    this.owners--;
  }

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

const isEval = (callee: AstNode): boolean => callee.type === 'Identifier' && callee['name'] === 'eval';

function* loopNames(init: unknown): Generator<string> {
  if (isNode(init) && init.type === 'VariableDeclaration') yield* blockNames([init]);
}

function privateKey(member: AstNode): string[] {
  const key = member['key'] as AstNode | undefined;
  return key?.type === 'PrivateIdentifier' ? [key['name'] as string] : [];
}

/** The property that is used of an object; undefined where it is computed. */
function memberName(node: AstNode): string | undefined {
  const property = node['property'] as AstNode;
  if (!node['computed']) return property['name'] as string;
  return property.type === 'Literal' ? String(property['value']) : undefined;
}
