/**
 * Plain data to bytes, in one walk that looks and writes: objects and arrays without anything special about them,
 * and primitives. It gives up at the first thing that is more than that. Runs no code of the user's but for getters that
 * stand for items of an array, which nothing shows at a reasonable price.
 */
import { types } from 'node:util';
import { ByteWriter } from './byte-writer.ts';
import { writeClone } from './clone.ts';
import type { Containers } from './containers.ts';
import { hasOnlyItems, hasSlots, isFixed } from './extras.ts';
import * as tag from './plain-format.ts';
import { isArrayPrototype, isObjectPrototype } from './realm.ts';
import { ShapeTable } from './shape-table.ts';

/** It was written. */
const PLAIN = 0;
/** Something that this form does not carry; another one may. */
export const NOT_PLAIN = 1;
/** Something that structured clone does not carry either. */
export const NEEDS_GRAPH = 2;

type Verdict = typeof PLAIN | typeof NOT_PLAIN | typeof NEEDS_GRAPH;

/** Structured clone puts up with more levels, and with cycles. */
const DEEPEST = 400;
/** Shorter arrays of numbers, or of texts, are not worth a form of their own. */
const FEW_NUMBERS = 6;
const FEW_ITEMS = 32;
/** More texts, or longer ones, are written faster by one structured clone. */
const FEW_TEXTS = 24;
const SHORT_TEXT = 64;

const { getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor, isExtensible } =
  Object;
const keysOf = Object.keys;

export class PlainWriter {
  private readonly out = new ByteWriter();
  private readonly shapes = new ShapeTable();
  private texts: string[] = [];
  private fewTexts = FEW_TEXTS;
  private containers: Containers | undefined;

  write(value: object, containers: Containers): Uint8Array | typeof NOT_PLAIN | typeof NEEDS_GRAPH {
    this.containers = containers;
    this.out.start();
    this.out.uint32(0);
    this.fewTexts = FEW_TEXTS;
    try {
      const verdict = this.object(value, 0);
      if (verdict !== PLAIN) {
        this.out.forget();
        return verdict;
      }
      this.out.uint32At(0, this.out.size);
      const structure = this.out.finish();
      return this.texts.length > 0 ? writeClone(this.texts, structure).body : structure;
    } finally {
      this.containers = undefined;
      this.shapes.clear();
      if (this.texts.length > 0) this.texts = [];
    }
  }

  private value(value: unknown, depth: number): Verdict {
    switch (typeof value) {
      case 'string':
        this.out.byte(tag.TEXT);
        this.text(value);
        return PLAIN;
      case 'number':
        this.number(value);
        return PLAIN;
      case 'object':
        if (value !== null) return this.object(value, depth);
        this.out.byte(tag.NULL);
        return PLAIN;
      case 'boolean':
        this.out.byte(value ? tag.TRUE : tag.FALSE);
        return PLAIN;
      case 'undefined':
        this.out.byte(tag.UNDEFINED);
        return PLAIN;
      case 'bigint':
        this.out.byte(tag.BIGINT);
        this.text(tag.hexOf(value));
        return PLAIN;
      default:
        return NEEDS_GRAPH;
    }
  }

  private number(value: number): void {
    const integer = value | 0;
    if (integer === value && (integer !== 0 || 1 / value > 0)) {
      this.out.byte(tag.INTEGER);
      this.out.varint(((integer << 1) ^ (integer >> 31)) >>> 0);
      return;
    }
    this.out.byte(tag.DOUBLE);
    this.out.double(value);
  }

  private object(value: object, depth: number): Verdict {
    if (depth > DEEPEST || !(this.containers as Containers).add(value)) return NOT_PLAIN;
    // Whatever else is asked of a Proxy runs code of the user's.
    if (types.isProxy(value) || !isExtensible(value)) return NEEDS_GRAPH;
    if (Array.isArray(value)) return this.array(value, depth);
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype !== Object.prototype && !isObjectPrototype(prototype)) return NOT_PLAIN;
    const keys = keysOf(value);
    const count = keys.length;
    // Two quick questions instead of the one for all keys, which engines answer slowly.
    if (getOwnPropertyNames(value).length !== count || getOwnPropertySymbols(value).length !== 0)
      return NEEDS_GRAPH;
    if (count === 0 && hasSlots(value)) return NOT_PLAIN;
    this.shape(keys);
    for (let i = 0; i < count; i++) {
      const property = getOwnPropertyDescriptor(value, keys[i] as string) as PropertyDescriptor;
      // Accessors are not writable, either.
      if (property.writable !== true || property.configurable !== true) return NEEDS_GRAPH;
      const verdict = this.value(property.value, depth + 1);
      if (verdict !== PLAIN) return verdict;
    }
    return PLAIN;
  }

  private shape(keys: readonly string[]): void {
    const shape = this.shapes.find(keys);
    if (shape !== -1) {
      this.out.byte(tag.SHAPE);
      this.out.varint(shape);
      return;
    }
    this.out.byte(tag.NEW_SHAPE);
    this.out.varint(keys.length);
    for (let i = 0; i < keys.length; i++) this.text(keys[i] as string);
  }

  private array(array: readonly unknown[], depth: number): Verdict {
    if (!isArrayPrototype(getPrototypeOf(array) as object | null) || !hasOnlyItems(array)) return NOT_PLAIN;
    if (isFixed(array)) return NEEDS_GRAPH;
    const { length } = array;
    if (length >= FEW_NUMBERS && typeof array[0] === 'number' && this.numbers(array as readonly number[]))
      return PLAIN;
    if (length >= FEW_ITEMS && typeof array[0] === 'string' && this.allTexts(array as readonly string[]))
      return PLAIN;
    this.out.byte(tag.LIST);
    this.out.varint(length);
    for (let i = 0; i < length; i++) {
      const item = array[i];
      // Structured clone carries holes.
      if (item === undefined && !Object.hasOwn(array, i)) return NOT_PLAIN;
      const verdict = this.value(item, depth + 1);
      if (verdict !== PLAIN) return verdict;
    }
    return PLAIN;
  }

  private numbers(array: readonly number[]): boolean {
    const { length } = array;
    const integers = leadingIntegers(array);
    if (integers < length && leadingNumbers(array, integers) < length) return false;
    const all = integers === length ? new Int32Array(length) : new Float64Array(length);
    for (let i = 0; i < length; i++) all[i] = array[i] as number;
    this.out.byte(integers === length ? tag.INTEGERS : tag.DOUBLES);
    this.out.varint(length);
    this.out.raw(new Uint8Array(all.buffer));
    return true;
  }

  private allTexts(array: readonly string[]): boolean {
    const { length } = array;
    for (let i = 0; i < length; i++) if (typeof array[i] !== 'string') return false;
    this.out.byte(tag.TEXTS);
    this.out.varint(length);
    // Not a copy of the array: one that might have holes takes structured clone three times as long.
    const { texts } = this;
    for (let i = 0; i < length; i++) texts.push(array[i] as string);
    return true;
  }

  private text(text: string): void {
    if (this.fewTexts > 0 && text.length <= SHORT_TEXT && this.out.shortText(text)) {
      this.fewTexts--;
      return;
    }
    this.out.byte(tag.LISTED);
    this.texts.push(text);
  }
}

/** Loops of their own: without a variable for the item, engines need no object for each fraction. */
function leadingNumbers(array: readonly unknown[], from: number): number {
  let i = from;
  while (i < array.length && typeof array[i] === 'number') i++;
  return i;
}

function leadingIntegers(array: readonly unknown[]): number {
  let i = 0;
  while (i < array.length && isInteger(array[i])) i++;
  return i;
}

const isInteger = (value: unknown): boolean => typeof value === 'number' && Object.is(value | 0, value);
