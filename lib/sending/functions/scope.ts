/**
 * Scopes of a piece of syntax: which names each declares, and what the text does to them. Knows no syntax tree, no
 * function and no value.
 */
import type { Span } from './occurrences.ts';

/** May get another value after its declaration. */
export const ASSIGNED = 1;
/** Its declaration gives it a value that is never undefined. */
export const DEFINED = 2;
/** A `var` that has a value already: the next declaration of it is an assignment. */
export const STARTED = 4;
/** A `const`: nothing assigns to it, not even a direct `eval`. */
export const FIXED = 8;
/** Its declaration gives it an object that is made there, another one each time. */
export const FRESH = 16;

/** What tells scopes apart that begin at the same place. */
export const Layer = { block: 0, own: 1, parameters: 2, variables: 3, file: 4 } as const;
const LAYERS = 4;

/** Where in the code something stands: in which function, and in how many loops of that function. */
export interface Spot {
  readonly fn: number;
  readonly loops: number;
}

export interface Scope extends Spot {
  /** By where it begins: the same whatever else of the file is parsed. */
  readonly id: number;
  readonly isFile: boolean;
  /** The piece of syntax that opens it. */
  readonly extent: Span;
  readonly parent: Scope | undefined;
  /** The function expression whose own name this scope holds, and nothing else. */
  readonly named: object | undefined;
  /** Each name with its marks. */
  readonly names: Map<string, number>;
}

/** The outer one itself if there are no names: large files have many functions. */
export function scopeIn(
  parent: Scope | undefined,
  names: Iterable<string>,
  spot: Spot,
  extent: Span,
  layer: number,
  named?: object,
): Scope | undefined {
  let scope: Scope | undefined;
  for (const name of names) {
    scope ??= {
      ...spot,
      id: layer === Layer.file ? -1 : extent.start * LAYERS + layer,
      isFile: layer === Layer.file,
      extent,
      parent,
      named,
      names: new Map(),
    };
    scope.names.set(name, 0);
  }
  return scope ?? parent;
}

/** The scope that declares the name, seen from `scope`. */
export function declaring(scope: Scope | undefined, name: string): Scope | undefined {
  for (let at = scope; at; at = at.parent) if (at.names.has(name)) return at;
  return undefined;
}

export const isMarked = (scope: Scope, name: string, mark: number): boolean =>
  ((scope.names.get(name) ?? 0) & mark) !== 0;

export function markName(scope: Scope | undefined, name: string, mark: number): void {
  const declared = declaring(scope, name);
  declared?.names.set(name, (declared.names.get(name) ?? 0) | mark);
}
