/**
 * A graph message back to values. Rows become empty shells first and are filled afterwards, so identity and cycles
 * survive; functions are made as soon as the values they need are there. Trusts nothing that it reads.
 */
import { SerializationError } from '../../errors.ts';
import { malformed } from '../values/bytes.ts';
import { readBigInt } from '../values/plain-reader.ts';
import { BinaryParts } from './binary-parts.ts';
import { FlatValues, NOTHING } from './flat-values.ts';
import { type Message, modulesOf, parseMessage, rowNumber } from './message.ts';
import type { Place, Resolver } from './resolver.ts';
import type { FunctionHead, ModuleSource, RowHead } from './row.ts';
import { fillFunction, fillObject, shellOf } from './shells.ts';
import { symbolOf } from './symbols.ts';

export type { FunctionBuild, Place, Resolver } from './resolver.ts';

/** What is asked for is being made further up the stack. */
class InProgress extends SerializationError {
  constructor(what: string) {
    super(`cannot read what was received: ${what}`);
  }
}

const EMPTY: Message = { root: 0, heads: [], children: [], flat: [], blobs: Buffer.alloc(0) };

export class GraphReader {
  private readonly resolver: Resolver;
  private readonly binary: BinaryParts;
  private message: Message = EMPTY;
  private values: FlatValues | undefined;
  private readonly rows = new Map<number, unknown>();
  private readonly building = new Map<number, (() => object) | null>();
  private readonly unfilled: (() => void)[] = [];
  private filled = 0;

  constructor(resolver: Resolver, views: readonly Uint8Array[]) {
    this.resolver = resolver;
    this.binary = new BinaryParts(views);
  }

  /** The modules that must be there before `build` is called. @throws if `body` is no graph message. */
  open(body: Uint8Array, offset: number): ModuleSource[] {
    this.message = parseMessage(body, offset);
    this.binary.blobs = this.message.blobs;
    const row = (number: number, place: Place): unknown => this.row(number, place);
    this.values = new FlatValues(this.message, row, this.resolver);
    return modulesOf(this.message);
  }

  /** @throws SerializationError, or any error of the engine. */
  build(): unknown {
    const value = this.value(this.message.root);
    this.settle(true);
    return value;
  }

  private value(index: unknown, place: Place = 'item'): unknown {
    return (this.values as FlatValues).value(index, place);
  }

  private row(number: number, place: Place): unknown {
    const value = this.rows.has(number) ? this.rows.get(number) : this.newRow(number);
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
      case 'bigint':
        return readBigInt(String(head[1]));
      case 'prototype': {
        return this.prototype(String(head[1]), children);
      }
      case 'reduced':
      case 'named':
      case 'rebuilt':
      case 'hook':
      case 'bound':
      case 'wrapper': {
        // The first two of a hook are a class and what rebuilds its instances.
        const roles = head[0] === 'hook' ? 2 : 0;
        const values = children.map((child, index) => this.value(child, index < roles ? 'role' : 'item'));
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
      owner = this.value(own, 'role');
    } catch (error) {
      if (!this.resolver.lenient || error instanceof InProgress) throw error;
      const { prototype } = (this.value(ancestor, 'role') ?? Error) as { prototype: object };
      const attributes = { value: name, writable: true, configurable: true };
      return Object.create(prototype, name ? { name: attributes } : {}) as object;
    }
    if (typeof owner !== 'function') throw malformed('the prototype of what is no class');
    return owner.prototype as unknown;
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
    const shell = shellOf(head, this.binary, known);
    this.rows.set(number, shell);
    this.unfilled.push(() => {
      at = 0;
      fillObject(shell, head, next, more, this.resolver);
    });
    return shell;
  }

  /** The prototype object, if it exists already: an object made with it is faster than one that gets it later. */
  private ready(index: unknown): object | undefined {
    const { flat } = this.message;
    if (typeof index !== 'number' || !Array.isArray(flat[index])) return undefined;
    const [type, row] = flat[index] as unknown[];
    const value = type === '$' ? this.rows.get(rowNumber(this.message, row)) : undefined;
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
    this.unfilled.push(() => {
      let at = slots;
      fillFunction(fn, head, () => this.value(children[at++]));
    });
    return fn;
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
