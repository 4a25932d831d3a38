/**
 * A graph message back to values. Rows become empty shells first and are filled afterwards, so identity and cycles
 * survive; functions are made as soon as the values they need are there. Before code runs that rebuilds a value, all that
 * the code can see is filled, and nothing else: other values may be half read. Trusts nothing that it reads.
 */
import { types } from 'node:util';
import { SerializationError } from '../../errors.ts';
import { isTooMuch } from '../common/reason.ts';
import { malformed } from '../values/bytes.ts';
import { readBigInt } from '../values/plain-reader.ts';
import { BinaryParts } from './binary-parts.ts';
import { FlatValues, NOTHING, type RowReader } from './flat-values.ts';
import { type Message, modulesOf, parseMessage, rowNumber } from './message.ts';
import { Omissions } from './omissions.ts';
import { applyIntegrity } from './properties.ts';
import { PublicObjects } from './public-state.ts';
import { Reach } from './reach.ts';
import { LEFT_OUT, type Place, type ReadPart, type Resolver } from './resolver.ts';
import type { ClonePlace, FunctionHead, Integrity, ModuleSource, ObjectHead, RowHead } from './row.ts';
import { fillFunction, fillObject, shellOf } from './shells.ts';
import { symbolOf } from './symbols.ts';
import { addEntry, isStore, type Store } from './weak-stores.ts';

export type { FunctionBuild, Place, Resolver } from './resolver.ts';

/** Something was left out where it was written, and why. */
class Omitted extends SerializationError {
  constructor(reason: string) {
    super(`the answer of the worker lacks a part that ${reason}`);
  }
}

/** For readers that do not use it. */
const OMITTED_BEFORE = new Omitted('cannot be sent');

/** Plain data inside of errors that is nested deeper is left out. */
const DEEPEST = 500;

/** Of a WeakMap or WeakSet: where it is, and the value that it keeps for a key. */
type Entry = readonly [store: number, value: number];

const CODE = new Set<RowHead[0]>(['rebuilt', 'named', 'hook']);

const runsCode = ([kind]: RowHead): boolean => CODE.has(kind);

function needsItself([kind, name]: RowHead): SerializationError {
  const what = kind === 'hook' ? 'a [Symbol.for("loky.reduce")]()' : `the reducer ${JSON.stringify(name)}`;
  return new SerializationError(
    `${what} rebuilds a value with the help of that value itself\n  hint: let it give data that does not lead back to the value; of a bundled program, mark the packages external that rebuild it; or make the value inside the task`,
  );
}

/** What is asked for is being made further up the stack. */
class InProgress extends SerializationError {
  constructor(what: string) {
    super(`cannot read what was received: ${what}`);
  }
}

const EMPTY: Message = { root: 0, heads: [], children: [], flat: [], blobs: Buffer.alloc(0) };

export class GraphReader implements RowReader {
  private readonly resolver: Resolver;
  private readonly binary: BinaryParts;
  private readonly publics = new PublicObjects();
  private message: Message = EMPTY;
  private values: FlatValues | undefined;
  private readonly rows = new Map<number, unknown>();
  private readonly building = new Map<number, (() => object) | null>();
  /** By the numbers of rows: what fills them. */
  private fills: ((() => void) | undefined)[] = [];
  /** The numbers of these rows, in the order in which they were made. */
  private readonly unfilled: number[] = [];
  private readonly entries = new Map<number, Entry[]>();
  private reached: Reach | undefined;
  private readonly isLenient: boolean;
  /** Whether what is read now is a part of something lenient. */
  private mayLack: boolean;
  private depth = 0;
  private plainParts: readonly unknown[] | undefined;
  private isSettling = false;
  private omissions: Omissions | undefined;
  private readonly unclosed: (readonly [object: object, integrity: Integrity])[] = [];
  /** Prototypes that stand for that of a class which is not here. */
  private substitutes: WeakSet<object> | undefined;

  /** @param isLenient What cannot be read of the root is left out; of errors it always is. */
  constructor(resolver: Resolver, views: readonly Uint8Array[], isLenient = false) {
    this.resolver = resolver;
    this.binary = new BinaryParts(views);
    this.isLenient = isLenient;
    this.mayLack = isLenient;
  }

  /** The modules that must be there before `build` is called. @throws if `body` is no graph message. */
  open(body: Uint8Array, offset: number): ModuleSource[] {
    this.message = parseMessage(body, offset);
    this.binary.blobs = this.message.blobs;
    this.fills = new Array(this.message.heads.length);
    this.values = new FlatValues(this.message, this, this.resolver);
    return modulesOf(this.message);
  }

  /** @throws SerializationError, or any error of the engine. */
  build(): unknown {
    this.findEntries();
    const value = this.value(this.message.root);
    this.isSettling = true;
    for (const key of this.entries.keys()) this.addEntries(key);
    for (let at = 0; at < this.unfilled.length; at++) this.fill(this.unfilled[at] as number);
    this.omissions?.finish(value, this.isLenient);
    for (const [object, integrity] of this.unclosed) applyIntegrity(object, integrity);
    return value;
  }

  get guard(): ReadPart | undefined {
    return this.mayLack ? this.part : undefined;
  }

  private readonly part: ReadPart = (owner, label, read) => {
    try {
      if (this.depth > DEEPEST) throw malformed('it is nested too deeply');
      this.depth++;
      return read();
    } catch (error) {
      if (this.mustWait(error) || isTooMuch(error)) throw error;
      this.omissions ??= new Omissions();
      this.omissions.add(owner, label, error);
      return LEFT_OUT;
    } finally {
      this.depth--;
    }
  };

  private mustWait(error: unknown): boolean {
    return error instanceof InProgress && !this.isSettling;
  }

  private value(index: unknown, place: Place = 'item'): unknown {
    return (this.values as FlatValues).value(index, place);
  }

  row(number: number, place: Place): unknown {
    const value = this.rows.has(number) ? this.rows.get(number) : this.newRow(number);
    if (!this.substitutes?.has(value as object))
      this.resolver.checkNamed?.(this.message.heads[number] as RowHead, value, place);
    return value;
  }

  private newRow(number: number): unknown {
    const head = this.message.heads[number];
    const children = this.message.children[number];
    if (!Array.isArray(head) || !children) throw malformed('a row that is missing');
    const [kind] = head as RowHead;
    if (kind === 'object') return this.object(number, head as Extract<RowHead, readonly ['object', unknown]>);
    if (kind === 'function') return this.fn(number, head[1] as FunctionHead, children);
    // The code of a class may use the prototype: the class is made on demand.
    if (this.building.has(number)) {
      if (kind === 'prototype' && this.headAt(children[0])?.[0] === 'function')
        return this.prototype(children);
      throw runsCode(head as RowHead)
        ? needsItself(head as RowHead)
        : new InProgress('a value that needs itself');
    }
    this.building.set(number, null);
    try {
      const value = this.make(number, head as RowHead, children);
      this.rows.set(number, value);
      return value;
    } finally {
      this.building.delete(number);
    }
  }

  private make(number: number, head: RowHead, children: readonly number[]): unknown {
    switch (head[0]) {
      case 'symbol': {
        const [, how, text, symbolNumber] = head;
        const isNumbered = how === 'local' && typeof symbolNumber === 'number';
        const known = isNumbered ? this.resolver.symbol?.(symbolNumber, text) : undefined;
        const symbol = known ?? symbolOf(how, text);
        if (symbol === undefined) throw malformed('an unknown symbol');
        return symbol;
      }
      case 'bigint':
        return readBigInt(String(head[1]));
      case 'plain':
        return this.plainPart(head[1]);
      case 'omitted':
        throw this.mayLack ? OMITTED_BEFORE : new Omitted(String(head[1]));
      case 'prototype':
        return head[2] || this.mayLack ? this.nearest(String(head[1]), children) : this.prototype(children);
      case 'named':
      case 'rebuilt':
      case 'hook':
      case 'bound':
      case 'wrapper': {
        // The first two of a hook are a class and what rebuilds its instances.
        const roles = head[0] === 'hook' ? 2 : 0;
        const values = children.map((child, index) => this.value(child, index < roles ? 'role' : 'item'));
        if (runsCode(head)) this.complete(number, children, () => needsItself(head));
        else this.fill(this.numberAt(children[0]));
        return this.resolver.rebuilt(head, values);
      }
      default:
        return this.resolver.named(head);
    }
  }

  /** All of them are read at once, with what they have in common. */
  private plainPart(index: number): unknown {
    if (this.resolver.readsClones !== true) throw malformed('a row of an unknown kind');
    if (!this.plainParts) {
      const first = this.message.heads.find((head) => head[0] === 'plain' && head[2] !== undefined);
      this.plainParts = this.binary.clone(first?.[2] as ClonePlace) as unknown[];
    }
    return this.plainParts[index];
  }

  private prototype([own]: readonly number[]): unknown {
    const owner = this.value(own, 'role');
    if (typeof owner !== 'function') throw malformed('the prototype of something that is not a class');
    return owner.prototype as unknown;
  }

  /** The prototype of the class, or of the first that is here of those that it extends. */
  private nearest(name: string, classes: readonly number[]): unknown {
    for (const index of classes) {
      try {
        const prototype = this.prototype([index]) as object;
        this.resolver.checkPrototype?.(prototype);
        return index === classes[0] ? prototype : this.substitute(prototype, name);
      } catch (error) {
        if (this.mustWait(error) || isTooMuch(error)) throw error;
      }
    }
    return this.substitute(Error.prototype, name);
  }

  /** The prototype of an error has the name of its class. */
  private substitute(prototype: object, name: string): object {
    if (prototype !== Error.prototype && !Object.prototype.isPrototypeOf.call(Error.prototype, prototype))
      return prototype;
    const attributes = { value: name, writable: true, configurable: true };
    const substitute = Object.create(prototype, name ? { name: attributes } : {}) as object;
    this.substitutes ??= new WeakSet();
    this.substitutes.add(substitute);
    return substitute;
  }

  private object(number: number, [, head]: Extract<RowHead, readonly ['object', unknown]>): object {
    if (typeof head !== 'object' || head === null || !Array.isArray(head.props))
      throw malformed('a row of an object');
    const children = this.message.children[number] as readonly number[];
    let at = 0;
    const next = (place?: Place): unknown =>
      this.value(at < children.length ? children[at++] : NOTHING, place);
    const more = (): boolean => at < children.length;
    const known = head.prototype === 'child' ? this.ready(children[0]) : undefined;
    if (known) this.resolver.checkPrototype?.(known);
    const isOfStore = head.base === 'weak-map' || head.base === 'weak-set';
    const shell = isOfStore ? this.store(head) : shellOf(head, this.binary, this.publics, known);
    this.rows.set(number, shell);
    const mayLack = this.mayLack || head.lenient === true;
    this.addUnfilled(number, () => {
      at = 0;
      const { mayLack: before, depth } = this;
      this.mayLack = mayLack;
      this.depth = 0;
      try {
        fillObject(shell, head, next, more, this.resolver, this.guard);
        this.defineSaid(shell, head);
        // A property lists what is left out.
        if (mayLack && head.integrity) this.unclosed.push([shell, head.integrity]);
        else applyIntegrity(shell, head.integrity);
      } finally {
        this.mayLack = before;
        this.depth = depth;
      }
    });
    return shell;
  }

  private store({ base, data }: ObjectHead): object {
    const store = this.resolver.store?.(base as 'weak-map' | 'weak-set', data);
    if (!store) throw malformed('a store of weak references');
    return store;
  }

  /** What a WeakMap or WeakSet keeps for an object is there when code sees that object. */
  private findEntries(): void {
    const { heads, children } = this.message;
    for (let number = 0; number < heads.length; number++)
      if (heads[number]?.[0] === 'entries') this.noteEntries(children[number] as readonly number[]);
  }

  private noteEntries([index, ...items]: readonly number[]): void {
    const store = this.value(index, 'role');
    if (!isStore(store)) throw malformed('entries of no store');
    const step = types.isWeakMap(store) ? 2 : 1;
    for (let at = 0; at < items.length; at += step) {
      const key = items[at] as number;
      const entry: Entry = [index as number, step === 2 ? (items[at + 1] ?? NOTHING) : NOTHING];
      this.entries.set(key, [...(this.entries.get(key) ?? []), entry]);
    }
  }

  private addEntries(key: number): void {
    for (const [index, value] of this.entries.get(key) ?? []) {
      this.resolver.checkEntry?.(this.headAt(key));
      addEntry(this.value(index, 'role') as Store, this.value(key), this.value(value));
    }
    this.entries.delete(key);
  }

  /** An error says by itself what it said by a class that is not here. */
  private defineSaid(shell: object, { base, said }: ObjectHead): void {
    const prototype = Object.getPrototypeOf(shell) as object | null;
    if (typeof said !== 'object' || prototype === null || !this.substitutes?.has(prototype)) return;
    // Its name and its message are what it was made of.
    if (base === 'dom-exception') return;
    const { name, message } = said;
    if (typeof name === 'string' && name !== inheritedName(Object.getPrototypeOf(prototype) as object))
      defineHidden(shell, 'name', name);
    if (typeof message === 'string' && !Object.hasOwn(shell, 'message'))
      defineHidden(shell, 'message', message);
  }

  /** The prototype object, if it exists already: an object made with it is faster than one that gets it later. */
  private ready(index: unknown): object | undefined {
    const number = this.numberAt(index);
    const value = number === undefined ? undefined : this.rows.get(number);
    return typeof value === 'object' && value !== null ? value : undefined;
  }

  private headAt(index: unknown): RowHead | undefined {
    const number = this.numberAt(index);
    return number === undefined ? undefined : this.message.heads[number];
  }

  /** The number of the row at an index of the message; undefined if something else is there. */
  private numberAt(index: unknown): number | undefined {
    const { flat } = this.message;
    if (typeof index !== 'number' || !Array.isArray(flat[index])) return undefined;
    const [type, row] = flat[index] as unknown[];
    return type === '$' ? rowNumber(this.message, row) : undefined;
  }

  private fn(number: number, head: FunctionHead, children: readonly number[]): unknown {
    const onDemand = this.building.get(number);
    if (onDemand) return onDemand();
    if (onDemand === null) throw new InProgress('a class that needs itself to be defined');
    this.building.set(number, null);
    let slots = 0;
    let later: (() => void) | undefined;
    const made = (fn: object): void => {
      if (!this.rows.has(number)) this.rows.set(number, fn);
    };
    try {
      this.resolver.fn(head, {
        slot: (index) => {
          slots = Math.max(slots, index + 1);
          return this.value(children[index]);
        },
        lexicalThis: () => this.value(children[slots++]),
        settle: () => this.complete(number, children.slice(0, slots)),
        later: (fill) => {
          later = fill;
        },
        made,
        onDemand: (make) => {
          this.building.set(number, () => {
            this.building.set(number, null);
            const fn = make();
            made(fn);
            return fn;
          });
        },
      });
    } finally {
      this.building.delete(number);
    }
    const fn = this.rows.get(number) as { prototype: object };
    const own = slots;
    this.addUnfilled(number, () => {
      slots = own;
      later?.();
      let at = slots;
      fillFunction(fn, head, () => this.value(children[at++]));
    });
    return fn;
  }

  /**
   * Fills all that code can see which gets these values.
   *
   * @param refusal Of code that must not see anything that is half read: what leads back to the code is.
   */
  private complete(row: number, children: readonly number[], refusal?: () => SerializationError): void {
    const reach = this.reach();
    const found = reach.from(children, refusal !== undefined);
    if (found.length === 0) return;
    const leadsBack = found.some((index) => this.numberAt(index) === row);
    if (leadsBack && refusal) throw refusal();
    for (const index of found) {
      try {
        this.fill(this.numberAt(index));
        this.addEntries(index);
      } catch (error) {
        if (!(leadsBack && error instanceof InProgress)) throw error;
      }
    }
    if (!leadsBack) reach.markComplete(found);
  }

  private reach(): Reach {
    if (this.reached) return this.reached;
    this.reached = new Reach(this.message);
    for (const [key, entries] of this.entries) this.reached.keep(key, entries.flat());
    return this.reached;
  }

  private addUnfilled(number: number, fill: () => void): void {
    this.fills[number] = fill;
    this.unfilled.push(number);
  }

  private fill(number: number | undefined): void {
    const fill = number === undefined ? undefined : this.fills[number];
    if (!fill) return;
    this.fills[number as number] = undefined;
    try {
      fill();
    } catch (error) {
      if (error instanceof InProgress) this.addUnfilled(number as number, fill);
      throw error;
    }
  }
}

function defineHidden(owner: object, key: string, value: unknown): void {
  Object.defineProperty(owner, key, { value, enumerable: false, writable: true, configurable: true });
}

/** Undefined if an accessor gives it: those of this process are not called. */
function inheritedName(prototype: object | null): unknown {
  for (let p = prototype; p; p = Object.getPrototypeOf(p) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(p, 'name');
    if (descriptor) return descriptor.value;
  }
  return undefined;
}
