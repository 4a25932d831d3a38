/**
 * WeakMaps and WeakSets that keep something for objects of a message: private state that a compiler has moved there, or a
 * cache. Code asks such a store only for objects that it holds, so that those entries alone are written whose keys are in
 * the message, or can be had by their name. They come at its end: which objects it has shows only then.
 */
import { types } from 'node:util';
import { isObject, isObjectPrototype } from '../values/realm.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row.ts';

export type Store = WeakMap<object, unknown> | WeakSet<object>;

export const isStore = (value: unknown): value is Store => types.isWeakMap(value) || types.isWeakSet(value);

/** Those that an object or a class has as a property: `internals.states`. */
export function* storesIn(owner: unknown): Generator<readonly [key: string, store: Store]> {
  if (!isObject(owner) || types.isProxy(owner)) return;
  if (typeof owner === 'object') {
    const prototype = Object.getPrototypeOf(owner) as object | null;
    if (prototype !== null && !isObjectPrototype(prototype)) return;
  }
  for (const key of Object.getOwnPropertyNames(owner)) {
    const value: unknown = Object.getOwnPropertyDescriptor(owner, key)?.value;
    if (isStore(value)) yield [key, value];
  }
}

const has = (store: Store, key: object): boolean =>
  types.isWeakMap(store) ? WeakMap.prototype.has.call(store, key) : WeakSet.prototype.has.call(store, key);

/** What only the end that writes can say. */
export interface StoreKeeper {
  /** The keys of a store that is written, as far as this process can see them. */
  keysOf(store: Store): readonly object[];
  /** Whether the reading end can get at it without the message. */
  isNamed(key: object): boolean;
  /** Called at the end, with keys that have no row of their own: whether the message has them does not show. */
  noteUnseen(keys: readonly object[]): void;
  /** Stores of modules that objects of the message come from, each with a row that names it. */
  known(): Iterable<readonly [store: Store, row: Row | undefined]>;
}

/** What the stores need of the message. */
export interface StoreWriter {
  isWritten(value: object): boolean;
  /** All objects that have a row, in their order. */
  written(): readonly unknown[];
  /** Gives the store a row if it has none. */
  name(store: Store, row: Row): void;
  /** Writes entries of a store: a key, and what belongs to it if the store is a WeakMap, by turns. */
  entries(store: Store, items: readonly unknown[]): void;
}

export class WeakStores {
  private readonly keeper: StoreKeeper;
  private readonly writer: StoreWriter;
  private readonly listed = new Map<Store, readonly object[]>();
  private readonly done = new Map<Store, Set<object>>();
  /** How many objects each store was asked about. */
  private readonly asked = new Map<Store, number>();

  constructor(keeper: StoreKeeper, writer: StoreWriter) {
    this.keeper = keeper;
    this.writer = writer;
  }

  /** A store that is itself in the message. */
  add(store: Store): void {
    this.listed.set(store, this.keeper.keysOf(store));
  }

  /** Writes entries that have come to be needed; called again if they have added to the message. */
  write(): void {
    const isMore = [this.writeListed(), this.writeKnown()].includes(true);
    if (!isMore && this.listed.size > 0)
      this.keeper.noteUnseen([...this.listed.values()].flatMap(this.unseen));
  }

  private readonly unseen = (keys: readonly object[]): object[] =>
    keys.filter((key) => !this.writer.isWritten(key) && isPlain(key));

  private writeListed(): boolean {
    let isMore = false;
    for (const [store, keys] of this.listed) {
      const needed = keys.filter((key) => this.writer.isWritten(key) || this.keeper.isNamed(key));
      if (this.writeEntries(store, needed)) isMore = true;
    }
    return isMore;
  }

  private writeKnown(): boolean {
    let isMore = false;
    for (const [store, row] of this.keeper.known()) {
      if (this.listed.has(store)) continue;
      const written = this.writer.written();
      const keys = written.slice(this.asked.get(store) ?? 0).filter((key) => isKeyOf(store, key)) as object[];
      this.asked.set(store, written.length);
      if (keys.length === 0) continue;
      if (!row) throw hidden(keys[0] as object);
      this.writer.name(store, row);
      if (this.writeEntries(store, keys)) isMore = true;
    }
    return isMore;
  }

  private writeEntries(store: Store, keys: readonly object[]): boolean {
    const done = this.done.get(store) ?? new Set();
    this.done.set(store, done);
    const fresh = keys.filter((key) => !done.has(key));
    if (fresh.length === 0) return false;
    for (const key of fresh) done.add(key);
    this.writer.entries(
      store,
      types.isWeakMap(store) ? fresh.flatMap((key) => [key, kept(store, key)]) : fresh,
    );
    return true;
  }
}

const hidden = (instance: object): Refusal =>
  new Refusal(
    instance,
    'has state that its class keeps in a WeakMap which the other process cannot find',
    'give the class a [Symbol.for("loky.reduce")]() method or send plain data',
  );

const kept = (store: WeakMap<object, unknown>, key: object): unknown =>
  WeakMap.prototype.get.call(store, key);

/** What may be in a message without a row. */
function isPlain(key: object): boolean {
  if (typeof key !== 'object') return false;
  const prototype = Object.getPrototypeOf(key) as object | null;
  return isObjectPrototype(prototype) || Array.isArray(key) || types.isMap(key) || types.isSet(key);
}

const isKeyOf = (store: Store, key: unknown): boolean => isObject(key) && has(store, key);

export function addEntry(store: Store, key: unknown, value: unknown): void {
  if (types.isWeakMap(store)) WeakMap.prototype.set.call(store, key as object, value);
  else WeakSet.prototype.add.call(store, key as object);
}
