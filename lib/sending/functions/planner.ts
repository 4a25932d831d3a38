/** Makes the plan of a text: what of it becomes a slot, what is rewritten, and what speaks against it. */
import { membersRead } from './added.ts';
import { computedKeys, definitionNames, SUPER, staticParts } from './class-text.ts';
import { Edits } from './edits.ts';
import type { FreeNames } from './found-names.ts';
import type { FunctionView } from './inspector.ts';
import type { Span } from './occurrences.ts';
import { isFreeOfNames, isSameEverywhere } from './same-everywhere.ts';
import { Slots } from './slots.ts';
import type { Source } from './sources.ts';
import { type AstNode, type FunctionSyntax, isNode, parseFunction } from './syntax.ts';
import { textMap } from './text-map.ts';
import { placeOf, type TextPlace } from './text-place.ts';
import type { Problem, TextPlan } from './text-plan.ts';
import { CAPTURES_THIS, KEY_USES_THIS, kindOf, problemOf } from './text-problems.ts';
import { readVariable } from './variables.ts';
import { freeNames } from './walker.ts';

const META = '__loky_meta';
const NONE_REQUIRED: ReadonlyMap<string, string> = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

/** @throws SyntaxError if the text is no function of JavaScript. `copyImports`: imports of own files go by value. `celled`: see Slots. */
export function planText(
  fn: object,
  text: string,
  view: FunctionView,
  source: Source,
  copyImports = false,
  celled: ReadonlySet<string> = NO_NAMES,
): TextPlan {
  const syntax = parseFunction(text);
  const kind = kindOf(syntax);
  const place = placeOf(text, syntax, view, source);
  const edits = new Edits(text, syntax.offset);
  const node = kind === 'class' ? leaveOutStatics(text, syntax, edits) : syntax.node;
  const free = freeNames(node);
  const early = kind === 'class' ? definitionNames(node) : NO_NAMES;
  const slots = new Slots({ view, source, place, edits, copyImports, early, celled });

  const replaced = kind === 'class' ? replaceInClass(fn, text, syntax, slots, edits) : [];
  const needs = slots.list.length;
  replaceOwnName(fn, syntax, view, place, slots, edits);
  for (const [name, found] of free.names) {
    const uses = found.uses.filter((use) => !isWithin(use, replaced));
    if (uses.length > 0) slots.add(name, { ...found, uses });
  }
  const importMeta = free.importMeta.filter((node) => !isWithin(node, replaced));
  if (importMeta.length > 0) {
    const name = unusedIn(text, META);
    slots.list.push({ kind: 'meta', name, url: source.url });
    for (const node of importMeta) edits.add(node.start, node.end, name);
  }
  const key = syntax.member?.['computed'] ? (syntax.member['key'] as AstNode) : undefined;
  if (key) edits.add(key.start, key.end, '"computed"');

  const lexicalThis = lexicalThisOf(kind, free, place);
  const problem =
    problemOf(syntax, kind, free, (fn as { name?: unknown }).name) ??
    slots.problem ??
    (kind === 'class' ? problemOfKeys(syntax.node, replaced, place) : undefined) ??
    (lexicalThis === 'unknown' ? CAPTURES_THIS : undefined);
  const { module, around, line, column } = place;
  const rest = slots.list.slice(needs);
  const first = rest.filter((slot) => early.has(slot.name));
  return {
    kind,
    text: edits.result(),
    slots: [...slots.list.slice(0, needs), ...first, ...rest.filter((slot) => !early.has(slot.name))],
    unresolved: slots.unresolved,
    written: slots.written,
    members: membersRead(text, syntax.offset, free.names),
    needs: needs + first.length,
    form: syntax.form === 'expression' ? 'expression' : 'member',
    strict: around?.strict ?? module?.strict ?? !Object.hasOwn(fn, 'arguments'),
    file: source.file,
    line,
    column,
    map: textMap(source, line, column, text, edits),
    lexicalThis: lexicalThis === 'unknown' ? 'none' : lexicalThis,
    isGenerator: syntax.node['generator'] === true,
    required: module?.required ?? NONE_REQUIRED,
    problem,
    url: source.url,
    isOfOne: slots.unresolved.length > 0 || replaced.some((node) => node !== syntax.node['superClass']),
    isClosed: kind === 'arrow' && isClosed(text, syntax, free, slots.list.length, problem),
  };
}

/** What was rebuilt by a worker, and is sent on from there, has such names already. */
function unusedIn(text: string, name: string): string {
  let unused = name;
  while (text.includes(unused)) unused += '_';
  return unused;
}

/** A comment in the style of HTML is code in a module. */
function isClosed(
  text: string,
  syntax: FunctionSyntax,
  free: FreeNames,
  slots: number,
  problem: Problem | undefined,
): boolean {
  const isWhole = slots === 0 && !problem && !free.usesThis && free.importMeta.length === 0;
  return isWhole && isFreeOfNames(free.names) && isSameEverywhere(syntax.node) && !/<!--|-->/.test(text);
}

function lexicalThisOf(
  kind: TextPlan['kind'],
  free: FreeNames,
  { around, module }: TextPlace,
): TextPlan['lexicalThis'] | 'unknown' {
  if (kind !== 'arrow' || !free.usesThis) return 'none';
  // A file of CommonJS has its `module.exports` there.
  if (around?.thisOf === 'module') return module?.isModule ? 'module' : 'unknown';
  return around?.thisOf === 'field' || around?.thisOf === 'static' ? 'owner' : 'unknown';
}

/** Gives the nodes whose names the text no longer uses. */
function replaceInClass(
  fn: object,
  text: string,
  { node, offset }: FunctionSyntax,
  slots: Slots,
  edits: Edits,
): AstNode[] {
  const replaced: AstNode[] = [];
  // What names a method is read no more once it has its name: it may be another by now, or not be kept at all.
  for (const [key, name] of computedKeys(fn, text, node, offset)) {
    edits.add(key.start, key.end, JSON.stringify(name));
    replaced.push(key);
  }
  const parent = node['superClass'];
  if (!isNode(parent)) return replaced;
  replaced.push(parent);
  if (parent.type === 'Literal' && parent['value'] === null) return replaced;
  const name = unusedIn(text, SUPER);
  slots.list.push({ kind: 'superclass', name });
  // Minifiers write `extends(0,mixin)(Base)`.
  edits.add(parent.start, parent.end, ` ${name}`);
  return replaced;
}

/** Gives the class without them. What follows stays on its lines. */
function leaveOutStatics(text: string, { node, offset }: FunctionSyntax, edits: Edits): AstNode {
  const parts = staticParts(node);
  if (parts.length === 0) return node;
  for (const { type, start, end } of parts) {
    const lines = text.slice(start - offset, end - offset).replace(/[^\n]/g, '');
    edits.add(start, end, type === 'StaticBlock' ? lines : `undefined${lines}`);
  }
  const body = node['body'] as AstNode;
  const members = (body['body'] as AstNode[])
    .filter((member) => !parts.includes(member))
    .map((member) => (parts.includes(member['value'] as AstNode) ? { ...member, value: null } : member));
  return { ...node, body: { ...body, body: members } };
}

const isWithin = (use: Span, nodes: readonly AstNode[]): boolean =>
  nodes.some(({ start, end }) => use.start >= start && use.end <= end);

/** A computed name is evaluated where the class stood. */
function problemOfKeys(
  cls: AstNode,
  replaced: readonly AstNode[],
  { around, module }: TextPlace,
): Problem | undefined {
  if (around?.thisOf === 'module' && module?.isModule) return undefined;
  const unknown = (cls['body'] as { body: readonly AstNode[] }).body
    .filter((member) => member['computed'])
    .map((member) => member['key'] as AstNode)
    .find((key) => !replaced.includes(key) && freeNames(key).usesThis);
  return unknown && KEY_USES_THIS;
}

/** `function f() { … f() … }` whose outer `f` may become something else: a declaration has no name of its own. */
function replaceOwnName(
  fn: object,
  syntax: FunctionSyntax,
  view: FunctionView,
  { around, module }: TextPlace,
  slots: Slots,
  edits: Edits,
): void {
  const { node } = syntax;
  const own = node['id'];
  if (!isNode(own) || around?.node?.type !== 'FunctionDeclaration') return;
  const name = own['name'] as string;
  const scope = slots.scopeOf(name);
  if (scope === -1) return;
  const value = readVariable(view.scopes[scope]?.variables, name);
  const isConstant = module?.variable(around.node, name)?.isConstant;
  if (isConstant && (value === fn || value === undefined)) return;
  const free = freeNames({ ...node, id: null }).names.get(name);
  if (!free) return;
  edits.add(own.start, own.end, '');
  slots.add(name, free);
}
