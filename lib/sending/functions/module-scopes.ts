/**
 * What the text of a whole file says of a variable, as each function and class in it sees that: whether it is ever assigned
 * to, and whether it can be undefined. By scope and not by name: minifiers use the same few names over and over.
 */
import { nothingFound } from './found-names.ts';
import type { Span } from './occurrences.ts';
import { ASSIGNED, DEFINED, declaring, FIXED, FRESH, isMarked, type Scope } from './scope.ts';
import type { AstNode } from './syntax.ts';
import { type Place, Walker } from './walker.ts';

/** What CommonJS gives each file. */
const GIVEN = ['require', 'module', 'exports', '__filename', '__dirname'];

/** A variable as a function inside its scope sees it. */
export interface Variable {
  /** Of the scope that it belongs to. */
  readonly id: number;
  readonly extent: Span;
  /** That is the scope of the whole file. */
  readonly isWhole: boolean;
  /** The function is made once at most for each time that the scope is entered. */
  readonly isOnce: boolean;
  /** It keeps the value that its declaration gave it. */
  readonly isConstant: boolean;
  /** It is never undefined once its declaration has run. */
  readonly isDefined: boolean;
  /** The function expression around the function whose own name this is. */
  readonly named: FunctionAround | undefined;
  /** Variables of the scope that hold another object each time that it is entered. */
  fresh(): readonly string[];
}

/** A function expression, and which names are declared between it and a place inside it, and around it. */
export interface FunctionAround {
  readonly node: AstNode;
  readonly inside: ReadonlySet<string>;
  readonly outside: ReadonlySet<string>;
}

/**
 * What a function means by a name. Undefined if the name is not declared in this file: nothing is known of what another script
 * has declared, or code that was evaluated.
 */
export type VariableAt = (fn: AstNode | undefined, name: string) => Variable | undefined;

export function variablesOf(tree: AstNode, isModule: boolean): VariableAt {
  const places = new Map<AstNode, Place>();
  new Walker(nothingFound(), places).program(tree, isModule ? [] : GIVEN);
  return (fn, name) => {
    const place = fn && places.get(fn);
    const scope = place && declaring(place.scope, name);
    return scope && variableIn(scope, name, place);
  };
}

function variableIn(scope: Scope, name: string, place: Place): Variable {
  const isConstant = isMarked(scope, name, FIXED) || !isMarked(scope, name, ASSIGNED);
  const names = [...scope.names.keys()];
  return {
    id: scope.id,
    extent: scope.extent,
    isWhole: scope.isFile,
    isOnce: place.fn === scope.fn && place.loops === scope.loops,
    isConstant,
    isDefined: isConstant && isMarked(scope, name, DEFINED),
    named: scope.named && {
      node: scope.named as AstNode,
      inside: namesOf(place.scope, scope),
      outside: namesOf(scope.parent, undefined),
    },
    fresh: () => names.filter((key) => isMarked(scope, key, FRESH) && !isMarked(scope, key, ASSIGNED)),
  };
}

function namesOf(start: Scope | undefined, end: Scope | undefined): Set<string> {
  const names = new Set<string>();
  for (let at = start; at && at !== end; at = at.parent) for (const name of at.names.keys()) names.add(name);
  return names;
}
