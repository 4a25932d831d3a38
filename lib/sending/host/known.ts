/**
 * What this process has sent, by the names under which answers may refer to it. Holds nothing alive. Answers can
 * name nothing else: a worker cannot make this process look anything up, let alone run it.
 */

import { BoundedMap } from '../../system/bounded-map.ts';
import { isObject } from '../../system/own.ts';
import { noteSent } from '../functions/declared.ts';
import type { ModuleSource, Row, RowHead } from '../graph/row.ts';
import { NumberedSymbols } from '../graph/symbols.ts';
import { newId } from './definitions.ts';

const ids = new WeakMap<object, number>();
const functions = new Map<number, WeakRef<object>>();
const exported = new BoundedMap<string, WeakRef<object>>(20_000);

const collected = new FinalizationRegistry<number>((id) => functions.delete(id));

/** The number of a function that goes by value. */
export function numberOf(fn: object): number {
  let id = ids.get(fn);
  if (id === undefined) {
    id = newId();
    ids.set(fn, id);
    functions.set(id, new WeakRef(fn));
    collected.register(fn, id);
  }
  return id;
}

const symbols = new NumberedSymbols();

export function numberOfSymbol(symbol: symbol): number {
  const known = symbols.numberOf(symbol);
  if (known !== undefined) return known;
  const number = newId();
  symbols.add(symbol, number);
  return number;
}

export const symbolNumbered = (number: number): symbol | undefined => symbols.at(number);

export const functionNumbered = (id: number): object | undefined => functions.get(id)?.deref();

/** The same for one module, whoever imports it. */
function keyOf({ type, specifier, from }: ModuleSource, path: readonly string[]): string {
  if (from === null || !/^\.{0,2}\//.test(specifier)) return JSON.stringify([type, specifier, from, path]);
  return JSON.stringify([type, new URL(specifier, from).href, null, path]);
}

/** Remembers what a module's export is, as it was met on the way. */
export function rememberExport(source: ModuleSource, path: readonly string[], value: unknown): void {
  if (!isObject(value)) return;
  noteSent(value);
  keep(keyOf(source, path), value);
}

/** The row of a module's export, which is remembered. */
export function importRow(
  source: ModuleSource,
  path: readonly string[],
  value: unknown,
  hash: number | null = null,
): Row {
  rememberExport(source, path, value);
  return { head: ['import', source, path, hash], children: [] };
}

/** What is counted at each submit is no part of the name. */
const keyOfRow = (head: RowHead): string => JSON.stringify(head.slice(0, 6));

/** The same for what a module keeps for itself. */
export const rememberRow = (head: RowHead, value: object | symbol): void =>
  keep(keyOfRow(head), value as object);

export const rowRemembered = (head: RowHead): object | symbol | undefined =>
  exported.get(keyOfRow(head))?.deref();

function keep(key: string, value: object): void {
  if (exported.get(key)?.deref() !== value) exported.set(key, new WeakRef(value));
}

export const exportRemembered = (source: ModuleSource, path: readonly string[]): object | undefined =>
  exported.get(keyOf(source, path))?.deref();
