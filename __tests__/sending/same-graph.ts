/**
 * Whether two values are the same graph: equal contents, and what is one object in one of them is one object in the
 * other. Takes no notice of realms: test runners have one of their own.
 */
import { types } from 'node:util';

/** Where two values differ and how; undefined if they do not. */
export function differenceOf(left: unknown, right: unknown): string | undefined {
  return compare(left, right, 'value', new Map(), new Map());
}

type Pairs = Map<unknown, unknown>;

function compare(left: unknown, right: unknown, path: string, there: Pairs, back: Pairs): string | undefined {
  const isThing = (value: unknown): boolean =>
    typeof value === 'symbol' || (typeof value === 'object' && value !== null);
  if (!isThing(left) || !isThing(right))
    return Object.is(left, right) ? undefined : differ(path, left, right);
  if (there.has(left) || back.has(right)) {
    const isPair = there.get(left) === right && back.get(right) === left;
    return isPair ? undefined : `${path} is shared differently`;
  }
  there.set(left, right);
  back.set(right, left);
  if (typeof left === 'symbol' || typeof right === 'symbol') {
    return String(left) === String(right) ? undefined : differ(path, left, right);
  }
  const [a, b] = [left as object, right as object];
  if (kindOf(a) !== kindOf(b)) return `${path} is a ${kindOf(a)}, and a ${kindOf(b)}`;
  const [ours, theirs] = [contentsOf(a), contentsOf(b)];
  if (ours.length !== theirs.length) return `${path} has ${ours.length} parts, and ${theirs.length}`;
  for (let i = 0; i < ours.length; i++) {
    const [label, part] = ours[i] as Part;
    const [otherLabel, otherPart] = theirs[i] as Part;
    if (label !== otherLabel) return `${path} has ${label}, and ${otherLabel}`;
    const found = compare(part, otherPart, `${path}${label}`, there, back);
    if (found !== undefined) return found;
  }
  return undefined;
}

const differ = (path: string, left: unknown, right: unknown): string =>
  `${path} is ${text(left)}, and ${text(right)}`;

const text = (value: unknown): string => (Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`);

/** The built-in that it is, and its class. */
function kindOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  const slots = types.isNativeError(value) ? 'error' : Object.prototype.toString.call(value);
  return `${slots} of ${prototype === null ? 'null' : prototype.constructor?.name}`;
}

type Part = readonly [label: string, part: unknown];

function contentsOf(value: object): Part[] {
  const parts: Part[] = [];
  if (types.isDate(value)) parts.push(['time', value.getTime()]);
  if (types.isRegExp(value)) parts.push(['source', value.source], ['flags', value.flags]);
  if (types.isBoxedPrimitive(value)) parts.push(['primitive', value.valueOf()]);
  if (types.isAnyArrayBuffer(value)) parts.push(['bytes', Buffer.from(value).toString('hex')]);
  if (ArrayBuffer.isView(value)) {
    return [['bytes', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')]];
  }
  for (const key of Reflect.ownKeys(value)) {
    const { value: data, enumerable } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    // A stack is computed when it is read, from Node.js 21 on by a getter.
    const content = key === 'stack' && types.isNativeError(value) ? value.stack : data;
    const label = typeof key === 'symbol' ? `[${String(key)}]` : `.${JSON.stringify(key)}`;
    if (typeof key === 'symbol') parts.push([`${label} itself`, key]);
    parts.push([`${label}${enumerable ? '' : ' (hidden)'}`, content]);
  }
  if (types.isMap(value)) {
    for (const [key, item] of Map.prototype.entries.call(value))
      parts.push(['.keys()', key], ['.get()', item]);
  }
  if (types.isSet(value)) {
    for (const item of Set.prototype.values.call(value)) parts.push(['.values()', item]);
  }
  return parts;
}
