/**
 * The shape of a graph message: every value that JSON and structured clone cannot carry is a numbered row. A row has
 * a head of plain JSON, which says what it is, and children, which are values of the graph. Both ends share this.
 */
import { types } from 'node:util';
import { hexOf } from '../values/plain-format.ts';
import { readBigInt } from '../values/plain-reader.ts';
import { isNativeText } from '../values/realm.ts';
import type { GlobalPath } from './intrinsics.ts';

/** What a row says about itself. The first item is its kind. */
export type RowHead =
  /** A local one may have a number: what has the same number is the same symbol. */
  | readonly ['symbol', 'registered' | 'well-known' | 'internal' | 'local', string | null, number?: number]
  /** Of more digits than engines read quickly in another form: in hexadecimal. */
  | readonly ['bigint', hex: string]
  | readonly ['global', GlobalPath]
  | readonly ['builtin', module: string, path: readonly string[]]
  /** A module, or something it exports; `from` is whose import it was. */
  | readonly [
      'import',
      ModuleSource,
      path: readonly string[],
      hash: number | null,
      /** How many members the prototype object of a function has: other modules may have added some. */
      members?: number,
    ]
  /** A variable of a module that is no export: one that a function which it exports sees, or members of its value. */
  | readonly [
      'variable',
      ModuleSource,
      path: readonly string[],
      hash: number,
      scope: number,
      steps: readonly string[],
      members?: number,
    ]
  /** A class of an answer, or a store (no hash): the variable of a file that holds it, or has it as a member; `scope` counts from the outermost. */
  | readonly ['declared', url: string, scope: number, name: string, hash: number | null, member?: string]
  | readonly ['require', from: string]
  /** `import.meta` of a file. */
  | readonly ['meta', url: string]
  /** An error class of this package. */
  | readonly ['own', name: string]
  /** Something that the host knows by a number, because it has sent it before; or a value that workers get once. */
  | readonly ['known' | 'shared', id: number]
  | readonly ['object', ObjectHead]
  /**
   * Children: the class, and the nearest built-in class that it extends. `nearest`: after the class all that it extends,
   * in their order, and the first that the reader has is taken.
   */
  | readonly ['prototype', name: string, nearest?: boolean]
  /** A part of something lenient that cannot be sent. */
  | readonly ['omitted', reason: string]
  | readonly ['function', FunctionHead]
  /** Children: target, this, arguments. */
  | readonly ['bound']
  /** By the hook of its class. Children: the class, the rebuilding function, its arguments. */
  | readonly ['hook']
  /**
   * By a reducer: one that both ends have, or one that travels along. Children: of the latter the function that rebuilds, and
   * what it was reduced to, if that is no primitive.
   */
  | readonly ['named' | 'rebuilt', name: string, primitive: EncodedPrimitive | null]
  | readonly ['wrapper', keep: boolean]
  /** Stands for no value. Children: a WeakMap or WeakSet, then keys and what belongs to them. */
  | readonly ['entries']
  /** A part of the structured clone of a message's plain data; the first one says where that is. */
  | readonly ['plain', index: number, place?: ClonePlace];

export interface Row {
  readonly head: RowHead;
  readonly children: readonly unknown[];
}

export interface ModuleSource {
  readonly type: 'esm' | 'cjs';
  readonly specifier: string;
  readonly from: string | null;
  readonly attributes?: Record<string, string>;
}

export type ObjectBase =
  | 'object'
  | 'array'
  | 'arguments'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  | 'error'
  | 'dom-exception'
  | 'boxed'
  | 'binary'
  | 'url'
  | 'search-params'
  /** Their data is the number by which the host knows them. */
  | 'weak-map'
  | 'weak-set'
  /** See public-state.ts. */
  | 'public';

/** Child order: prototype (if it is a child), then per property its key (if a symbol) and value or accessors, items. */
export interface ObjectHead {
  /** What cannot be read of it, or of what it holds, is left out. */
  readonly lenient?: boolean;
  /** What an error says of itself by its class: for a reader that does not have the class. */
  readonly said?: Said;
  readonly base: ObjectBase;
  readonly data?: unknown;
  readonly prototype: 'default' | 'null' | 'child';
  readonly props: readonly PropHead[];
  /** Absent: it can get more properties. */
  readonly integrity?: Integrity | undefined;
}

/** How an object was closed to changes. */
export type Integrity = 'frozen' | 'sealed' | 'closed';

export interface Said {
  readonly name?: string;
  readonly message?: string;
}

/** What kind of binary data it is, whether it is beside the message, and where. */
export type BinaryPlace = readonly [kind: number, beside: boolean, at: number, length: number];

/** Where a structured clone is, and which of the parts beside the message are its own. */
export type ClonePlace = readonly [beside: boolean, at: number, length: number, views: number, count: number];

/** A plain string key; or a key (null: the next child is a symbol) with flags. */
export type PropHead = string | readonly [string | null, number];

export const ENUMERABLE = 1;
export const CONFIGURABLE = 2;
export const WRITABLE = 4;
export const ACCESSOR = 8;

/**
 * Child order: slots, `this` of an arrow (if it has one), the function's own prototype (if it was replaced), prototype
 * object's prototype (if not default), then properties of the function, then properties of its prototype object.
 */
export interface FunctionHead {
  readonly code: number;
  /** What the host knows it by. */
  readonly id: number;
  /** As every function has it. Null: it has none. Undefined: its text says it, or one of its properties. */
  readonly name: string | null | undefined;
  /** The same. */
  readonly length: number | null | undefined;
  readonly lexicalThis: boolean;
  readonly parent: boolean;
  readonly prototype: 'default' | 'null' | 'child';
  readonly props: readonly PropHead[];
  readonly prototypeProps: readonly PropHead[];
  /** The `constructor` of its prototype object is not where it is at first: it is one of the properties, or none. */
  readonly isDisplaced?: boolean;
  readonly integrity?: Integrity | undefined;
  readonly prototypeIntegrity?: Integrity | undefined;
}

/** A function's code, without the values it captures. */
export interface CodeText {
  readonly text: string;
  /** Names that the text uses and that get their values with each function. */
  readonly slots: readonly string[];
  /** Those of them that the text assigns to. */
  readonly written: readonly string[];
  /** How many of the first slots must have their values before the text is evaluated. */
  readonly needs: number;
  readonly form: 'expression' | 'member';
  readonly isClass: boolean;
  readonly strict: boolean;
  /** Where the text stands: its file as stacks name it (a URL for an ES module), zero-based line and column. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Of a text that was compiled from something else. */
  readonly map: TextMap | undefined;
}

/** The part of a source map that is about one text, as if the text were a file. */
export interface TextMap {
  /** URLs. */
  readonly sources: readonly string[];
  readonly mappings: string;
}

type EncodedPrimitive = readonly [type: string, text: string];

export function encodePrimitive(value: unknown): EncodedPrimitive {
  if (typeof value === 'number') return ['number', Object.is(value, -0) ? '-0' : String(value)];
  if (typeof value === 'bigint') return ['bigint', hexOf(value)];
  return [
    value === null ? 'null' : typeof value,
    typeof value === 'string' ? JSON.stringify(value) : String(value),
  ];
}

export function decodePrimitive([type, text]: EncodedPrimitive): unknown {
  switch (type) {
    case 'number':
      return Number(text);
    case 'string':
      return String(JSON.parse(text));
    case 'bigint':
      return readBigInt(text);
    case 'boolean':
      return text === 'true';
    case 'null':
      return null;
    default:
      return undefined;
  }
}

/** Of what instances of a function inherit, the language's own not counted. Runs no code of the user's. */
export function countMembers(fn: object): number {
  let count = 0;
  let prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value;
  while (typeof prototype === 'object' && prototype !== null && !types.isProxy(prototype)) {
    const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof owner === 'function' && isNativeText(Function.prototype.toString.call(owner))) break;
    count += Object.getOwnPropertyNames(prototype).length;
    prototype = Object.getPrototypeOf(prototype);
  }
  return count;
}

/** A quick fingerprint of a text, to notice that it is not the same one. Not for security. */
export function fingerprint(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
