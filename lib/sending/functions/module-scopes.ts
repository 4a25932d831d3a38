/**
 * The scopes of a whole file, as each function and class in it sees them: whether a variable is ever assigned to, and
 * whether it can be undefined. By scope and not by name: minifiers use the same few names over and over.
 */
import { nothingFound } from './found-names.ts';
import { ASSIGNED, DEFINED, declaring, type Extent, FIXED, FRESH, isMarked, type Scope } from './scope.ts';
import type { AstNode } from './syntax.ts';
import { type Place, Walker } from './walker.ts';

/** What CommonJS gives each file. */
const GIVEN = ['require', 'module', 'exports', '__filename', '__dirname'];

export interface ModuleScopes {
  /** Whether the variable that a function means by that name keeps the value that its declaration gave it. */
  isConstant(place: AstNode | undefined, name: string): boolean;
  /** Whether it is never undefined once its declaration has run. */
  isDefined(place: AstNode | undefined, name: string): boolean;
  /** The function expression around `place` whose own name that is; undefined if the name means something else. */
  functionNamed(place: AstNode | undefined, name: string): FunctionAround | undefined;
  /** Whether it is a variable of the file. */
  isOfFile(place: AstNode | undefined, name: string): boolean;
  /** Where the variable's scope begins and ends; undefined if the name is not declared in this file. */
  extentOf(place: AstNode | undefined, name: string): Extent | undefined;
  /** Undefined if the name is not declared in this file. */
  homeOf(place: AstNode | undefined, name: string): Home | undefined;
}

/** The scope that a variable belongs to, as a function inside it sees it. */
export interface Home {
  readonly id: number;
  /** The scope of the whole file. */
  readonly isWhole: boolean;
  /** The function is made once at most for each time that the scope is entered. */
  readonly isOnce: boolean;
  /** Variables of it that hold another object each time that the scope is entered. */
  fresh(): readonly string[];
}

/** A function expression, and which names are declared between it and a place inside it, and around it. */
export interface FunctionAround {
  readonly node: AstNode;
  readonly inside: ReadonlySet<string>;
  readonly outside: ReadonlySet<string>;
}

export function moduleScopes(tree: AstNode, isModule: boolean): ModuleScopes {
  const found = nothingFound();
  const places = new Map<AstNode, Place>();
  new Walker(found, places).program(tree, isModule ? [] : GIVEN);
  const hasMark = (place: AstNode | undefined, name: string, mark: number): boolean | undefined => {
    const scope = place && declaring(places.get(place)?.scope, name);
    // What another script has declared, or code that was evaluated: nothing is known of it.
    return scope && isMarked(scope, name, mark);
  };
  const isConstant = (place: AstNode | undefined, name: string): boolean =>
    hasMark(place, name, ASSIGNED) === false || hasMark(place, name, FIXED) === true;
  return {
    isConstant,
    isDefined: (place, name) => isConstant(place, name) && hasMark(place, name, DEFINED) === true,
    functionNamed(place, name) {
      const start = place && places.get(place)?.scope;
      const scope = declaring(start, name);
      if (scope?.named === undefined) return undefined;
      return {
        node: scope.named as AstNode,
        inside: namesOf(start, scope),
        outside: namesOf(scope.parent, undefined),
      };
    },
    isOfFile: (place, name) => declaring(place && places.get(place)?.scope, name)?.isFile === true,
    extentOf: (place, name) => place && declaring(places.get(place)?.scope, name)?.extent,
    homeOf(node, name) {
      const place = node && places.get(node);
      const scope = place && declaring(place.scope, name);
      if (!scope) return undefined;
      const names = [...scope.names.keys()];
      return {
        id: scope.id,
        isWhole: scope.isFile,
        isOnce: place.fn === scope.fn && place.loops === scope.loops,
        fresh: () => names.filter((key) => isMarked(scope, key, FRESH) && !isMarked(scope, key, ASSIGNED)),
      };
    },
  };
}

function namesOf(start: Scope | undefined, end: Scope | undefined): Set<string> {
  const names = new Set<string>();
  for (let at = start; at && at !== end; at = at.parent) for (const name of at.names.keys()) names.add(name);
  return names;
}
