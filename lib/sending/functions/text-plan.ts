/**
 * What must be done with a function's text so that it can be evaluated elsewhere: which names become slots, how
 * imported names are rewritten, and why it cannot be sent if it cannot. Depends on the text and its place alone, and
 * is kept per place: no values here.
 */

import { isCommonGlobal } from '../graph/intrinsics.ts';
import type { ModuleSource } from '../graph/row.ts';
import { type FreeName, type FreeNames, freeNames } from './free-names.ts';
import type { FunctionView } from './inspector.ts';
import { type ImportedName, moduleText, type Surroundings, surroundings } from './module-text.ts';
import { isFreeOfNames, isSameEverywhere } from './same-everywhere.ts';
import { type Source, startOf } from './sources.ts';
import { type AstNode, type FunctionSyntax, isNode, parseFunction } from './syntax.ts';

export type Slot =
  /** A captured variable: `scope` counts from the inside. */
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly variable: string;
      readonly scope: number;
      readonly stable: boolean;
      readonly free: FreeName;
    }
  | {
      readonly kind: 'import';
      readonly name: string;
      readonly source: ModuleSource;
      readonly exported: string;
      readonly scope: number;
      readonly variable: string;
    }
  /** A global that the program has defined itself. */
  | { readonly kind: 'global'; readonly name: string; readonly variable: string }
  | { readonly kind: 'superclass'; readonly name: string }
  | { readonly kind: 'meta'; readonly name: string; readonly url: string };

export interface Problem {
  readonly reason: string;
  readonly hint?: string;
}

export interface TextPlan {
  readonly kind: 'arrow' | 'class' | 'function' | 'member';
  readonly text: string;
  readonly slots: readonly Slot[];
  readonly written: readonly string[];
  readonly needs: number;
  readonly form: 'expression' | 'member';
  readonly strict: boolean;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Whose `this` the text uses although it is not its own. */
  readonly lexicalThis: 'none' | 'module' | 'owner';
  readonly isGenerator: boolean;
  readonly neverUndefined: ReadonlySet<string>;
  readonly required: ReadonlySet<string>;
  readonly problem: Problem | undefined;
  readonly url: string;
  /** Every arrow with this text does the same. */
  readonly isClosed: boolean;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const SUPER = '__loky_super';
const META = '__loky_meta';
const ARGUMENTS = '__loky_arguments';
const NEVER_A_SLOT = new Set(['undefined', 'NaN', 'Infinity', 'globalThis']);

/** @throws SyntaxError if the text is no function of JavaScript. `copyImports`: imports of own files go by value. */
export function planText(
  fn: object,
  text: string,
  view: FunctionView,
  source: Source,
  copyImports = false,
): TextPlan {
  return new Planner(text, view, source, (fn as { name?: unknown }).name, copyImports).plan(fn);
}

class Planner {
  private readonly text: string;
  private readonly view: FunctionView;
  private readonly source: Source;
  private readonly syntax: FunctionSyntax;
  private readonly free: FreeNames;
  private readonly module: ReturnType<typeof moduleText>;
  private readonly around: Surroundings | undefined;
  private readonly start: number | undefined;
  private readonly label: string;
  private readonly edits: Edit[] = [];
  private readonly slots: Slot[] = [];
  private readonly written: string[] = [];
  private readonly renamed: AstNode[] = [];
  private problem: Problem | undefined;
  /** Files of the program were transformed in memory: what they export is sent like any variable. */
  private readonly copyImports: boolean;

  constructor(text: string, view: FunctionView, source: Source, name: unknown, copyImports: boolean) {
    this.copyImports = copyImports;
    this.text = text;
    this.view = view;
    this.source = source;
    this.syntax = parseFunction(text);
    this.free = freeNames(this.syntax.node);
    this.label = typeof name === 'string' && name ? ` (${name})` : '';
    const { text: whole } = source;
    const isModule = view.scopes.some((scope) => scope.type === 'Module') ? true : source.isModule;
    this.module = whole === undefined ? undefined : moduleText(source.url, whole, isModule);
    this.start = whole === undefined || !view.location ? undefined : startOf(whole, view.location, text);
    if (this.module && this.start !== undefined) {
      this.around = surroundings(this.module, ...this.nodeRange(this.start));
    }
  }

  /** A variable that something assigns to may be undefined at times. */
  private neverUndefined(): Set<string> {
    const names = [...(this.around?.neverUndefined ?? [])];
    return new Set(names.filter((name) => !this.assigns(name)));
  }

  private assigns = (name: string): boolean => this.module?.assigned.has(name) === true;

  private nodeRange(start: number): [number, number] {
    const { node, offset } = this.syntax;
    return [start + node.start - offset, start + node.end - offset];
  }

  plan(fn: object): TextPlan {
    const { syntax } = this;
    const kind = this.kind();
    this.refuseSyntax(kind);
    if (kind === 'class') this.planClass(fn);
    const needs = this.slots.length;
    this.planOwnName(fn);
    for (const [name, free] of this.free.names) this.planName(name, free);
    if (this.free.importMeta.length > 0) {
      this.slots.push({ kind: 'meta', name: META, url: this.source.url });
      for (const node of this.free.importMeta) this.edit(node.start, node.end, META);
    }
    const { member } = syntax;
    if (member?.['computed']) {
      const key = member['key'] as AstNode;
      this.edit(key.start, key.end, '"computed"');
    }
    const early = this.definitionNames(kind);
    const [first, rest] = partition(this.slots.slice(needs), (slot) => early.has(slot.name));
    return {
      kind,
      text: this.edited(),
      slots: [...this.slots.slice(0, needs), ...first, ...rest],
      written: this.written,
      needs: needs + first.length,
      form: syntax.form === 'expression' ? 'expression' : 'member',
      strict: this.around?.strict ?? this.module?.strict ?? !Object.hasOwn(fn, 'arguments'),
      file: this.source.file,
      ...this.place(),
      lexicalThis: this.lexicalThis(kind),
      isGenerator: syntax.node['generator'] === true,
      neverUndefined: this.neverUndefined(),
      required: this.module?.required ?? new Set(),
      problem: this.problem,
      url: this.source.url,
      isClosed: kind === 'arrow' && this.isClosed(),
    };
  }

  /** A comment in the style of HTML is code in a module. */
  private isClosed(): boolean {
    const { free, syntax, text } = this;
    const isWhole =
      this.slots.length === 0 && !this.problem && !free.usesThis && free.importMeta.length === 0;
    return isWhole && isFreeOfNames(free.names) && isSameEverywhere(syntax.node) && !/<!--|-->/.test(text);
  }

  private kind(): TextPlan['kind'] {
    if (this.syntax.form !== 'expression') return 'member';
    if (this.syntax.node.type === 'ArrowFunctionExpression') return 'arrow';
    return this.syntax.node.type === 'ClassExpression' ? 'class' : 'function';
  }

  private refuse(reason: string, hint?: string): void {
    this.problem ??= hint === undefined ? { reason } : { reason, hint };
  }

  private refuseSyntax(kind: TextPlan['kind']): void {
    const { free, label } = this;
    const [privateName] = free.privateNames;
    const whole = 'send the object or the class instead of the bare method';
    if (this.syntax.form === 'private-member' || privateName !== undefined) {
      this.refuse(
        `${label ? `is a method${label} that` : ''} uses the private name #${privateName ?? '…'} of a class it does not carry`.trim(),
        whole,
      );
      return;
    }
    if (free.callsEval && free.names.has('eval'))
      this.refuse(
        `calls \`eval\` directly, so what it uses cannot be known`,
        'use (0, eval)(…), or pass what it needs as arguments',
      );
    if (free.usesSuper && kind !== 'class') this.refuse('is a method that uses `super`', whole);
    if (free.usesNewTarget && kind === 'arrow')
      this.refuse('is an arrow that captures `new.target`', 'copy it into a const');
  }

  private lexicalThis(kind: TextPlan['kind']): TextPlan['lexicalThis'] {
    if (kind !== 'arrow' || !this.free.usesThis) return 'none';
    if (this.around?.thisOf === 'module') return 'module';
    if (this.around?.thisOf === 'field' || this.around?.thisOf === 'static') return 'owner';
    this.refuse(
      'is an arrow that captures `this`',
      'copy what it needs into a const, or submit(obj.method.bind(obj))',
    );
    return 'none';
  }

  private edit(start: number, end: number, text: string): void {
    this.edits.push({ start: start - this.syntax.offset, end: end - this.syntax.offset, text });
  }

  private edited(): string {
    let { text } = this;
    for (const { start, end, text: replacement } of this.edits.sort((a, b) => b.start - a.start)) {
      text = text.slice(0, start) + replacement + text.slice(end);
    }
    return text;
  }

  private place(): { line: number; column: number } {
    const { location } = this.view;
    if (this.start === undefined) return { line: location?.line ?? 0, column: location?.column ?? 0 };
    const before = (this.source.text as string).slice(0, this.start);
    const line = before.split('\n').length - 1;
    return { line, column: this.start - (before.lastIndexOf('\n') + 1) };
  }

  private planClass(fn: object): void {
    for (const [key, name] of computedKeys(fn, this.syntax.node)) {
      // V8 keeps a variable that only names a method no longer than the definition takes: the name is known.
      if ([...freeNames(key).names.keys()].every((free) => this.isThere(free))) continue;
      this.edit(key.start, key.end, JSON.stringify(name));
      this.renamed.push(key);
    }
    const parent = this.syntax.node['superClass'];
    if (!isNode(parent) || (parent.type === 'Literal' && parent['value'] === null)) return;
    this.slots.push({ kind: 'superclass', name: SUPER });
    this.edit(parent.start, parent.end, SUPER);
  }

  private isThere(name: string): boolean {
    const imported = this.module?.isModule && this.module.imports.has(name);
    return this.scopeOf(name) !== -1 || imported || isCommonGlobal(name) || Object.hasOwn(globalThis, name);
  }

  /** Used only where the text was replaced. */
  private isReplaced({ uses }: FreeName): boolean {
    const parent = this.syntax.node['superClass'];
    const replaced = isNode(parent) ? [parent, ...this.renamed] : this.renamed;
    return uses.every((use) => replaced.some(({ start, end }) => use.start >= start && use.end <= end));
  }

  /** `function f() { … f() … }` whose outer `f` has become something else: a declaration has no name of its own. */
  private planOwnName(fn: object): void {
    const own = this.syntax.node['id'];
    if (!isNode(own) || this.around?.node?.type !== 'FunctionDeclaration') return;
    const name = own['name'] as string;
    const scope = this.scopeOf(name);
    if (scope === -1) return;
    const value = readVariable(this.view.scopes[scope]?.variables, name);
    if (value === fn || value === undefined) return;
    this.edit(own.start, own.end, '');
    const free: FreeName = { written: false, onlyTypeof: false, uses: [] };
    this.slots.push({ kind: 'variable', name, variable: name, scope, stable: false, free });
  }

  private scopeOf(name: string): number {
    return this.view.scopes.findIndex((scope) => Object.hasOwn(scope.variables, name));
  }

  private planName(name: string, free: FreeName): void {
    if (NEVER_A_SLOT.has(name) || this.isReplaced(free)) return;
    const scope = this.scopeOf(name);
    const imported = this.module?.isModule ? this.module.imports.get(name) : undefined;
    const copied = this.copyImports && scope !== -1 && /^[./]/.test(imported?.specifier ?? '');
    if (imported && !copied && (scope === -1 || this.view.scopes[scope]?.type === 'Module')) {
      this.planImport(name, free, imported, scope);
      return;
    }
    if (scope !== -1) {
      this.planVariable(name, free, scope);
      return;
    }
    if (name === 'arguments') {
      this.refuse('is an arrow that captures `arguments`', 'use rest parameters: (...args) => …');
      return;
    }
    if (isCommonGlobal(name)) return;
    if (Object.hasOwn(globalThis, name)) {
      this.slots.push({ kind: 'global', name, variable: name });
    } else if (this.definitionNames(this.kind()).has(name) && !free.onlyTypeof) {
      this.refuse(
        `needs \`${name}\` while it is being defined, and V8 did not keep that variable`,
        'export the class from a module, so that it goes by reference',
      );
    }
    // Any other name is nowhere: the same ReferenceError as at home.
  }

  private planVariable(variable: string, free: FreeName, scope: number): void {
    const stable = this.module !== undefined && !this.module.assigned.has(variable);
    const name = variable === 'arguments' ? ARGUMENTS : variable;
    if (name === ARGUMENTS) for (const use of free.uses) this.replace(use, ARGUMENTS, 'arguments');
    if (free.written) this.written.push(name);
    this.slots.push({ kind: 'variable', name, variable, scope, stable, free });
  }

  private planImport(variable: string, free: FreeName, imported: ImportedName, scope: number): void {
    const name = `__loky_import_${variable}`;
    const { specifier, attributes } = imported;
    const source: ModuleSource = {
      type: 'esm',
      specifier,
      from: this.source.url,
      ...(attributes && { attributes }),
    };
    this.slots.push({ kind: 'import', name, source, exported: imported.name, scope, variable });
    const access = imported.name === '*' ? name : `${name}[${JSON.stringify(imported.name)}]`;
    for (const use of free.uses)
      this.replace(use, imported.name === '*' ? access : `(0,${access})`, variable);
  }

  private replace(use: FreeName['uses'][number], text: string, name: string): void {
    this.edit(use.start, use.end, use.shorthand ? `${name}:${text}` : text);
  }

  /** Names that a class needs while it is being defined: computed keys, static fields and blocks. */
  private definitionNames(kind: TextPlan['kind']): Set<string> {
    const names = new Set<string>();
    if (kind !== 'class') return names;
    const collect = (node: unknown): void => {
      if (!isNode(node)) return;
      for (const name of freeNames(node).names.keys()) {
        names.add(name);
        names.add(`__loky_import_${name}`);
      }
    };
    for (const member of (this.syntax.node['body'] as AstNode)['body'] as AstNode[]) {
      if (member['computed']) collect(member['key']);
      if (member.type === 'PropertyDefinition' && member['static']) collect(member['value']);
      if (member.type === 'StaticBlock')
        for (const statement of member['body'] as AstNode[]) collect(statement);
    }
    return names;
  }
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

export const NOT_INITIALIZED = Symbol('not initialized');

/** Newer engines throw for a variable whose declaration did not run yet. */
export function readVariable(variables: Record<string, unknown> | undefined, name: string): unknown {
  try {
    return variables?.[name];
  } catch {
    return NOT_INITIALIZED;
  }
}

/** Computed names of methods with what they turned out to be, where that is certain. */
function computedKeys(fn: object, node: AstNode): (readonly [key: AstNode, name: string])[] {
  const members = (node['body'] as AstNode)['body'] as AstNode[];
  const found: (readonly [AstNode, string])[] = [];
  for (const isStatic of [false, true]) {
    const owner = isStatic ? fn : (Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as object);
    const mine = members.filter(
      (member) => member.type === 'MethodDefinition' && member['static'] === isStatic,
    );
    const computed = mine.filter((member) => member['computed']);
    const named = new Set(
      mine.filter((member) => !member['computed']).map((member) => keyName(member['key'] as AstNode)),
    );
    const others = Object.getOwnPropertyNames(owner).filter((key) => {
      const descriptor = Object.getOwnPropertyDescriptor(owner, key);
      return !named.has(key) && !STANDARD.has(key) && !descriptor?.enumerable;
    });
    if (others.length !== computed.length) continue;
    computed.forEach((member, index) => {
      found.push([member['key'] as AstNode, others[index] as string]);
    });
  }
  return found;
}

const STANDARD = new Set(['constructor', 'prototype', 'length', 'name']);
const keyName = (key: AstNode): string => String(key['name'] ?? key['value']);
