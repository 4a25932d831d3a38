/** What a reader of graph messages asks of its end: functions, named things and values of reducers. */
import type { FunctionHead, RowHead } from './row.ts';

/** What differs between the end that reads tasks and the end that reads answers. */
export interface Resolver {
  /** What a row of a named thing stands for. Throws a `SerializationError` if there is no such thing here. */
  named(head: RowHead): unknown;
  /** `values` gives the slots in order, one at a time, while the function may already be asked for. */
  fn(head: FunctionHead, build: FunctionBuild): void;
  /** Whether messages are trusted to hold structured clones. */
  readonly readsClones?: boolean;
  rebuilt(head: RowHead, children: readonly unknown[]): unknown;
  /** Refuses a named thing where the reading end must not have it. */
  checkNamed?(head: RowHead, value: unknown, place: Place): void;
  /** The local symbol with that number; undefined if there is none, and none is made. */
  symbol?(number: number, description: string | null): symbol | undefined;
  /** A WeakMap or WeakSet with that number, empty at first. Undefined where messages have none. */
  store?(base: 'weak-map' | 'weak-set', number: unknown): object | undefined;
  /** Refuses entries of stores for what the row of the key stands for. */
  checkEntry?(key: RowHead | undefined): void;
  /** Refuses instances of what is not to be instantiated. */
  checkPrototype?(prototype: object): void;
  /** Refuses properties that the reading end must not have. */
  checkProperty?(owner: object, key: string | symbol, value: unknown, accessor: boolean): void;
}

/**
 * What a row is to the value that holds it: its class, its prototype or what rebuilds it (`role`), a property
 * (`member`), or a value by itself: the root, an item of a list, a Map or a Set (`item`).
 */
export type Place = 'role' | 'member' | 'item';

/** Reads a part of something that may lack it: gives `LEFT_OUT` if it cannot be read. */
export type ReadPart = <T>(owner: object, label: string, read: () => T) => T | typeof LEFT_OUT;

export const LEFT_OUT: unique symbol = Symbol('left out');

/** How a resolver makes a function: `made` as soon as it exists, which may be before all its slots are known. */
export interface FunctionBuild {
  slot(index: number): unknown;
  lexicalThis(): unknown;
  /** Fills all that the slots which were asked for lead to: code is about to run that may look into it. */
  settle(): void;
  /** Called once what was made is there, before its properties are filled. */
  later(fill: () => void): void;
  made(fn: object): void;
  /** Asked for the function before it was made: the resolver must make it now, with the slots known so far. */
  onDemand(make: () => object): void;
}
