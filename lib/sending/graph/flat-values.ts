/** What devalue wrote back to values: plain data, Maps and Sets, each once. Rows are read by the caller. */

import { malformed } from '../values/bytes.ts';
import { define } from '../values/plain-reader.ts';
import { type Message, rowNumber, SPARSE } from './message.ts';
import { keyLabel } from './refusal.ts';
import { LEFT_OUT, type Place, type ReadPart, type Resolver } from './resolver.ts';
import { addEntry, addItem, emptyArray } from './shells.ts';

/** A bigint of more decimal digits is a row. */
const MOST_DIGITS = 100;
/** The index of `undefined`. */
export const NOTHING = -1;
const HOLE = -2;
const NAN = -3;
const INFINITE = -4;
const NEGATIVE_INFINITE = -5;
const NEGATIVE_ZERO = -6;

/** The reader of the message. */
export interface RowReader {
  row(number: number, place: Place): unknown;
  /** Set while what is read is a part of something that may lack it. */
  readonly guard: ReadPart | undefined;
}

export class FlatValues {
  private readonly message: Message;
  private readonly reader: RowReader;
  private readonly resolver: Resolver;
  private readonly done = new Map<number, unknown>();

  constructor(message: Message, reader: RowReader, resolver: Resolver) {
    this.message = message;
    this.reader = reader;
    this.resolver = resolver;
  }

  value(index: unknown, place: Place = 'item'): unknown {
    if (typeof index !== 'number') throw malformed('an index that is not a number');
    if (index < 0) return constantOf(index);
    if (this.done.has(index)) return this.done.get(index);
    if (!(index < this.message.flat.length)) throw malformed('an index out of range');
    const raw = this.message.flat[index];
    if (typeof raw !== 'object' || raw === null) return raw;
    return Array.isArray(raw)
      ? this.list(index, raw as unknown[], place)
      : this.plain(index, raw as Record<string, unknown>);
  }

  private plain(index: number, raw: Record<string, unknown>): object {
    const object: Record<string, unknown> = {};
    this.done.set(index, object);
    const { guard } = this.reader;
    for (const key of Object.keys(raw)) {
      const read = (): unknown => this.property(object, key, raw[key]);
      const value = guard ? guard(object, keyLabel(key), read) : read();
      if (value !== LEFT_OUT) define(object, key, value);
    }
    return object;
  }

  private property(object: object, key: string, index: unknown): unknown {
    const value = this.value(index, 'member');
    this.resolver.checkProperty?.(object, key, value, false);
    return value;
  }

  private list(index: number, raw: readonly unknown[], place: Place): unknown {
    const [first, second] = raw;
    if (typeof first === 'string') return this.typed(index, first, raw, place);
    const sparse = first === SPARSE;
    const array = sparse ? emptyArray(second, raw.length / 2) : emptyArray(raw.length, raw.length);
    this.done.set(index, array);
    if (!sparse) {
      for (let i = 0; i < raw.length; i++) if (raw[i] !== HOLE) array[i] = this.item(array, i, raw[i]);
      return array;
    }
    for (let i = 2; i < raw.length; i += 2) {
      const at = raw[i];
      if (!(Number.isInteger(at) && (at as number) >= 0 && (at as number) < array.length))
        throw malformed('an index');
      array[at as number] = this.item(array, at as number, raw[i + 1]);
    }
    return array;
  }

  /** What is left out of a list leaves its place. */
  private item(array: unknown[], at: number, index: unknown): unknown {
    const { guard } = this.reader;
    if (guard === undefined) return this.value(index);
    const item = guard(array, `[${at}]`, () => this.value(index));
    return item === LEFT_OUT ? undefined : item;
  }

  private typed(index: number, type: string, raw: readonly unknown[], place: Place): unknown {
    if (type === '$') return this.reader.row(rowNumber(this.message, raw[1]), place);
    let at = 1;
    const next = (): unknown => this.value(raw[at++]);
    switch (type) {
      case 'BigInt':
        return decimalBigInt(String(raw[1]));
      case 'Map': {
        const map = new Map<unknown, unknown>();
        this.done.set(index, map);
        while (at < raw.length) addEntry(map, next, this.reader.guard);
        return map;
      }
      case 'Set': {
        const set = new Set<unknown>();
        this.done.set(index, set);
        while (at < raw.length) addItem(set, next, this.reader.guard);
        return set;
      }
      default:
        throw malformed(`the unknown type ${JSON.stringify(type)}`);
    }
  }
}

/** More digits come in hexadecimal: engines read those in linear time. */
function decimalBigInt(text: string): bigint {
  if (text.length > MOST_DIGITS + 1) throw malformed('a bigint of very many digits');
  return BigInt(text);
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
