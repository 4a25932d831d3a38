/** Which free names of a text become slots, and how the text then refers to them. Reads no values but one. */

import { mainScript } from '../../system/main-script.ts';
import { isCommonGlobal } from '../graph/intrinsics.ts';
import type { ModuleSource } from '../graph/row.ts';
import { importName } from './class-text.ts';
import type { Edits } from './edits.ts';
import { enclosingFunction } from './enclosing.ts';
import type { FreeName, NameUse } from './found-names.ts';
import type { FunctionView } from './inspector.ts';
import type { ImportedName } from './module-text.ts';
import type { Source } from './sources.ts';
import type { TextPlace } from './text-place.ts';
import type { Problem, Slot } from './text-plan.ts';
import { CELL_VALUE, cellName } from './text-plan.ts';
import { nameOfExpression } from './text-problems.ts';

const ARGUMENTS = '__loky_arguments';
const NEVER_A_SLOT = new Set(['undefined', 'NaN', 'Infinity', 'globalThis']);

interface SlotContext {
  readonly view: FunctionView;
  readonly source: Source;
  readonly place: TextPlace;
  readonly edits: Edits;
  /** Files of the program were transformed in memory: what they export is sent like any variable. */
  readonly copyImports: boolean;
  /** Names that are needed while the text is evaluated. */
  readonly early: ReadonlySet<string>;
  /** Variables that other functions of the message share: each is a property of an object that all of them have. */
  readonly celled: ReadonlySet<string>;
}

/** A parenthesis at the start of a line continues the line before, unless that has its semicolon. */
const withoutReceiver = (access: string, { called, first }: NameUse): string =>
  called ? `${first ? ';' : ''}(0,${access})` : access;

export class Slots {
  readonly list: Slot[] = [];
  readonly written: string[] = [];
  readonly unresolved: string[] = [];
  problem: Problem | undefined;
  private readonly context: SlotContext;

  constructor(context: SlotContext) {
    this.context = context;
  }

  /** The scope that holds the variable, counted from the inside; -1 if none does. */
  scopeOf(name: string): number {
    return this.context.view.scopes.findIndex((scope) => Object.hasOwn(scope.variables, name));
  }

  add(name: string, free: FreeName): void {
    if (NEVER_A_SLOT.has(name) && this.scopeOf(name) === -1) return;
    const { view, early } = this.context;
    if (this.addEnclosing(name, free)) return;
    const scope = this.scopeOf(name);
    const imported = this.imported(name);
    const copied = scope !== -1 && imported !== undefined && this.isCopied(imported.specifier);
    if (imported && !copied && (scope === -1 || view.scopes[scope]?.type === 'Module')) {
      this.addImport(name, free, imported, scope);
    } else if (scope !== -1) {
      this.addVariable(name, free, scope);
    } else if (name === 'arguments') {
      this.refuse('is an arrow that captures `arguments`', 'use rest parameters: (...args) => …');
    } else if (!isCommonGlobal(name)) {
      if (Object.hasOwn(globalThis, name)) {
        if (free.written) this.written.push(name);
        this.list.push({ kind: 'global', name, variable: name });
        return;
      }
      // It is nowhere: the same ReferenceError as at home.
      this.unresolved.push(name);
      if (early.has(name) && !free.uses.every(({ onlyTypeof }) => onlyTypeof)) this.refuseMissing(name);
    }
  }

  /** V8 does not show the own name of a function expression: a variable further out that is called so is another one. */
  private addEnclosing(name: string, free: FreeName): boolean {
    const { view, place, source } = this.context;
    const around = place.module?.variable(place.around?.node, name)?.named;
    if (!around || !view.location) return false;
    const { scriptId } = view.location;
    const enclosing = enclosingFunction(name, free, around, source, scriptId, view.scopes);
    if (enclosing) this.list.push({ kind: 'enclosing', name, variable: name, enclosing });
    else this.refuse(...nameOfExpression(name));
    return true;
  }

  /** What the main script exports is sent like any variable: no worker runs it to import that. */
  private isCopied(specifier: string): boolean {
    const { copyImports, source } = this.context;
    const { url } = source;
    if (!/^[./]/.test(specifier)) return false;
    // Modules of node:vm need not have a URL to start from.
    return copyImports || (URL.canParse(specifier, url) && new URL(specifier, url).href === mainScript());
  }

  private imported(name: string): ImportedName | undefined {
    const { module } = this.context.place;
    return module?.isModule ? module.imports.get(name) : undefined;
  }

  private refuse(reason: string, hint: string): void {
    this.problem ??= { reason, hint };
  }

  private refuseMissing(name: string): void {
    this.refuse(
      `needs \`${name}\` while it is being defined, and V8 did not keep that variable`,
      'export the class from a module, so that it goes by reference',
    );
  }

  private addVariable(variable: string, free: FreeName, scope: number): void {
    const { edits, place, celled } = this.context;
    const home = place.module?.variable(place.around?.node, variable);
    const isCell = celled.has(variable);
    const name = isCell ? cellName(variable) : variable === 'arguments' ? ARGUMENTS : variable;
    if (isCell) {
      for (const use of free.uses) edits.name(use, variable, withoutReceiver(`${name}.${CELL_VALUE}`, use));
    } else {
      if (name === ARGUMENTS) for (const use of free.uses) edits.name(use, 'arguments', ARGUMENTS);
      // What is assigned to a `const` throws there as here.
      if (free.written && !home?.isConstant) this.written.push(name);
    }
    this.list.push({ kind: 'variable', name, variable, scope, free, home });
  }

  private addImport(variable: string, free: FreeName, imported: ImportedName, scope: number): void {
    const { edits, source: file } = this.context;
    const name = importName(variable);
    const { specifier, attributes } = imported;
    const source: ModuleSource = {
      type: 'esm',
      specifier,
      from: file.url,
      ...(attributes && { attributes }),
    };
    this.list.push({ kind: 'import', name, source, exported: imported.name, scope, variable });
    const isWhole = imported.name === '*';
    const access = isWhole ? name : `${name}[${JSON.stringify(imported.name)}]`;
    for (const use of free.uses) edits.name(use, variable, isWhole ? access : withoutReceiver(access, use));
  }
}
