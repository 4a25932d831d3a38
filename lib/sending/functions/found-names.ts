/** What is found in a piece of syntax: the names that it takes from outside, and what else it takes from there. */
import type { Span } from './occurrences.ts';
import type { AstNode } from './syntax.ts';

export interface NameUse extends Span {
  /** Written as `{ name }` for `{ name: name }`. */
  readonly shorthand: boolean;
  /** The property that is read of it: `b` in `name.b`. */
  readonly member: string | undefined;
  /** `name()` or a tagged template: what stands in its place must not become the object of a method call. */
  readonly called: boolean;
  /** Only asked for its type: then it may be missing. */
  readonly onlyTypeof: boolean;
  /** It begins a statement of a list: no semicolon need be before it. */
  readonly first: boolean;
}

export interface FreeName {
  written: boolean;
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

export const nothingFound = (): FreeNames => ({
  names: new Map(),
  usesThis: false,
  usesSuper: false,
  usesNewTarget: false,
  callsEval: false,
  importMeta: [],
  privateNames: new Set(),
});
