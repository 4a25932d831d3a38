/**
 * Saying no: what cannot be sent, where it is, and the way out. The place is looked for only when something was
 * refused, by walking the values again from the roots.
 */
import { types } from 'node:util';
import { SerializationError } from '../../errors.ts';
import { nameOf } from '../../system/function-name.ts';
import { reasonOf } from '../common/reason.ts';
import { isObject } from '../values/realm.ts';

/** What to do instead; where it differs, for a task that is submitted and for a result that is returned. */
export type Hint =
  | string
  | { readonly task: string; readonly result: string }
  /** `variable`: the first captured one on the way, which is the user's own. */
  | ((variable: string | undefined) => string);

/** Thrown inside the encoder; becomes a `SerializationError` with the path once it is known who asked. */
export class Refusal {
  readonly value: unknown;
  /** A place inside `value` that is no value itself: a variable that cannot be read. */
  readonly place: string;
  readonly reason: string;
  readonly hint: Hint | undefined;
  /** Whose code it is, if it is not the user's. */
  readonly owner: string | undefined;
  /** What was thrown when it was looked at. */
  readonly cause: unknown;

  constructor(value: unknown, reason: string, hint?: Hint, place = '', owner?: string, cause?: unknown) {
    this.owner = owner;
    this.cause = cause;
    this.value = value;
    this.reason = reason;
    this.hint = hint;
    this.place = place;
  }
}

/** What is refused is only the class: its own properties are data. */
export class InstanceRefusal extends Refusal {}

type Sent = 'the task' | 'the result' | 'the reducers';

/** A value to look into, and how messages call it. An empty name is left out before a closure variable. */
export interface Root {
  readonly name: string;
  readonly value: unknown;
  readonly silent?: boolean;
}

export type Edge = readonly [label: string, value: unknown];

const VISITS = 1_000_000;
const CLOSURE = 'closure variable';

/**
 * The error of what could not be sent, whatever was thrown inside: with the path of what is refused, if that is the reason.
 *
 * @param action As in `cannot send the task`.
 */
export function sendingError(
  error: unknown,
  action: string,
  what: Sent,
  roots: readonly Root[],
  edgesOf: (value: object) => readonly Edge[],
): SerializationError {
  if (error instanceof SerializationError) return error;
  if (error instanceof Refusal) return explainRefusal(error, what, roots, edgesOf);
  return new SerializationError(`cannot ${action}: ${reasonOf(error)}`, { cause: error });
}

function explainRefusal(
  refusal: Refusal,
  what: Sent,
  roots: readonly Root[],
  edgesOf: (value: object) => readonly Edge[],
): SerializationError {
  const look = (from: Contents): string | undefined => findPath(refusal.value, roots, edgesOf, from);
  // What every object inherits is where a property holds it, if one does.
  const found = look(partsOf) ?? look(propertiesAndClass) ?? roots[0]?.name ?? what;
  const path = refusal.place ? join(found, refusal.place, roots) : found;
  const way = wayOut(refusal.hint, what, FIRST_VARIABLE.exec(path)?.[1]);
  const hint = way ? `\n  hint: ${way}` : '';
  const where = beginningAtOwn(path, refusal.owner);
  return new SerializationError(`cannot send ${what}: ${where} ${refusal.reason}${hint}`, {
    path,
    cause: refusal.cause,
  });
}

const FIRST_VARIABLE = /^closure variable `([^`]+)`/;

function wayOut(hint: Hint | undefined, what: Sent, variable: string | undefined): string | undefined {
  if (typeof hint === 'function') return hint(variable);
  return typeof hint === 'object' ? hint[what === 'the result' ? 'result' : 'task'] : hint;
}

/** What of a package cannot be sent says little to who has only a variable that holds something of it. */
function beginningAtOwn(path: string, owner: string | undefined): string {
  const [first] = /^(?:closure variable `[^`]+`|argument \d+)/.exec(path) ?? [];
  if (owner === undefined || first === undefined || first === path) return path;
  return `${first} holds something of ${owner} that cannot be sent: …${path.slice(first.length)}`;
}

function findPath(
  target: unknown,
  roots: readonly Root[],
  edgesOf: (value: object) => readonly Edge[],
  contents: Contents,
): string | undefined {
  const seen = new Set<unknown>();
  let level: (readonly [path: string, value: unknown])[] = roots.map(({ name, value }) => [name, value]);
  for (let visits = 0; level.length > 0; ) {
    const next: (readonly [string, unknown])[] = [];
    for (const [path, value] of level) {
      if (Object.is(value, target)) return path;
      if (!isObject(value) || seen.has(value)) continue;
      seen.add(value);
      if (visits++ > VISITS) return undefined;
      for (const [label, child] of edgesOf(value)) next.push([join(path, label, roots), child]);
      if (!types.isProxy(value))
        for (const [label, child] of contents(value)) next.push([path + label, child]);
    }
    level = next;
  }
  return undefined;
}

/** A closure variable of the task's own function needs no introduction; that of another function does. */
function join(path: string, label: string, roots: readonly Root[]): string {
  if (!label.startsWith(CLOSURE)) return path + label;
  return roots.some((root) => root.silent && root.name === path) ? label : `${path} → ${label}`;
}

type Contents = (value: object) => Generator<Edge>;

function* propertiesAndClass(value: object): Generator<Edge> {
  yield* partsOf(value);
  const prototype = Object.getPrototypeOf(value) as object | null;
  const isHidden = prototype === null || types.isProxy(prototype);
  const owner: unknown = isHidden
    ? undefined
    : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof owner === 'function') yield [` → class ${nameOf(owner) || '(anonymous)'}`, owner];
  yield ['.__proto__', prototype];
}

/** Its entries or items, and its own properties. */
export function* partsOf(value: object): Generator<Edge> {
  if (types.isMap(value)) {
    for (const [key, item] of Map.prototype.entries.call(value)) {
      yield ['.keys()', key];
      yield [mapLabel(key), item];
    }
  } else if (types.isSet(value)) {
    for (const item of Set.prototype.values.call(value)) yield ['.values()', item];
  }
  if (ArrayBuffer.isView(value)) return;
  for (const key of Reflect.ownKeys(value)) {
    if (key === 'caller' || key === 'arguments' || key === 'callee') continue;
    const descriptor = Object.getOwnPropertyDescriptor(value, key);
    if (!descriptor) continue;
    yield [keyLabel(key), key];
    if ('value' in descriptor) yield [keyLabel(key), descriptor.value];
    if (descriptor.get) yield [`${keyLabel(key)}[get]`, descriptor.get];
    if (descriptor.set) yield [`${keyLabel(key)}[set]`, descriptor.set];
  }
}

export function keyLabel(key: string | symbol): string {
  if (typeof key === 'symbol') return `[${String(key)}]`;
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `.${key}`;
  return /^\d+$/.test(key) ? `[${key}]` : `[${JSON.stringify(key)}]`;
}

export const mapLabel = (key: unknown): string =>
  `.get(${typeof key === 'string' ? JSON.stringify(key) : typeof key === 'number' ? String(key) : '…'})`;

export const closureLabel = (name: string): string => `${CLOSURE} \`${name}\``;
