/**
 * What a file's text says: which names it imports and exports, and what its scopes are. Parsed once per text, and only when a function from that file goes by value or is looked for among its
 * exports.
 */
import { BoundedMap } from './bounded-map.ts';
import { type ModuleScopes, moduleScopes } from './module-scopes.ts';
import { type AstNode, boundNames, isNode, isStrict, parseProgram } from './syntax.ts';

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
  /** The function or class behind `export default`, where V8 shows no variable that is exported. */
  readonly defaultExport: AstNode | undefined;
  /** Names whose variables hold all of a module, which `require` gave, perhaps through a helper of a compiler; and which. */
  readonly required: ReadonlyMap<string, string>;
  readonly scopes: ModuleScopes;
  readonly tree: AstNode;
}

const known = new BoundedMap<string, { readonly source: string; readonly text: ModuleText | undefined }>(100);

/** Undefined if the text is no JavaScript that this parser knows. */
export function moduleText(
  url: string,
  source: string,
  moduleHint: boolean | undefined,
): ModuleText | undefined {
  const key = `${url}\0${source.length}\0${moduleHint}`;
  const found = known.get(key);
  // What was evaluated has no name of its own.
  if (found?.source === source) return found.text;
  const text = read(url, source, moduleHint);
  known.set(key, { source, text });
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
  const required = new Map<string, string>();
  let defaultExport: AstNode | undefined;
  let defaultName: string | undefined;
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
        if (declared.type === 'Identifier') defaultName = declared['name'] as string;
        else if (!isNode(name)) defaultExport = declared;
        break;
      }
      case 'ExportNamedDeclaration':
        for (const [local, exported] of exportedNames(statement)) add(local, exported);
        break;
      case 'VariableDeclaration':
        for (const [name, specifier] of requiredNames(statement)) required.set(name, specifier);
        break;
      default:
    }
  }
  const strict = isModule || isStrict(body);
  const scopes = moduleScopes(tree, isModule);
  if (defaultName !== undefined) defaultExport = declarationIn(body, defaultName, scopes);
  return {
    isModule,
    strict,
    imports,
    exports,
    defaultExport,
    required,
    scopes,
    tree,
  };
}

/** The function or class that a variable of the file keeps from its declaration on. */
function declarationIn(body: readonly AstNode[], name: string, scopes: ModuleScopes): AstNode | undefined {
  const isNamed = (node: unknown): boolean => isNode(node) && node['name'] === name;
  for (const statement of body) {
    let found: unknown;
    if (/^(?:Function|Class)Declaration$/.test(statement.type) && isNamed(statement['id'])) found = statement;
    if (statement.type === 'VariableDeclaration')
      found = (statement['declarations'] as AstNode[]).find(({ id }) => isNamed(id))?.['init'];
    if (isNode(found)) return scopes.isConstant(found, name) ? found : undefined;
  }
  return undefined;
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

/** What is taken out of a module is a value like others: only a name for the whole of it stands for an import. */
function* requiredNames(statement: AstNode): Generator<[name: string, specifier: string]> {
  for (const { id, init } of statement['declarations'] as (AstNode & Record<'id' | 'init', unknown>)[]) {
    const specifier = isNode(id) && id.type === 'Identifier' && isNode(init) ? requiredBy(init) : undefined;
    if (specifier !== undefined) yield [nameOf(id as AstNode), specifier];
  }
}

/** `__importStar`, `_interopRequireDefault`, `__toESM`: how compilers call what they put around a `require`. */
const INTEROP_HELPER = /^_+(?:import(?:Star|Default)|toESM|interop\w*)$/;

/** `require('x')`, also inside the calls that compilers put around it. */
function requiredBy(node: AstNode): string | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const name = calleeName(node['callee'] as AstNode);
  const [first] = node['arguments'] as AstNode[];
  if (name === 'require') return first?.type === 'Literal' ? String(first['value']) : undefined;
  return first !== undefined && INTEROP_HELPER.test(name) ? requiredBy(first) : undefined;
}

/** The name of `name`, `tslib.name` and `(0, tslib.name)`; empty for other expressions. */
function calleeName(callee: AstNode): string {
  switch (callee.type) {
    case 'Identifier':
      return nameOf(callee);
    case 'MemberExpression':
      return calleeName(callee['property'] as AstNode);
    case 'SequenceExpression':
      return calleeName((callee['expressions'] as AstNode[]).at(-1) as AstNode);
    default:
      return '';
  }
}
