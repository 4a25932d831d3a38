/**
 * What a file's text says: which names it imports and exports, which names it assigns to, and what stands around a
 * position. Parsed once per text, and only when a function from that file goes by value or is looked for among its
 * exports.
 */
import { type AstNode, boundNames, childrenOf, isFunctionNode, isNode, parseProgram } from './syntax.ts';

export interface ImportedName {
  readonly specifier: string;
  /** `*` for the namespace. */
  readonly name: string;
  readonly attributes: Record<string, string> | undefined;
}

export interface ModuleText {
  readonly isModule: boolean;
  readonly strict: boolean;
  readonly imports: ReadonlyMap<string, ImportedName>;
  /** Local name to exported names. */
  readonly exports: ReadonlyMap<string, readonly string[]>;
  /** The expression behind `export default`, if it has no name. */
  readonly defaultExport: AstNode | undefined;
  /** Names whose variables hold what `require` gave, perhaps through a helper of a compiler. */
  readonly required: ReadonlySet<string>;
  /** Names that may get another value after their declaration. By name alone: it may say too much, never too little. */
  readonly assigned: ReadonlySet<string>;
  readonly tree: AstNode;
}

const DEFINED = new Set([
  ...['Literal', 'TemplateLiteral', 'ObjectExpression', 'ArrayExpression', 'ArrowFunctionExpression'],
  ...['FunctionExpression', 'ClassExpression', 'NewExpression', 'BinaryExpression'],
]);

const LIMIT = 200;
const cache = new Map<string, ModuleText | undefined>();

/** Undefined if the text is no JavaScript that this parser knows. */
export function moduleText(
  url: string,
  source: string,
  moduleHint: boolean | undefined,
): ModuleText | undefined {
  const key = `${url}\0${source.length}\0${moduleHint}`;
  if (cache.has(key)) return cache.get(key);
  const text = read(url, source, moduleHint);
  if (cache.size >= LIMIT) cache.delete(cache.keys().next().value as string);
  cache.set(key, text);
  return text;
}

function read(url: string, source: string, moduleHint: boolean | undefined): ModuleText | undefined {
  const script = moduleHint === false || /\.c[jt]s$/.test(url);
  for (const type of script ? (['script', 'module'] as const) : (['module', 'script'] as const)) {
    try {
      return describe(parseProgram(source, type), type === 'module');
    } catch {
      // The other kind, or none: then nothing is known of this file.
    }
  }
  return undefined;
}

function describe(tree: AstNode, isModule: boolean): ModuleText {
  const imports = new Map<string, ImportedName>();
  const exports = new Map<string, string[]>();
  const required = new Set<string>();
  let defaultExport: AstNode | undefined;
  const add = (local: string, exported: string): void => {
    const names = exports.get(local);
    if (names) names.push(exported);
    else exports.set(local, [exported]);
  };
  const body = tree['body'] as AstNode[];
  for (const statement of body) {
    switch (statement.type) {
      case 'ImportDeclaration':
        for (const [local, imported] of importedNames(statement)) imports.set(local, imported);
        break;
      case 'ExportDefaultDeclaration': {
        const declared = statement['declaration'] as AstNode;
        const name =
          declared.type === 'Identifier' ? declared : (declared['id'] as AstNode | null | undefined);
        if (isNode(name)) add(name['name'] as string, 'default');
        else defaultExport = declared;
        break;
      }
      case 'ExportNamedDeclaration':
        for (const [local, exported] of exportedNames(statement)) add(local, exported);
        break;
      case 'VariableDeclaration':
        for (const name of requiredNames(statement)) required.add(name);
        break;
      default:
    }
  }
  const strict = isModule || body[0]?.['directive'] === 'use strict';
  return { isModule, strict, imports, exports, defaultExport, required, assigned: assignedNames(tree), tree };
}

const nameOf = (node: AstNode): string => (node['name'] ?? node['value']) as string;

function* importedNames(statement: AstNode): Generator<[string, ImportedName]> {
  const specifier = (statement['source'] as AstNode)['value'] as string;
  const list = (statement['attributes'] as AstNode[] | undefined) ?? [];
  const pairs = list.map((a) => [nameOf(a['key'] as AstNode), nameOf(a['value'] as AstNode)]);
  const attributes = pairs.length > 0 ? (Object.fromEntries(pairs) as Record<string, string>) : undefined;
  for (const node of statement['specifiers'] as AstNode[]) {
    const local = nameOf(node['local'] as AstNode);
    const name =
      node.type === 'ImportDefaultSpecifier'
        ? 'default'
        : node.type === 'ImportNamespaceSpecifier'
          ? '*'
          : nameOf(node['imported'] as AstNode);
    yield [local, { specifier, name, attributes }];
  }
}

function* exportedNames(statement: AstNode): Generator<[string, string]> {
  const declared = statement['declaration'];
  if (isNode(declared)) {
    const patterns =
      declared.type === 'VariableDeclaration'
        ? (declared['declarations'] as AstNode[]).map((declarator) => declarator['id'])
        : [declared['id']];
    for (const pattern of patterns) for (const name of boundNames(pattern)) yield [name, name];
  } else if (!statement['source']) {
    for (const node of statement['specifiers'] as AstNode[]) {
      yield [nameOf(node['local'] as AstNode), nameOf(node['exported'] as AstNode)];
    }
  }
}

function* requiredNames(statement: AstNode): Generator<string> {
  for (const declarator of statement['declarations'] as AstNode[]) {
    if (isNode(declarator['init']) && callsRequire(declarator['init'])) yield* boundNames(declarator['id']);
  }
}

/** `require('x')`, also inside the calls that compilers put around it. */
function callsRequire(node: AstNode): boolean {
  if (node.type !== 'CallExpression') return false;
  const callee = node['callee'] as AstNode;
  const [first] = node['arguments'] as AstNode[];
  if (callee.type === 'Identifier' && callee['name'] === 'require') return first?.type === 'Literal';
  return first !== undefined && callsRequire(first);
}

function assignedNames(tree: AstNode): Set<string> {
  const assigned = new Set<string>();
  const variables = new Set<string>();
  const addAll = (pattern: unknown): void => {
    for (const name of boundNames(pattern)) assigned.add(name);
  };
  const visit = (node: AstNode): void => {
    switch (node.type) {
      case 'AssignmentExpression':
        addAll(node['left']);
        break;
      case 'UpdateExpression':
        addAll(node['argument']);
        break;
      case 'ForInStatement':
      case 'ForOfStatement':
        if ((node['left'] as AstNode).type !== 'VariableDeclaration') addAll(node['left']);
        break;
      case 'VariableDeclaration':
        if (node['kind'] !== 'var') break;
        // Declared twice is assigned twice.
        for (const declarator of node['declarations'] as AstNode[]) {
          for (const name of boundNames(declarator['id']))
            (variables.has(name) ? assigned : variables).add(name);
        }
        break;
      default:
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(tree);
  return assigned;
}

/** What surrounds a function: its own node, and whose `this` an arrow there would have. */
export interface Surroundings {
  readonly node: AstNode | undefined;
  readonly thisOf: 'module' | 'field' | 'static' | 'function';
  readonly strict: boolean;
  /**
   * Names that are declared around it with a value that is never undefined: older engines show undefined for a
   * variable whose declaration did not run yet.
   */
  readonly neverUndefined: ReadonlySet<string>;
}

/** `start` and `end` are those of the function's text. */
export function surroundings(text: ModuleText, start: number, end: number): Surroundings {
  let thisOf: Surroundings['thisOf'] = 'module';
  let { strict } = text;
  let node: AstNode = text.tree;
  const neverUndefined = new Set<string>();
  for (;;) {
    noteDeclarations(node, neverUndefined);
    const next = childAround(node, start, end);
    if (!next) return { node: undefined, thisOf, strict, neverUndefined };
    if (next.start === start && next.end === end && isNamed(next))
      return { node: next, thisOf, strict, neverUndefined };
    if (next.type === 'FunctionExpression' || next.type === 'FunctionDeclaration') {
      thisOf = node['kind'] === 'constructor' ? 'field' : 'function';
      strict ||= ((next['body'] as AstNode)['body'] as AstNode[])[0]?.['directive'] === 'use strict';
    } else if (next.type === 'PropertyDefinition') thisOf = next['static'] ? 'static' : 'field';
    else if (next.type === 'StaticBlock') thisOf = 'static';
    else if (next.type === 'ClassBody') strict = true;
    node = next;
  }
}

/** Inner declarations hide outer ones. */
function noteDeclarations(node: AstNode, names: Set<string>): void {
  const hide = (pattern: unknown): void => {
    for (const name of boundNames(pattern)) names.delete(name);
  };
  if (isFunctionNode(node)) for (const parameter of node['params'] as AstNode[]) hide(parameter);
  if (node.type === 'CatchClause') hide(node['param']);
  if (node.type !== 'BlockStatement' && node.type !== 'Program' && node.type !== 'StaticBlock') return;
  for (const statement of node['body'] as AstNode[]) {
    const declared = isNode(statement['declaration']) ? statement['declaration'] : statement;
    if (declared.type === 'ClassDeclaration') for (const name of boundNames(declared['id'])) names.add(name);
    if (declared.type === 'FunctionDeclaration') hide(declared['id']);
    if (declared.type !== 'VariableDeclaration') continue;
    for (const { id, init } of declared['declarations'] as { id: AstNode; init: AstNode | null }[]) {
      hide(id);
      const sure = declared['kind'] !== 'var' && id.type === 'Identifier' && init && DEFINED.has(init.type);
      if (sure) names.add(id['name'] as string);
    }
  }
}

const isNamed = (node: AstNode): boolean =>
  isFunctionNode(node) || node.type === 'ClassDeclaration' || node.type === 'ClassExpression';

function childAround(node: AstNode, start: number, end: number): AstNode | undefined {
  for (const child of childrenOf(node)) if (child.start <= start && end <= child.end) return child;
  return undefined;
}
