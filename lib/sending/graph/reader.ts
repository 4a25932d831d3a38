/**
 * A graph message back to values. Rows become empty shells first and are filled afterwards, so identity and cycles
 * survive; functions are made as soon as the values they need are there. Trusts nothing that it reads.
 */
import { SerializationError } from '../../errors.ts';
import { ByteReader, malformed } from '../values/bytes.ts';
import { defineProperties } from './properties.ts';
import { type FunctionHead, type ModuleSource, ROW, type RowHead } from './row.ts';
import { fillObject, shellOf } from './shells.ts';
import { symbolOf } from './symbols.ts';

/** What differs between the end that reads tasks and the end that reads answers. */
export interface Resolver {
  /** What a row of a named thing stands for. Throws a `SerializationError` if there is no such thing here. */
  named(head: RowHead): unknown;
  /** `values` gives the slots in order, one at a time, while the function may already be asked for. */
  fn(head: FunctionHead, build: FunctionBuild): void;
  rebuilt(head: RowHead, children: readonly unknown[]): unknown;
  /** An unknown class is replaced by the built-in one that it extends: better an error of another class than none. */
  readonly lenient?: boolean;
  /** Refuses properties that the reading end must not have. */
  checkProperty?(key: string | symbol, value: unknown, accessor: boolean): void;
}

/** How a resolver makes a function: `made` as soon as it exists, which may be before all its slots are known. */
export interface FunctionBuild {
  slot(index: number): unknown;
  lexicalThis(): unknown;
  /** Fills all objects that exist so far: code is about to run that may look into them. */
  settle(): void;
  made(fn: object): void;
  /** Asked for the function before it was made: the resolver must make it now, with the slots known so far. */
  onDemand(make: () => object): void;
}

const UNDEFINED = -1;
const HOLE = -2;
const NAN = -3;
const INFINITE = -4;
const NEGATIVE_INFINITE = -5;
const NEGATIVE_ZERO = -6;
const SPARSE = -7;
const MAX_LENGTH = 2 ** 32 - 1;

/** What is asked for is being made further up the stack. */
class InProgress extends SerializationError {
  constructor(what: string) {
    super(`cannot read what was received: ${what}`);
  }
}

export class GraphReader {
  private readonly resolver: Resolver;
  private readonly views: readonly Uint8Array[];
  private root = 0;
  private heads: readonly RowHead[] = [];
  private children: readonly (readonly number[])[] = [];
  private flat: readonly unknown[] = [];
  private blobs: Buffer = Buffer.alloc(0);
  private readonly done = new Map<number, unknown>();
  private readonly rows = new Map<number, unknown>();
  private readonly building = new Map<number, (() => object) | null>();
  private readonly unfilled: (() => void)[] = [];
  private filled = 0;

  constructor(resolver: Resolver, views: readonly Uint8Array[]) {
    this.resolver = resolver;
    this.views = views;
  }

  /** The modules that must be there before `build` is called. @throws if `body` is no graph message. */
  open(body: Uint8Array, offset: number): ModuleSource[] {
    this.root = this.parse(body, offset);
    const imports = this.heads.filter((head) => Array.isArray(head) && head[0] === 'import');
    return imports.map((head) => head[1] as ModuleSource).filter((source) => source?.type === 'esm');
  }

  /** @throws SerializationError, or any error of the engine. */
  build(): unknown {
    const value = this.value(this.root);
    this.settle(true);
    return value;
  }

  private parse(body: Uint8Array, offset: number): number {
    const reader = new ByteReader(body, offset);
    const headSize = reader.uint32();
    const textSize = reader.uint32();
    const rest = reader.rest();
    if (headSize + textSize > rest.length) throw malformed('it ends too early');
    const heads = JSON.parse(rest.toString('utf8', 0, headSize)) as unknown;
    const flat = JSON.parse(rest.toString('utf8', headSize, headSize + textSize)) as unknown;
    this.blobs = rest.subarray(headSize + textSize);
    if (!Array.isArray(heads) || !Array.isArray(flat)) throw malformed('it is no graph');
    const [root, table] = Array.isArray(flat[0]) ? (flat[0] as unknown[]) : [];
    const list = typeof table === 'number' ? (flat[table] as unknown) : undefined;
    if (
      typeof root !== 'number' ||
      !Array.isArray(list) ||
      list[0] !== 'Set' ||
      list.length !== heads.length + 1
    ) {
      throw malformed('it has no table of rows');
    }
    this.heads = heads as RowHead[];
    this.flat = flat as unknown[];
    this.children = list.slice(1).map((index: unknown) => {
      const children = typeof index === 'number' ? this.flat[index] : undefined;
      if (!Array.isArray(children)) throw malformed('a row without children');
      return children as number[];
    });
    return root;
  }

  private value(index: unknown): unknown {
    if (typeof index !== 'number') throw malformed('an index that is no number');
    if (index < 0) return constantOf(index);
    if (this.done.has(index)) return this.done.get(index);
    if (!(index < this.flat.length)) throw malformed('an index out of range');
    const raw = this.flat[index];
    if (typeof raw !== 'object' || raw === null) return raw;
    return Array.isArray(raw)
      ? this.list(index, raw as unknown[])
      : this.plain(index, raw as Record<string, unknown>);
  }

  private plain(index: number, raw: Record<string, unknown>): object {
    const object: Record<string, unknown> = {};
    this.done.set(index, object);
    for (const key of Object.keys(raw)) {
      const value = this.value(raw[key]);
      this.resolver.checkProperty?.(key, value, false);
      if (key in object) {
        Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
      } else object[key] = value;
    }
    return object;
  }

  private list(index: number, raw: readonly unknown[]): unknown {
    const [first, second] = raw;
    if (typeof first === 'string') return this.typed(index, first, raw);
    const sparse = first === SPARSE;
    if (sparse && !(typeof second === 'number' && second >= 0 && second <= MAX_LENGTH))
      throw malformed('a length');
    const array: unknown[] = [];
    array.length = sparse ? (second as number) : raw.length;
    this.done.set(index, array);
    if (!sparse) {
      for (let i = 0; i < raw.length; i++) if (raw[i] !== HOLE) array[i] = this.value(raw[i]);
      return array;
    }
    for (let i = 2; i < raw.length; i += 2) {
      const at = raw[i];
      if (!(Number.isInteger(at) && (at as number) >= 0 && (at as number) < array.length))
        throw malformed('an index');
      array[at as number] = this.value(raw[i + 1]);
    }
    return array;
  }

  private typed(index: number, type: string, raw: readonly unknown[]): unknown {
    switch (type) {
      case '$':
        return this.row(this.rowNumber(raw[1]));
      case 'BigInt':
        return BigInt(String(raw[1]));
      case 'Map': {
        const map = new Map<unknown, unknown>();
        this.done.set(index, map);
        for (let i = 1; i < raw.length; i += 2) map.set(this.value(raw[i]), this.value(raw[i + 1]));
        return map;
      }
      case 'Set': {
        const set = new Set<unknown>();
        this.done.set(index, set);
        for (let i = 1; i < raw.length; i++) set.add(this.value(raw[i]));
        return set;
      }
      default:
        throw malformed(`the unknown type ${JSON.stringify(type)}`);
    }
  }

  private rowNumber(index: unknown): number {
    const name = typeof index === 'number' ? this.flat[index] : undefined;
    if (typeof name !== 'string' || !name.startsWith(ROW)) throw malformed('a reference to no row');
    return Number(name.slice(ROW.length));
  }

  private row(number: number): unknown {
    if (this.rows.has(number)) return this.rows.get(number);
    const head = this.heads[number];
    const children = this.children[number];
    if (!Array.isArray(head) || !children) throw malformed('a row that is missing');
    const [kind] = head as RowHead;
    if (kind === 'object') return this.object(number, head as Extract<RowHead, readonly ['object', unknown]>);
    if (kind === 'function') return this.fn(number, head[1] as FunctionHead, children);
    if (this.building.has(number)) throw new InProgress('a value that needs itself to be built');
    this.building.set(number, null);
    try {
      const value = this.make(head as RowHead, children);
      this.rows.set(number, value);
      return value;
    } finally {
      this.building.delete(number);
    }
  }

  private make(head: RowHead, children: readonly number[]): unknown {
    switch (head[0]) {
      case 'symbol': {
        const symbol = symbolOf(head[1], head[2]);
        if (symbol === undefined) throw malformed('an unknown symbol');
        return symbol;
      }
      case 'prototype': {
        return this.prototype(String(head[1]), children);
      }
      case 'reduced':
      case 'named':
      case 'rebuilt':
      case 'hook':
      case 'bound':
      case 'wrapper': {
        const values = children.map((child) => this.value(child));
        this.settle(false);
        return this.resolver.rebuilt(head, values);
      }
      default:
        return this.resolver.named(head);
    }
  }

  private prototype(name: string, [own, ancestor]: readonly number[]): unknown {
    let owner: unknown;
    try {
      owner = this.value(own);
    } catch (error) {
      if (!this.resolver.lenient || error instanceof InProgress) throw error;
      const { prototype } = (this.value(ancestor) ?? Error) as { prototype: object };
      const attributes = { value: name, writable: true, configurable: true };
      return Object.create(prototype, name ? { name: attributes } : {}) as object;
    }
    if (typeof owner !== 'function') throw malformed('the prototype of what is no class');
    return owner.prototype as unknown;
  }

  private object(number: number, [, head]: Extract<RowHead, readonly ['object', unknown]>): object {
    if (typeof head !== 'object' || head === null || !Array.isArray(head.props))
      throw malformed('a row of an object');
    const children = this.children[number] as readonly number[];
    let at = 0;
    const next = (): unknown => this.value(at < children.length ? children[at++] : UNDEFINED);
    const more = (): boolean => at < children.length;
    const known = head.prototype === 'child' ? this.ready(children[0]) : undefined;
    const shell = shellOf(head, this.views, this.blobs, known);
    this.rows.set(number, shell);
    this.unfilled.push(() => {
      at = 0;
      fillObject(shell, head, next, more, this.resolver.checkProperty);
    });
    return shell;
  }

  /** The prototype object, if it exists already: an object made with it is faster than one that gets it later. */
  private ready(index: unknown): object | undefined {
    if (typeof index !== 'number' || !Array.isArray(this.flat[index])) return undefined;
    const [type, row] = this.flat[index] as unknown[];
    const value = type === '$' ? this.rows.get(this.rowNumber(row)) : undefined;
    return typeof value === 'object' && value !== null ? value : undefined;
  }

  private fn(number: number, head: FunctionHead, children: readonly number[]): unknown {
    const onDemand = this.building.get(number);
    if (onDemand) return onDemand();
    if (onDemand === null) throw new InProgress('a class that needs itself to be defined');
    this.building.set(number, null);
    let slots = 0;
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
        settle: () => this.settle(false),
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
    this.unfilled.push(() => this.fillFunction(fn, head, children, slots));
    return fn;
  }

  private fillFunction(
    fn: { prototype: object },
    head: FunctionHead,
    children: readonly number[],
    from: number,
  ): void {
    let at = from;
    const next = (): unknown => this.value(children[at++]);
    if (head.parent) Object.setPrototypeOf(fn, next() as object);
    if (head.prototype === 'child') Object.setPrototypeOf(fn.prototype, next() as object);
    else if (head.prototype === 'null') Object.setPrototypeOf(fn.prototype, null);
    defineProperties(fn, head.props, next);
    if (head.prototypeProps.length > 0) defineProperties(fn.prototype, head.prototypeProps, next);
  }

  /** Fills what exists. In the middle of building something, what depends on that has to wait. */
  private settle(everything: boolean): void {
    const waiting: (() => void)[] = [];
    while (this.filled < this.unfilled.length) {
      const fill = this.unfilled[this.filled++] as () => void;
      try {
        fill();
      } catch (error) {
        if (everything || !(error instanceof InProgress)) throw error;
        waiting.push(fill);
      }
    }
    this.unfilled.push(...waiting);
  }
}

function constantOf(index: number): unknown {
  switch (index) {
    case UNDEFINED:
      return undefined;
    case NAN:
      return Number.NaN;
    case INFINITE:
      return Number.POSITIVE_INFINITY;
    case NEGATIVE_INFINITE:
      return Number.NEGATIVE_INFINITY;
    case NEGATIVE_ZERO:
      return -0;
    default:
      throw malformed('an unknown constant');
  }
}
