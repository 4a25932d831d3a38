/**
 * Which instances cannot be carried: those of Node's own classes (sockets, streams, timers), native handles, and
 * those with private fields, which nobody but their class can read.
 */
import { types } from 'node:util';
import { isNativeText, isObjectPrototype } from '../values/realm.ts';
import { builtinNameOf } from './builtins.ts';
import { globalPathOf } from './intrinsics.ts';
import { className } from './objects.ts';
import { Refusal } from './refusal.ts';

/** Built-in classes whose instances are all that they own, or whose internal slots are carried. */
const CARRIED = new Set([
  ...[
    'Object',
    'Array',
    'Map',
    'Set',
    'Date',
    'RegExp',
    'Number',
    'String',
    'Boolean',
    'BigInt',
    'ArrayBuffer',
  ],
  ...['DataView', 'Buffer', 'URL', 'URLSearchParams', 'DOMException', 'Iterator', 'Function', '%TypedArray'],
]);
const CARRIED_BUILTINS = new Set(['EventEmitter', 'URL', 'URLSearchParams', 'Buffer', 'AssertionError']);

type Verdict = readonly [reason: string, hint: string] | undefined;

const verdicts = new WeakMap<object, { readonly verdict: Verdict }>();

/** @throws Refusal if instances of this prototype cannot be carried. */
export function checkInstance(
  value: object,
  prototype: object,
  isInternal: (owner: object) => boolean,
): void {
  let known = verdicts.get(prototype);
  if (!known) {
    known = { verdict: judge(value, prototype, isInternal) };
    verdicts.set(prototype, known);
  }
  if (known.verdict) throw new Refusal(value, ...known.verdict);
}

function judge(value: object, start: object, isInternal: (owner: object) => boolean): Verdict {
  const slots = ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
  for (let prototype: object | null = start; prototype && !isObjectPrototype(prototype); ) {
    const owner = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
    if (typeof owner === 'function') {
      const native = slots ? undefined : nativeName(owner, isInternal);
      if (native)
        return [`is a ${native}`, 'open it inside the task or in an initializer instead of capturing it'];
      const name = privateName(Function.prototype.toString.call(owner));
      if (name) {
        const hint = 'give the class a [Symbol.for("loky.reduce")]() method or send plain data';
        return [`is a ${className(value)} with private state (#${name})`, hint];
      }
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

const isErrorClass = (owner: object): boolean =>
  owner === Error || Object.prototype.isPrototypeOf.call(Error, owner);

function nativeName(owner: object, isInternal: (owner: object) => boolean): string | undefined {
  const name = (owner as { name?: unknown }).name;
  const label = typeof name === 'string' && name ? name : 'native handle';
  if (isErrorClass(owner)) return undefined;
  const [global] = globalPathOf(owner) ?? [];
  if (global !== undefined) return CARRIED.has(String(global)) ? undefined : label;
  const builtin = builtinNameOf(owner);
  if (builtin) {
    if (CARRIED_BUILTINS.has(label)) return undefined;
    return builtin.path.length > 0 ? `${builtin.module}.${builtin.path.join('.')}` : label;
  }
  if (isNativeText(Function.prototype.toString.call(owner))) return `native handle (${label})`;
  return isInternal(owner) ? label : undefined;
}

/** A private name that instances of a class have, by the class's text; undefined if only the class itself has some. */
export function privateName(text: string): string | undefined {
  if (!text.startsWith('class') || !text.includes('#')) return undefined;
  const ofTheClass = new Set<string>();
  for (const [, name] of text.matchAll(/\bstatic\s+(?:async\s*)?(?:\*\s*)?(?:[gs]et\s+)?#([\w$]+)/g)) {
    ofTheClass.add(name as string);
  }
  for (const [, name] of text.matchAll(/(?:\.|\?\.|[;{}\s*])#([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu)) {
    if (!ofTheClass.has(name as string)) return name;
  }
  return undefined;
}
