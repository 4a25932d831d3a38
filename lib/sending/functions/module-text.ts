/**
 * What a file's text says: which names it imports and exports, and what its scopes are. Parsed once per text, and only
 * when a function from that file goes by value or is looked for among its exports. Of a large text, only what matters for
 * the function is parsed.
 */
import { BoundedMap } from '../../system/bounded-map.ts';
import { type Excerpt, Selection } from './excerpt.ts';
import { type VariableAt, variablesOf } from './module-scopes.ts';
import type { Span } from './occurrences.ts';
import { type Outline, outlineOf } from './outline.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { type AstNode, boundNames, childrenOf, isNode, isStrict, parsePart, parseProgram } from './syntax.ts';

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
  readonly variable: VariableAt;
  readonly tree: AstNode;
}

/** A file, or what was evaluated. */
export interface FileText {
  readonly url: string;
  readonly text: string;
  /** Undefined if it may be either. */
  readonly isModule: boolean | undefined;
}

const known = new BoundedMap<string, { readonly source: string; readonly module: ModuleText | undefined }>(
  100,
);

/** Undefined if the text is no JavaScript that this parser knows. */
export function moduleText(file: FileText): ModuleText | undefined {
  const found = knownText(file);
  if (found) return found.module;
  const module = read(file);
  known.set(keyOf(file), { source: file.text, module });
  return module;
}

const keyOf = ({ url, text, isModule }: FileText): string => `${url}\0${text.length}\0${isModule}`;

function knownText(file: FileText): { readonly module: ModuleText | undefined } | undefined {
  const found = known.get(keyOf(file));
  // What was evaluated has no name of its own.
  return found?.source === file.text ? found : undefined;
}

/** A text of this length takes a parser some milliseconds, and one of megabytes seconds. */
const LARGE = 100_000;
/** So many parts take about as long as the whole, however small they are. */
const MOST_PARTS = 40;

interface Outlined {
  readonly source: string;
  readonly outline: Outline | undefined;
  /** How many functions have asked for a part of it. */
  parts: number;
  /** Characters of all parts that were parsed: in a minified file, the same few names are everywhere. */
  parsed: number;
}

const outlines = new BoundedMap<string, Outlined>(4);

function outlineOfFile({ url, text }: FileText): Outlined {
  const found = outlines.get(url);
  if (found?.source === text) return found;
  const outlined = { source: text, outline: outlineOf(text), parts: 0, parsed: 0 };
  outlines.set(url, outlined);
  return outlined;
}

/**
 * Whether one more function of the text should have a part of its own, which is counted: the text is large and was not parsed
 * whole, and few functions of it have asked so far, for less than all of it together.
 */
export function claimPart(file: FileText): boolean {
  const { length } = file.text;
  if (length < LARGE || knownText(file)) return false;
  const outlined = outlineOfFile(file);
  outlined.parts += 1;
  return outlined.parts <= MOST_PARTS && outlined.parsed < length;
}

/** Names that a function uses, and those among them that are no variables of the file. */
export interface Asked {
  readonly names: ReadonlySet<string>;
  readonly inner: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** What can be asked of a part of a file: about the names that were asked for, at one place. */
interface Part {
  readonly module: ModuleText;
  /** The node of the function. */
  readonly around: Surroundings;
}

/**
 * What a large text says of these names where the function stands. Undefined if the text is not large, and where only the
 * whole of it tells.
 */
export function partOfModule(
  file: FileText,
  place: Span,
  { names, inner }: Asked,
  large = LARGE,
): Part | undefined {
  const selection = selectionOf(file, place, large);
  if (!selection) return undefined;
  const read = (): Part | undefined => {
    const module = readPart(selection, !isScript(file), outlineOfFile(file));
    const around = module && surroundings(module, place.start, place.end);
    return module && around?.node ? { module, around } : undefined;
  };
  selection.keepAround(names, inner);
  const declared = read();
  if (!declared) return undefined;
  let isMore = false;
  for (const name of names) {
    const variable = declared.module.variable(declared.around.node, name);
    if (!variable) continue;
    // Which scopes lie inside of such a function depends on all of their names.
    if (variable.named) return undefined;
    if (selection.keepWrites(name, variable.isWhole ? WHOLE : variable.extent)) isMore = true;
  }
  return isMore ? read() : declared;
}

const WHOLE: Span = { start: 0, end: Number.POSITIVE_INFINITY };

function selectionOf(file: FileText, place: Span | undefined, large = LARGE): Selection | undefined {
  // What a part could be parsed as need not be what the whole is.
  if (file.isModule === undefined || file.text.length < large) return undefined;
  const { outline } = outlineOfFile(file);
  return outline && new Selection(file.text, outline, place);
}

function readPart(selection: Selection, isModule: boolean, file?: Outlined): ModuleText | undefined {
  if (selection.isTooMuch) return undefined;
  const excerpt = selection.excerpt();
  if (file) file.parsed += excerpt.text.length;
  try {
    const tree = parsePart(excerpt.text, isModule ? 'module' : 'script');
    moveBack(tree, excerpt);
    return describe(tree, isModule);
  } catch {
    return undefined; // what was left out was needed after all
  }
}

/** What a file exports, if it is a module. Of a large one, the variables are not known but for the default export. */
export function exportsOf(url: string, text: string): ModuleText | undefined {
  const file = { url, text, isModule: true };
  const selection = knownText(file) ? undefined : selectionOf(file, undefined);
  selection?.keepAround([], NONE);
  const part = selection && readPart(selection, true);
  if (!part) return moduleText(file);
  const [name] = [...part.exports].find(([, exported]) => exported.includes('default')) ?? [];
  if (name === undefined) return part;
  selection.keepAround([name], NONE);
  selection.keepWrites(name, WHOLE);
  return readPart(selection, true) ?? moduleText(file);
}

/** To where it is in the whole text. A node may be there twice: `export { name }`. */
function moveBack(
  node: { -readonly [K in keyof AstNode]: AstNode[K] },
  excerpt: Excerpt,
  moved = new Set<AstNode>(),
): void {
  if (moved.has(node)) return;
  moved.add(node);
  for (const child of childrenOf(node)) moveBack(child, excerpt, moved);
  const { start, end } = node;
  node.start = excerpt.original(start);
  node.end = end > start ? excerpt.original(end - 1) + 1 : node.start;
}

const isScript = ({ url, isModule }: FileText): boolean => isModule === false || /\.c[jt]s$/.test(url);

function read(file: FileText): ModuleText | undefined {
  for (const type of isScript(file) ? (['script', 'module'] as const) : (['module', 'script'] as const)) {
    try {
      return describe(parseProgram(file.text, type), type === 'module');
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
      case 'ExpressionStatement':
        for (const [name, specifier] of runnerImports(statement)) required.set(name, specifier);
        break;
      default:
    }
  }
  const strict = isModule || isStrict(body);
  const variable = variablesOf(tree, isModule);
  if (defaultName !== undefined) defaultExport = declarationIn(body, defaultName, variable);
  return { isModule, strict, imports, exports, defaultExport, required, variable, tree };
}

/** The function or class that a variable of the file keeps from its declaration on. */
function declarationIn(body: readonly AstNode[], name: string, variable: VariableAt): AstNode | undefined {
  const isNamed = (node: unknown): boolean => isNode(node) && node['name'] === name;
  for (const statement of body) {
    let found: unknown;
    if (/^(?:Function|Class)Declaration$/.test(statement.type) && isNamed(statement['id'])) found = statement;
    if (statement.type === 'VariableDeclaration')
      found = (statement['declarations'] as AstNode[]).find(({ id }) => isNamed(id))?.['init'];
    if (isNode(found)) return variable(found, name)?.isConstant ? found : undefined;
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

/** How vitest runs a module: as an asynchronous arrow that begins with its imports, by files or names of Node's modules. */
function* runnerImports({ expression }: AstNode): Generator<[name: string, specifier: string]> {
  if (!isNode(expression) || expression.type !== 'ArrowFunctionExpression') return;
  if (!(expression['params'] as AstNode[]).some(({ name }) => RUNNER_IMPORT.test(String(name)))) return;
  for (let block = expression['body'] as AstNode | undefined; block?.type === 'BlockStatement'; ) {
    const statements = block['body'] as AstNode[];
    for (const { type, declarations } of statements)
      if (type === 'VariableDeclaration') yield* awaitedImports(declarations as AstNode[]);
    [block] = statements;
  }
}

function* awaitedImports(declarations: readonly AstNode[]): Generator<[name: string, specifier: string]> {
  for (const { id, init } of declarations) {
    const awaited =
      isNode(init) && init.type === 'AwaitExpression' ? (init['argument'] as AstNode) : undefined;
    if (awaited?.type !== 'CallExpression' || !RUNNER_IMPORT.test(calleeName(awaited['callee'] as AstNode)))
      continue;
    const [specifier] = awaited['arguments'] as AstNode[];
    if (specifier?.type === 'Literal') yield [nameOf(id as AstNode), String(specifier['value'])];
  }
}

const RUNNER_IMPORT = /^__vi(?:te_ssr)?_(?:dynamic_)?import__$/;

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
