/** Bytes of a `PlainWriter` back to plain data. Trusts nothing: what is not that throws, and no key reaches a prototype. */
import { ByteReader, malformed } from './bytes.ts';
import { readClone } from './clone.ts';
import { checkClone } from './clone-check.ts';
import * as tag from './plain-format.ts';

interface Shape {
  readonly keys: readonly string[];
  /** Has all keys. Its values do not matter: a copy of it gets its own. */
  readonly template: Record<string, unknown>;
}

const NO_VIEWS: readonly Uint8Array[] = [];
const NO_TEXTS: readonly unknown[] = [];

/** @throws SerializationError, or an error of the engine, if `bytes` are not plain data. */
export function readPlain(bytes: Uint8Array): unknown {
  const input = new ByteReader(bytes);
  const end = input.uint32();
  if (end > bytes.byteLength) throw malformed('plain data that ends too early');
  const texts = end < bytes.byteLength ? readTexts(bytes, end) : NO_TEXTS;
  const plain = new PlainReader(input, texts, end + texts.length);
  const value = plain.value();
  if (!plain.isAtEnd(bytes.byteLength - end)) throw malformed('plain data with a surplus');
  return value;
}

function readTexts(bytes: Uint8Array, from: number): readonly unknown[] {
  const clone = Buffer.from(bytes.buffer, bytes.byteOffset + from, bytes.byteLength - from);
  checkClone(clone);
  const texts = readClone(clone, NO_VIEWS);
  if (!Array.isArray(texts)) throw malformed('texts that are not a list');
  return texts as unknown[];
}

class PlainReader {
  private readonly input: ByteReader;
  private readonly texts: readonly unknown[];
  private listed = 0;
  private readonly shapes: Shape[] = [];
  /** How many values are still allowed: those of all lists and objects together, as each takes a byte or a text. */
  private allowed: number;

  constructor(input: ByteReader, texts: readonly unknown[], allowed: number) {
    this.input = input;
    this.texts = texts;
    this.allowed = allowed;
  }

  /** Whether all was read but for so many bytes. */
  isAtEnd(left: number): boolean {
    return this.input.left === left && this.listed === this.texts.length;
  }

  value(): unknown {
    const type = this.input.byte();
    switch (type) {
      case tag.INTEGER: {
        const zigzag = this.input.varint();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case tag.TEXT:
        return this.text();
      case tag.SHAPE:
        return this.shaped();
      case tag.LIST:
        return this.list();
      case tag.DOUBLE:
        return this.input.double();
      case tag.NULL:
        return null;
      case tag.TRUE:
        return true;
      case tag.FALSE:
        return false;
      case tag.UNDEFINED:
        return undefined;
      case tag.NEW_SHAPE:
        return this.newShape();
      case tag.INTEGERS:
        return this.numbers(Int32Array);
      case tag.DOUBLES:
        return this.numbers(Float64Array);
      case tag.TEXTS:
        return this.textList(this.input.varint());
      case tag.BIGINT:
        return readBigInt(this.text());
      default:
        throw malformed(`plain data of the unknown kind ${type}`);
    }
  }

  private text(): string {
    const length = this.input.byte();
    if (length !== tag.LISTED) return this.input.textOf(length);
    const text = this.texts[this.listed++];
    if (typeof text !== 'string') throw malformed('a text is missing');
    return text;
  }

  private textList(count: number): unknown[] {
    if (count > this.texts.length - this.listed) throw malformed('texts are missing');
    const list = this.texts.slice(this.listed, this.listed + count);
    this.listed += count;
    for (let i = 0; i < count; i++)
      if (typeof list[i] !== 'string') throw malformed('a text that is not a string');
    return list;
  }

  /** So many values follow. */
  private count(): number {
    return this.allow(this.input.varint());
  }

  /** Before anything is allocated for them. */
  private allow(count: number): number {
    this.allowed -= count;
    if (this.allowed < 0) throw malformed('more values than bytes');
    return count;
  }

  private list(): unknown[] {
    const count = this.count();
    const list = new Array<unknown>(count);
    for (let i = 0; i < count; i++) list[i] = this.value();
    return list;
  }

  private numbers(View: Int32ArrayConstructor | Float64ArrayConstructor): number[] {
    const count = this.input.varint();
    const bytes = this.input.raw(count * View.BYTES_PER_ELEMENT);
    const aligned = new View(count);
    new Uint8Array(aligned.buffer).set(bytes);
    const list = new Array<number>(count);
    for (let i = 0; i < count; i++) list[i] = aligned[i] as number;
    return list;
  }

  private newShape(): object {
    const count = this.count();
    const keys: string[] = [];
    for (let i = 0; i < count; i++) keys.push(this.text());
    const object: Record<string, unknown> = {};
    if (count > tag.MAX_KEYS) {
      for (let i = 0; i < count; i++) define(object, keys[i] as string, this.value());
      return object;
    }
    for (let i = 0; i < count; i++) define(object, keys[i] as string, undefined);
    if (this.shapes.length < tag.MAX_SHAPES) this.shapes.push({ keys, template: object });
    return this.fill(object, keys);
  }

  private shaped(): object {
    const shape = this.shapes[this.input.varint()];
    if (shape === undefined) throw malformed('an object of an unknown shape');
    this.allow(shape.keys.length);
    return this.fill({ ...shape.template }, shape.keys);
  }

  /** `object` has all keys of its own: no setter that it may inherit is called. */
  private fill(object: Record<string, unknown>, keys: readonly string[]): object {
    for (let i = 0; i < keys.length; i++) object[keys[i] as string] = this.value();
    return object;
  }
}

/** An assignment could call a setter of `Object.prototype`, or change the prototype. */
export function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key in object)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

export function readBigInt(text: string): bigint {
  const match = /^(-?)([0-9a-f]+)$/.exec(text);
  if (!match) throw malformed('a bigint without digits');
  const value = BigInt(`0x${match[2]}`);
  return match[1] ? -value : value;
}
