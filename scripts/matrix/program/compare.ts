/** Whether a worker's result is the host's own, looked at as closely as a program can look. */
import { types } from 'node:util';

/** Where the two differ first, in words; undefined if nowhere. */
export function differenceOf(host: unknown, worker: unknown): string | undefined {
  return compare(host, worker, 'the result', new Map());
}

function compare(a: unknown, b: unknown, at: string, seen: Map<unknown, unknown>): string | undefined {
  if (typeof a !== typeof b) return differ(at, a, b);
  if (typeof a === 'symbol' && typeof b === 'symbol')
    return a === b || a.description === b.description ? undefined : differ(at, a, b);
  if ((typeof a !== 'object' && typeof a !== 'function') || a === null || b === null)
    return Object.is(a, b) ? undefined : differ(at, a, b);
  if (a === b) return undefined;
  if (seen.has(a)) return seen.get(a) === b ? undefined : `${at} is shared, or a cycle, in one of both only`;
  seen.set(a, b);
  return compareObjects(a, b as object, at, seen);
}

function compareObjects(a: object, b: object, at: string, seen: Map<unknown, unknown>): string | undefined {
  return (
    compareKinds(a, b, at) ??
    compareContents(a, b, at, seen) ??
    compareProperties(a, b, at, seen) ??
    compareStates(a, b, at)
  );
}

/** Classes by name, as a function that makes its class makes another one at each call. */
function compareKinds(a: object, b: object, at: string): string | undefined {
  const kinds = [kindOf(a), kindOf(b)];
  if (kinds[0] !== kinds[1]) return `${at} is ${kinds[0]} in the host, ${kinds[1]} from the worker`;
  if (typeof a === 'function' && String(a) !== String(b)) return differ(at, String(a), String(b));
  return undefined;
}

/** The names along the chain of prototypes. */
function kindOf(value: object): string {
  const names = [Object.prototype.toString.call(value)];
  for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
    const maker: unknown = Object.getOwnPropertyDescriptor(proto, 'constructor')?.value;
    names.push(typeof maker === 'function' ? maker.name : '(none)');
  }
  return names.join(' < ');
}

function compareContents(a: object, b: object, at: string, seen: Map<unknown, unknown>): string | undefined {
  if (types.isMap(a)) return compareLists([...a], [...(b as typeof a)], `${at} (a Map)`, seen);
  if (types.isSet(a)) return compareLists([...a], [...(b as typeof a)], `${at} (a Set)`, seen);
  const [one, other] = [plainOf(a), plainOf(b)];
  return Object.is(one, other) ? undefined : differ(at, one, other);
}

function compareLists(
  a: readonly unknown[],
  b: readonly unknown[],
  at: string,
  seen: Map<unknown, unknown>,
): string | undefined {
  if (a.length !== b.length) return differ(`${at}: its size`, a.length, b.length);
  for (const [i, item] of a.entries()) {
    const difference =
      Array.isArray(item) && Array.isArray(b[i])
        ? compareLists(item, b[i], `${at} #${i}`, seen)
        : compare(item, b[i], `${at} #${i}`, seen);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** What a builtin holds beside its properties. */
function plainOf(value: object): unknown {
  if (types.isDate(value)) return Date.prototype.getTime.call(value);
  if (types.isRegExp(value)) return `${String(value)} at ${value.lastIndex}`;
  if (types.isBoxedPrimitive(value)) return value.valueOf();
  if (types.isAnyArrayBuffer(value)) return Buffer.from(value).toString('hex');
  return undefined;
}

function compareProperties(
  a: object,
  b: object,
  at: string,
  seen: Map<unknown, unknown>,
): string | undefined {
  const omitted = omittedFrom(b);
  const keys = keysOf(a).filter((key) => !omitted.has(key));
  const others = keysOf(b).filter((key) => key !== OMITTED);
  const names = [keys, others].map((all) => all.map(String).join(', '));
  if (names[0] !== names[1])
    return `${at} has ${names[0] || 'nothing'} in the host, ${names[1] || 'nothing'} from the worker`;
  for (const [i, key] of keys.entries()) {
    const one = propertyOf(a, key);
    const other = Object.getOwnPropertyDescriptor(b, others[i] as PropertyKey) as PropertyDescriptor;
    const place = `${at}.${String(key)}`;
    if (flagsOf(one) !== flagsOf(other)) return differ(place, flagsOf(one), flagsOf(other));
    const difference = compare(one.value, other.value, place, seen);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** An accessor of an error arrives as the value that it gives. */
function propertyOf(host: object, key: PropertyKey): PropertyDescriptor {
  const { get, ...rest } = Object.getOwnPropertyDescriptor(host, key) as PropertyDescriptor;
  if (get === undefined || !types.isNativeError(host)) return { ...rest, ...(get && { get }) };
  const { enumerable = false, configurable = false } = rest;
  return { enumerable, configurable, writable: true, value: get.call(host) };
}

/** An error arrives without what cannot be sent, and says so: that is no silent difference. */
const OMITTED = Symbol.for('loky.omitted');

function omittedFrom(worker: object): ReadonlySet<unknown> {
  const list: unknown = Object.getOwnPropertyDescriptor(worker, OMITTED)?.value;
  return new Set(Array.isArray(list) ? list : []);
}

/** The order of what is enumerable counts; an engine notes where it has made an error. */
function keysOf(value: object): readonly PropertyKey[] {
  const keys = Reflect.ownKeys(value).filter(
    (key) => !(types.isNativeError(value) && key === 'stack') && typeof value !== 'function',
  );
  return [
    ...keys.filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
    ...keys
      .filter((key) => !Object.prototype.propertyIsEnumerable.call(value, key))
      .sort((a, b) => (String(a) < String(b) ? -1 : 1)),
  ];
}

const flagsOf = ({ enumerable, configurable, writable, get, set }: PropertyDescriptor): string =>
  [
    enumerable ? 'enumerable' : 'hidden',
    configurable ? 'configurable' : 'fixed',
    writable ? 'writable' : get || set ? 'accessor' : 'readonly',
  ].join(' ');

function compareStates(a: object, b: object, at: string): string | undefined {
  const [one, other] = [a, b].map((value) =>
    Object.isFrozen(value)
      ? 'frozen'
      : Object.isSealed(value)
        ? 'sealed'
        : Object.isExtensible(value)
          ? 'open'
          : 'closed',
  );
  return one === other ? undefined : differ(at, one, other);
}

const differ = (at: string, host: unknown, worker: unknown): string =>
  `${at} is ${say(host)} in the host, ${say(worker)} from the worker`;

function say(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'string')
    return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}
