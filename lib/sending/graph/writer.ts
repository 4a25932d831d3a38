/**
 * Values to a graph message: devalue writes plain data, and everything else becomes a row of a table that grows
 * while devalue runs. How functions travel is decided by the policy of the end that writes.
 */
import { types } from 'node:util';
import type { StringifyOperations } from 'devalue';
import { devalue } from '../../system/devalue/devalue.ts';
import { addView, type Payload, payloadOf } from '../common/payload.ts';
import { isTooMuch, reasonOf } from '../common/reason.ts';
import { writeClone } from '../values/clone.ts';
import { hexOf } from '../values/plain-format.ts';
import { isObject } from '../values/realm.ts';
import { binaryKind, bytesOf, OUT_OF_BAND } from '../values/views.ts';
import { packMessage } from './message.ts';
import { isDevaluePlain, isRecord, type ObjectWriter, objectRow, type Takes } from './objects.ts';
import { PlainParts } from './plain-parts.ts';
import { type Edge, Refusal } from './refusal.ts';
import type { BinaryPlace, Row, RowHead } from './row.ts';
import { symbolRow } from './symbols.ts';
import { type Store, type StoreKeeper, type StoreWriter, WeakStores } from './weak-stores.ts';

/** What differs between the end that sends tasks and the end that sends answers. */
export interface Policy {
  readonly takes: Takes;
  /** A row for a value that a reducer, a hook or a wrapper takes over. Asked first, for every value. */
  custom(value: unknown, writer: GraphWriter): Row | undefined;
  /** Whether `custom` wants to see primitives too. */
  readonly primitives: boolean;
  /** Records are copied even if a module exports them: most of what is sent is such. */
  readonly copiesRecords?: boolean;
  /**
   * Whether the reader has by itself something that plain data holds. Plain data goes as a structured clone; among the rows
   * where this is missing.
   */
  readonly isKnown?: ((value: object) => boolean) | undefined;
  /** Whether plain data shares objects with the rows, as an earlier writing has shown. */
  readonly isShared?: boolean | undefined;
  /** Binary data for beside the message: a copy, unless it is written at once. */
  keep(bytes: Uint8Array): Uint8Array;
  /** A row for something that is known by name: a global, a built-in, a module's export. */
  named(value: object, writer: GraphWriter): Row | undefined;
  /** A row for a symbol that is known by where it is kept. */
  symbol?(value: symbol): Row | undefined;
  /** A row for a function that has no name. Throws a `Refusal` if there is none. */
  fn(fn: (...args: never[]) => unknown, writer: GraphWriter): Row;
  /** Throws a `Refusal` if instances of this prototype cannot be carried. */
  checkInstance(value: object, prototype: object): void;
  /** What is known of WeakMaps and WeakSets. */
  readonly stores: StoreKeeper & {
    /** The number of one that is sent; undefined if they are refused. */
    numberOf(store: Store): number | undefined;
    /** Objects of which it matters whether the message has them. */
    readonly wanted: ReadonlySet<object> | undefined;
  };
}

const LONGEST_REASON = 200;
const NO_HEADER = new Uint8Array(0);

function omittedRow(reason: unknown): Row {
  const text = reason instanceof Refusal ? reason.reason : reasonOf(reason);
  return { head: ['omitted', text.slice(0, LONGEST_REASON)], children: [] };
}

/** The engine's own error, where what it was asked about is a Proxy that was revoked, says nothing of where that is. */
const withPlace = (error: unknown, value: unknown): unknown =>
  error instanceof TypeError
    ? new Refusal(value, `cannot be looked into: ${error.message}`, undefined, '', undefined, error)
    : error;

/** What plain data holds. */
function contentsOf(value: object): readonly unknown[] {
  if (types.isMap(value)) return [...Map.prototype.entries.call(value)].flat();
  return types.isSet(value) ? [...Set.prototype.values.call(value)] : Object.values(value);
}

/** As decimal digits, it would take engines more than linear time. */
const isLong = (value: unknown): value is bigint =>
  typeof value === 'bigint' && BigInt.asIntN(LONG_BITS, value) !== value;

const LONG_BITS = 256;

/**
 * What stands for a row while devalue writes: an object, so that no value of the user's is taken for it, which devalue
 * writes as the number that it holds.
 */
class RowNumber {
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  static is(value: unknown): value is RowNumber {
    return typeof value === 'object' && value !== null && #number in value;
  }

  /** For devalue. */
  static readonly operations: Partial<StringifyOperations> = {
    typeOf: (value: unknown) => (RowNumber.is(value) ? 'number' : value === null ? 'null' : typeof value),
    toPrimitive: (value: unknown) => (RowNumber.is(value) ? value.#number : value) as never,
  };
}

export class GraphWriter implements ObjectWriter {
  readonly views: Uint8Array[] = [];
  private plainBytes = 0;
  /** The object that holds a function as a property. */
  readonly owners = new WeakMap<object, object>();
  private readonly policy: Policy;
  private readonly numbers = new Map<unknown, number>();
  private readonly heads: RowHead[] = [];
  /** devalue walks this set while rows are added to it. */
  private readonly table = new Set<readonly unknown[]>();
  private readonly internal = new WeakSet<object>();
  private readonly prototypes = new WeakSet<object>();
  /** Of which that is left out which cannot be sent. */
  private readonly lenient = new WeakSet<object>();
  private root: unknown;
  private readonly stores: WeakStores;
  /** Of what is wanted, that which the message has. */
  private readonly present = new WeakSet<object>();
  private readonly stubs = new Map<string, object>();
  private readonly edges = new Map<object, Edge[]>();
  private readonly blobs: Uint8Array[] = [];
  private blobLength = 0;
  private readonly plain: PlainParts | undefined;

  constructor(policy: Policy) {
    this.policy = policy;
    this.stores = new WeakStores(policy.stores, this.storeWriter);
    // What a WeakMap keeps for an object is looked up by it: a key must not be hidden in the clone.
    if (policy.isKnown && !policy.stores.wanted)
      this.plain = new PlainParts(policy.isKnown, policy.isShared === true);
  }

  /**
   * @param isLenient What cannot be sent of the root is left out; a root that cannot be sent at all is refused.
   * @throws Refusal; RangeError if the value is nested too deeply.
   */
  write(root: unknown, header: Uint8Array, isLenient = false): Payload {
    this.root = root;
    if (isLenient) this.makeLenient([root]);
    const top = [root, this.table];
    this.internal.add(top);
    this.internal.add(this.table);
    const operations = { ...RowNumber.operations, valuesOf: (set: Set<unknown>) => this.valuesOf(set) };
    const text = devalue().stringify(top, { $: (value: unknown) => this.reduce(value) }, { operations });
    this.writePlain();
    return payloadOf(packMessage(header, this.heads, text, this.blobs), this.views);
  }

  /** devalue walks the table while it grows: what stores keep for objects of the message comes last. */
  private *valuesOf(set: Set<unknown>): Generator<unknown> {
    let given = 0;
    for (const value of set) {
      yield value;
      if (set === this.table && ++given === set.size) this.stores.write();
    }
  }

  store(value: Store): number | undefined {
    const number = this.policy.stores.numberOf(value);
    if (number !== undefined) this.stores.add(value);
    return number;
  }

  /** Plain data is in no store of a module, whether it has a row or not. */
  private readonly mayHaveState = ([value, number]: readonly [unknown, number]): boolean =>
    !this.lenient.has(value as object) && this.heads[number]?.[0] !== 'plain';

  private readonly storeWriter: StoreWriter = {
    isWritten: (value) => this.numbers.has(value) || this.present.has(value),
    written: () => [...this.numbers].filter(this.mayHaveState).map(([value]) => value),
    name: (store, row) => {
      if (!this.numbers.has(store)) this.enter(store, row);
    },
    entries: (store, items) => {
      for (const item of items) this.edge(store, '.get(…)', item);
      this.reserve(this.list([]), () => ({ head: ['entries'], children: [store, ...items] }));
    },
  };

  /** devalue's reducer: false for what devalue writes by itself. */
  private reduce(value: unknown): RowNumber | false {
    const type = typeof value;
    const simple = type !== 'object' && type !== 'function' && type !== 'symbol';
    if ((simple || value === null) && !this.policy.primitives && !isLong(value)) return false;
    if (type === 'object' && value !== null && this.internal.has(value as object)) return false;
    if (RowNumber.is(value)) return false;
    const number = this.numbers.get(value) ?? this.add(value, simple || value === null);
    return number !== false && new RowNumber(number);
  }

  private add(value: unknown, simple: boolean): number | false {
    let isOurs = false;
    try {
      const known = this.policy.custom(value, this);
      isOurs = true;
      return known ? this.enter(value, known) : this.addByItself(value, simple);
    } catch (error) {
      if (isTooMuch(error)) throw error;
      if (value !== this.root && this.isLenient(value as object)) return this.enter(value, omittedRow(error));
      throw isOurs ? withPlace(error, value) : error;
    }
  }

  private addByItself(value: unknown, simple: boolean): number | false {
    if (isLong(value)) return this.enter(value, { head: ['bigint', hexOf(value)], children: [] });
    if (simple) return false;
    if (typeof value === 'symbol') return this.enter(value, this.policy.symbol?.(value) ?? symbolRow(value));
    const object = value as object;
    if (this.policy.stores.wanted?.has(object)) this.present.add(object);
    if (this.plain?.holds(object) && this.plain.takes(object)) return this.enterPlain(object, this.plain);
    if (this.policy.copiesRecords === true && isRecord(object)) {
      this.plain?.leave(object);
      return false;
    }
    const named = this.policy.named(object, this);
    if (named) return this.enter(value, named);
    if (typeof value === 'function') {
      // The number comes first: a function may lead back to itself.
      return this.reserve(value, () => this.policy.fn(value as (...args: never[]) => unknown, this));
    }
    if (this.plain?.takes(object)) return this.enterPlain(object, this.plain);
    if (isDevaluePlain(object, this.owners)) {
      if (this.isLenient(object)) this.makeLenient(contentsOf(object));
      return false;
    }
    return this.enter(value, objectRow(object, this));
  }

  private enterPlain(value: object, plain: PlainParts): number {
    return this.enter(value, { head: ['plain', plain.list.length - 1], children: [] });
  }

  /** The clone of all plain data. */
  private writePlain(): void {
    const { plain, heads, views } = this;
    if (!plain || plain.list.length === 0) return;
    plain.check();
    const first = heads.findIndex(([kind]) => kind === 'plain');
    const from = views.length;
    const { body, views: own } = writeClone(
      plain.list.map(({ value }) => value),
      NO_HEADER,
      this.policy.keep,
    );
    for (const view of own) addView(views, view);
    const isBeside = body.byteLength >= OUT_OF_BAND;
    const at = isBeside ? addView(views, body) : this.blobLength;
    if (!isBeside) this.blobs.push(body);
    this.plainBytes = own.reduce((sum, view) => sum + view.byteLength, body.byteLength);
    heads[first] = ['plain', 0, [isBeside, at, body.byteLength, from, own.length]];
  }

  private enter(value: unknown, row: Row): number {
    return this.reserve(value, () => row);
  }

  private reserve(value: unknown, make: () => Row): number {
    const { head, children } = make();
    const number = this.heads.push(head) - 1;
    this.internal.add(children);
    this.table.add(children);
    this.numbers.set(value, number);
    return number;
  }

  /** How many bytes a value takes that goes with the plain data; undefined for others. */
  plainSizeOf(value: unknown): number | undefined {
    const list = this.plain?.list ?? [];
    const part = list.find((each) => each.value === value);
    if (!part) return undefined;
    return (this.plainBytes * part.weight) / list.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** Whether it is part of what was written, in a row of its own. */
  hasWritten(value: object): boolean {
    return this.numbers.has(value);
  }

  /** Whether something was written whose prototype this is. */
  isPrototype(value: object): boolean {
    return this.prototypes.has(value);
  }

  get takes(): Takes {
    return this.policy.takes;
  }

  isLenient(value: object): boolean {
    return this.lenient.has(value);
  }

  makeLenient(values: readonly unknown[]): void {
    for (const value of values) if (isObject(value)) this.lenient.add(value);
  }

  omitted(reason: unknown): object {
    return this.stub(omittedRow(reason));
  }

  checkClass(cls: object): void {
    if (!this.policy.named(cls, this)) this.policy.fn(cls as (...args: never[]) => unknown, this);
  }

  notePrototype(prototype: object): void {
    this.prototypes.add(prototype);
  }

  checkInstance(value: object, prototype: object): void {
    this.notePrototype(prototype);
    this.policy.checkInstance(value, prototype);
  }

  /** A child that stands for something that is no value of this process, such as a module to be imported. */
  stub(row: Row): object {
    const stub = {};
    this.enter(stub, row);
    return stub;
  }

  /** The same stub for the same key. */
  sharedStub(key: string, row: Row): object {
    let stub = this.stubs.get(key);
    if (!stub) {
      stub = this.stub(row);
      this.stubs.set(key, stub);
    }
    return stub;
  }

  /** Marks an array as part of the message and not a value of the user's. */
  list(items: unknown[]): unknown[] {
    this.internal.add(items);
    return items;
  }

  /** Remembers that `owner` leads to `value`, for the path of a refusal. */
  edge(owner: object, label: string, value: unknown): void {
    const edges = this.edges.get(owner);
    if (edges) edges.push([label, value]);
    else this.edges.set(owner, [[label, value]]);
  }

  edgesOf(owner: object): readonly Edge[] {
    return this.edges.get(owner) ?? [];
  }

  /** Keeps the bytes of a binary object; gives its kind and where they are. */
  binary(value: object): BinaryPlace {
    const kind = binaryKind(value);
    if (kind === -1) throw new Refusal(value, 'is binary data that cannot be copied');
    const bytes = bytesOf(value);
    const { byteLength } = bytes;
    if (byteLength >= OUT_OF_BAND)
      return [kind, true, addView(this.views, this.policy.keep(bytes)), byteLength];
    const at = this.blobLength;
    this.blobs.push(bytes);
    this.blobLength += byteLength;
    return [kind, false, at, byteLength];
  }
}
