/**
 * What must be done with a function's text so that it can be evaluated elsewhere: which names become slots, how
 * imported names are rewritten, and why it cannot be sent if it cannot. Shapes alone: no values here.
 */
import type { CodeText, ModuleSource } from '../graph/row.ts';
import type { Member } from './added.ts';
import type { Enclosing } from './enclosing.ts';
import type { FreeName } from './found-names.ts';
import type { Variable } from './module-scopes.ts';

export type Slot =
  /** A captured variable: `scope` counts from the inside. */
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly variable: string;
      readonly scope: number;
      readonly free: FreeName;
      /** What its file says of it. Undefined if the file is not known, or does not declare it. */
      readonly home: Variable | undefined;
    }
  | {
      readonly kind: 'import';
      readonly name: string;
      readonly source: ModuleSource;
      readonly exported: string;
      readonly scope: number;
      readonly variable: string;
    }
  /** The function expression around the text, by its own name. */
  | {
      readonly kind: 'enclosing';
      readonly name: string;
      readonly variable: string;
      readonly enclosing: Enclosing;
    }
  /** A global that the program has defined itself. */
  | { readonly kind: 'global'; readonly name: string; readonly variable: string }
  | { readonly kind: 'superclass'; readonly name: string }
  | { readonly kind: 'meta'; readonly name: string; readonly url: string };

export type VariableSlot = Extract<Slot, { readonly kind: 'variable' }>;

export interface Problem {
  readonly reason: string;
  readonly hint?: string;
}

export interface TextPlan extends Omit<CodeText, 'slots' | 'isClass'> {
  readonly kind: 'arrow' | 'class' | 'function' | 'member';
  readonly slots: readonly Slot[];
  /** Free names that are neither variables here nor globals. */
  readonly unresolved: readonly string[];
  /** What it reads from globals. */
  readonly members: readonly Member[];
  /** Whose `this` the text uses although it is not its own. */
  readonly lexicalThis: 'none' | 'module' | 'owner';
  readonly isGenerator: boolean;
  readonly required: ReadonlyMap<string, string>;
  readonly problem: Problem | undefined;
  readonly url: string;
  /** Made for one function: another from the same place may have other names, or see other variables. */
  readonly isOfOne: boolean;
  /** Every arrow with this text does the same. */
  readonly isClosed: boolean;
}

/** Under such a name a text finds the object whose property is the variable. */
export const cellName = (variable: string): string => `__loky_cell_${variable}`;

/** The property of that object that holds the value. */
export const CELL_VALUE = 'v';
