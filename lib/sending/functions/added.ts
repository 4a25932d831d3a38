/**
 * What the program has added to objects of the language and reads from there (`Reflect.getMetadata`). Workers load it with
 * the module that imports it, but what it keeps about a class it keeps about the class of this process: a class that goes
 * by value is another one, of which it knows nothing.
 */
import { types } from 'node:util';
import { Script } from 'node:vm';
import { dataOf, isObject, oncePerObject, withoutPrototype } from '../../system/own.ts';
import { builtinNameOf } from '../graph/builtins.ts';
import { globalPathOf, isCommonGlobal } from '../graph/intrinsics.ts';
import { isNativeText } from '../values/realm.ts';
import { viewFunction } from './inspector.ts';

/** A global and the name of what is read from it. */
export type Member = readonly [global: string, name: string];

/** Functions that are looked into for where one keeps something. */
const MOST_FUNCTIONS = 200;
const MEMBER = /\.\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/uy;

/** What a text reads from globals, where it uses them by these names. `offset`: where `text` starts in the positions. */
export function membersRead(
  text: string,
  offset: number,
  names: ReadonlyMap<string, { readonly uses: readonly { readonly end: number }[] }>,
): Member[] {
  const members: Member[] = [];
  for (const [name, { uses }] of names) {
    if (!isCommonGlobal(name)) continue;
    for (const { end } of uses) {
      MEMBER.lastIndex = end - offset;
      const [, member] = MEMBER.exec(text) ?? [];
      if (member !== undefined) members.push([name, member]);
    }
  }
  return members;
}

const LIST_MEMBERS = `Object.getOwnPropertyNames(globalThis).flatMap((name) =>
  [name, ...Object.getOwnPropertyNames(Object(globalThis[name])).map((member) => name + '.' + member)])`;
let members: ReadonlySet<string> | undefined;

/** The globals of the language, and the members of each, as a context has them that no program has seen. */
function membersOfLanguage(): ReadonlySet<string> {
  const list = (): unknown => new Script(LIST_MEMBERS).runInNewContext(undefined, withoutPrototype({}));
  members ??= new Set(list() as string[]);
  return members;
}

/** Node's own objects (`process`, `Buffer`) are none of the language: their members lead through all of Node. */
function isAdded(global: string, name: string): boolean {
  const known = membersOfLanguage();
  return known.has(global) && !known.has(`${global}.${name}`);
}

/** Whether that is a function of the program that keeps something about the class. */
export function knowsOf([global, name]: Member, cls: object): boolean {
  if (!isAdded(global, name)) return false;
  const owner = (globalThis as Record<string, unknown>)[global];
  if (!isObject(owner)) return false;
  const added = dataOf(owner, name);
  if (typeof added !== 'function' || isOfEngine(added)) return false;
  const keys = [cls, dataOf(cls, 'prototype')].filter(isObject);
  return storesOf(added).some((store) => keys.some((key) => WeakMap.prototype.has.call(store, key)));
}

/** What the language and Node.js have leads everywhere. */
const isOfEveryProcess = (value: object): boolean =>
  value === globalThis || globalPathOf(value) !== undefined || builtinNameOf(value) !== undefined;

const isOfEngine = (fn: object): boolean =>
  types.isProxy(fn) || isNativeText(Function.prototype.toString.call(fn));

/** The maps that a function reaches through its variables. */
const storesOf = oncePerObject((added: object): readonly WeakMap<object, unknown>[] => {
  const stores = new Set<WeakMap<object, unknown>>();
  const waiting: object[] = [added];
  const seen = new Set<object>(waiting);
  let functions = 0;
  for (const value of waiting) {
    if (types.isWeakMap(value)) stores.add(value);
    if (typeof value === 'function' && (isOfEngine(value) || functions++ >= MOST_FUNCTIONS)) continue;
    for (const part of partsOf(value)) {
      if (!isObject(part) || types.isProxy(part) || seen.has(part) || isOfEveryProcess(part)) continue;
      seen.add(part);
      waiting.push(part);
    }
  }
  return [...stores];
});

/** Variables of functions, and members of the objects that those hold. Of a view they are numbers, and may be too many. */
function* partsOf(value: object): Generator<unknown> {
  if (ArrayBuffer.isView(value)) return;
  const owners = typeof value === 'function' ? localsOf(value) : [value];
  for (const owner of owners)
    for (const { value: part } of Object.values(Object.getOwnPropertyDescriptors(owner))) yield part;
}

/** Those of the module or the script are of no one function. */
const localsOf = (fn: object): readonly object[] =>
  viewFunction(fn)
    .scopes.filter(({ type }) => type !== 'Script' && type !== 'Global')
    .map(({ variables }) => variables);
