/**
 * Which instances cannot be carried: those of Node's own classes (sockets, streams, timers), native handles, and
 * those with private fields, which only their class can read.
 */
import { types } from 'node:util';
import { isNativeText, isObject, isObjectPrototype } from '../values/realm.ts';
import { builtinNameOf, isHiddenClass } from './builtins.ts';
import { globalAt, globalPathOf } from './intrinsics.ts';
import { className } from './objects.ts';
import { privateName } from './private-names.ts';
import { type Hint, InstanceRefusal, Refusal } from './refusal.ts';

/** Built-in classes whose instances are all that they own, or whose internal slots are carried. */
const CARRIED = new Set([
  ...['Object', 'Array', 'Map', 'Set', 'Date', 'RegExp', 'Number', 'String', 'Boolean', 'BigInt'],
  ...['ArrayBuffer', 'DataView', 'Buffer', 'URL', 'URLSearchParams', 'DOMException', 'Iterator', 'Function'],
  ...['%TypedArray', 'TextEncoder', 'TextDecoder', 'Headers', 'Intl', 'WeakMap', 'WeakSet'],
]);
const CARRIED_BUILTINS = new Set([
  ...['EventEmitter', 'URL', 'URLSearchParams', 'Buffer', 'AssertionError'],
  ...['Stats', 'BigIntStats', 'StatFs', 'Dirent'],
]);

type Verdict = { readonly refusal: typeof Refusal; readonly reason: string; readonly hint: Hint } | undefined;

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
  if (!known.verdict) return;
  const { refusal: Reason, reason, hint } = known.verdict;
  throw new Reason(value, reason, hint);
}

function judge(value: object, start: object, isInternal: (owner: object) => boolean): Verdict {
  const slots = ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
  for (let prototype: object | null = start; prototype && !isObjectPrototype(prototype); ) {
    const owner = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
    if (typeof owner === 'function') {
      // All of their state is theirs, and that of the classes that they extend.
      if (isHiddenClass(owner)) return undefined;
      const native = slots ? undefined : nativeName(owner, isInternal);
      if (native)
        return {
          refusal: Refusal,
          reason: `is ${withArticle(native)}`,
          hint: WAYS_OUT[native.slice(native.lastIndexOf('.') + 1)] ?? OPEN_THERE,
        };
      const name = isOfNode(owner) ? undefined : privateName(Function.prototype.toString.call(owner));
      if (name !== undefined) return privateState(value, name);
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

const BYTES: Hint = {
  task: 'send its bytes (await blob.arrayBuffer()), which can be read only asynchronously',
  result: 'return its bytes (await blob.arrayBuffer())',
};
const BODY: Hint = {
  task: 'send what it holds (await response.text())',
  result: 'return what it holds (await response.text())',
};

const READ_THERE = 'it stays in the worker: return data that you have from it';

/** Of classes of Node whose purpose says what to do instead. */
const WAYS_OUT: Readonly<Record<string, Hint | undefined>> = {
  AbortSignal: { task: 'hand it to withOptions({ signal })', result: 'return whether it is aborted' },
  AbortController: {
    task: 'hand its signal to withOptions({ signal })',
    result: 'return whether it is aborted',
  },
  Blob: BYTES,
  File: BYTES,
  FormData: { task: 'send its entries ([...form])', result: 'return its entries ([...form])' },
  Request: BODY,
  Response: BODY,
  CryptoKey: { task: 'send KeyObject.from(key)', result: 'return KeyObject.from(key)' },
  IncomingMessage: { task: 'send the data that the task needs (its url, its body)', result: READ_THERE },
  ServerResponse: {
    task: 'let the task return what to answer, and answer when its future has settled',
    result: READ_THERE,
  },
};
const OPEN_THERE: Hint = {
  task: 'open it inside the task or in an initializer instead of sending it',
  result: READ_THERE,
};

/** What waits for something is known by its `then`, what holds something by that it can be disposed of. */
function privateState(value: object, name: string): Verdict {
  const reason = `is ${withArticle(className(value))} with private state (#${name})`;
  return { refusal: InstanceRefusal, reason, hint: wayOutOf(value) };
}

function wayOutOf(value: object): Hint {
  if ('then' in value)
    return { task: 'await it, and send its result', result: 'await it before returning it' };
  if (Symbol.asyncDispose in value || Symbol.dispose in value)
    return { task: 'make one inside the task', result: 'return data that you have from it' };
  return 'give the class a [Symbol.for("loky.reduce")]() method or send plain data';
}

const withArticle = (name: string): string => `${/^[aeio]/i.test(name) ? 'an' : 'a'} ${name}`;

/** What the private fields of Node's own classes say is carried beside them, if their instances are carried at all. */
const isOfNode = (owner: object): boolean =>
  globalPathOf(owner) !== undefined || builtinNameOf(owner) !== undefined;

const isErrorClass = (owner: object): boolean =>
  owner === Error || Object.prototype.isPrototypeOf.call(Error, owner);

function nativeName(owner: object, isInternal: (owner: object) => boolean): string | undefined {
  const name = (owner as { name?: unknown }).name;
  const label = typeof name === 'string' && name ? name : 'native handle';
  if (isErrorClass(owner)) return undefined;
  const path = globalPathOf(owner);
  if (path) {
    // That of another realm has the path of ours.
    const ours = globalAt(path);
    const isError = typeof ours === 'function' && isErrorClass(ours);
    return isError || CARRIED.has(String(path[0])) ? undefined : label;
  }
  const builtin = builtinNameOf(owner);
  if (builtin) {
    if (CARRIED_BUILTINS.has(label)) return undefined;
    return builtin.path.length > 0 ? `${builtin.module}.${builtin.path.join('.')}` : label;
  }
  if (isNativeText(Function.prototype.toString.call(owner))) return `native handle (${label})`;
  return isInternal(owner) ? label : undefined;
}

/**
 * Whether a promise that is resolved with this, or with an object made of it, would call something: no such object is ever
 * a result, for the promise would run a method with data of a worker. Runs nothing.
 */
export function isThenable(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (let owner: object | null = value; owner; owner = Object.getPrototypeOf(owner) as object | null) {
    // A Proxy would have to be asked.
    if (types.isProxy(owner)) return true;
    const descriptor = Object.getOwnPropertyDescriptor(owner, 'then');
    if (descriptor) return typeof descriptor.value === 'function' || descriptor.get !== undefined;
  }
  return false;
}
