/** What devalue wrote back to values: plain data, Maps and Sets, each once. Rows are the business of whoever made this. */
import { malformed } from '../values/bytes.ts';
import { type Message, rowNumber } from './message.ts';
import type { Resolver } from './resolver.ts';

/** The index of `undefined`. */
export const NOTHING = -1;
const HOLE = -2;
const NAN = -3;
const INFINITE = -4;
const NEGATIVE_INFINITE = -5;
const NEGATIVE_ZERO = -6;
const SPARSE = -7;
const MAX_LENGTH = 2 ** 32 - 1;

export class FlatValues {
  private readonly message: Message;
  private readonly row: (number: number) => unknown;
  private readonly checkProperty: Resolver['checkProperty'];
  private readonly done = new Map<number, unknown>();

  constructor(message: Message, row: (number: number) => unknown, checkProperty: Resolver['checkProperty']) {
    this.message = message;
    this.row = row;
    this.checkProperty = checkProperty;
  }

  value(index: unknown): unknown {
    if (typeof index !== 'number') throw malformed('an index that is no number');
    if (index < 0) return constantOf(index);
    if (this.done.has(index)) return this.done.get(index);
    if (!(index < this.message.flat.length)) throw malformed('an index out of range');
    const raw = this.message.flat[index];
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
      this.checkProperty?.(key, value, false);
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
        return this.row(rowNumber(this.message, raw[1]));
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
}

function constantOf(index: number): unknown {
  switch (index) {
    case NOTHING:
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
