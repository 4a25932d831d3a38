/** What a submit would send, how, and how large it is; and the warning about variables that are larger than they look. */
import type { SerializationError } from '../../errors.ts';

import type { Payload } from '../common/payload.ts';
import { isTooMuch } from '../common/reason.ts';
import { registeredReducers } from '../common/reducers.ts';
import { commonRow } from '../graph/naming.ts';
import { type Edge, Refusal, type Root, sendingError } from '../graph/refusal.ts';
import { GraphWriter } from '../graph/writer.ts';
import { isPrimitive } from '../values/primitives.ts';
import type { AnyFunction } from './plans.ts';
import { newReading, planOf } from './plans.ts';
import { HostPolicy } from './policy.ts';
import { NO_HEADER } from './ready-messages.ts';
import { WholeMessage } from './whole-message.ts';

/** One thing that a submit sends. */
export interface ExplainedPart {
  /** Where it is: `the function`, ``closure variable `db` ``, `argument 0`. */
  readonly path: string;
  /** A function by value or by reference, or data. */
  readonly how: 'value' | 'reference' | 'data';
  /** The function's name or file, or the kind of data. */
  readonly what: string;
  /** Bytes that it takes alone, with all that it refers to. */
  readonly bytes: number;
}

export interface Explanation {
  readonly parts: readonly ExplainedPart[];
  /** Bytes of the whole. */
  readonly bytes: number;
  /** A table to print. */
  toString(): string;
}

const LARGE = 1_000_000;
const DEPTH = 6;

/** @throws SerializationError with the path of what cannot be sent. */
export function explain(fn: (...args: never[]) => unknown, args: readonly unknown[]): Explanation {
  if (typeof fn !== 'function') throw new TypeError(`explain expects a function, but got ${typeof fn}`);
  const parts: ExplainedPart[] = [];
  const roots = rootsOf(fn, args);
  const writer = new GraphWriter(newPolicy());
  try {
    const whole = writer.write([fn, args], NO_HEADER);
    const seen = new Set<unknown>();
    for (const { name, value, silent } of roots) addParts(name, value, silent, parts, seen, writer, 0);
    const bytes = sizeOf(whole);
    return { parts, bytes, toString: () => table(parts, bytes) };
  } catch (error) {
    throw error instanceof Refusal || isTooMuch(error) ? callError(error, fn, args, writer) : error;
  }
}

const rootsOf = (fn: AnyFunction, args: readonly unknown[]): Root[] => [
  { name: 'the function', value: fn, silent: true },
  ...args.map((value, index) => ({ name: `argument ${index}`, value })),
];

/** The error of a call that cannot be sent, whatever was thrown inside. */
export function callError(
  error: unknown,
  fn: AnyFunction,
  args: readonly unknown[],
  writer: GraphWriter,
): SerializationError {
  return sendingError(error, 'send the task', 'the task', rootsOf(fn, args), (owner) =>
    writer.edgesOf(owner),
  );
}

/** What is written once at most, whatever shows meanwhile. */
const newPolicy = (): HostPolicy => new HostPolicy(registeredReducers(), false, new WholeMessage(true));

function addParts(
  path: string,
  value: unknown,
  silent: boolean | undefined,
  parts: ExplainedPart[],
  seen: Set<unknown>,
  writer: GraphWriter,
  depth: number,
): void {
  if (typeof value !== 'function') {
    parts.push({
      path,
      how: 'data',
      what: Object.prototype.toString.call(value).slice(8, -1),
      bytes: measure(value),
    });
    return;
  }
  if (seen.has(value) || depth > DEPTH) return;
  seen.add(value);
  const reference = referenceName(value as AnyFunction);
  parts.push({
    path,
    how: reference ? 'reference' : 'value',
    what: reference ?? (value.name || 'anonymous'),
    bytes: measure(value),
  });
  if (reference) return;
  for (const [label, inner] of writer.edgesOf(value)) {
    addParts(silent ? label : `${path} → ${label}`, inner, false, parts, seen, writer, depth + 1);
  }
}

function referenceName(fn: AnyFunction): string | undefined {
  const common = commonRow(fn);
  if (common) return common.head.slice(1).flat().join('.');
  const plan = planOf(fn, { mainByReference: false, forceValue: false, reading: newReading() });
  if (plan.type !== 'reference' || plan.row.head[0] !== 'import') return undefined;
  const [, { specifier }, path] = plan.row.head;
  return `${path.join('.') || 'module.exports'} of ${specifier}`;
}

/** The code that it needs is counted too: it is sent once per worker. */
function measure(value: unknown): number {
  const policy = newPolicy();
  try {
    let bytes = sizeOf(new GraphWriter(policy).write(value, NO_HEADER));
    for (const { payload } of policy.definitions) bytes += sizeOf(payload);
    return bytes;
  } catch {
    return 0;
  }
}

const sizeOf = ({ body, views }: Payload): number =>
  views.reduce((sum, view) => sum + view.byteLength, body.byteLength);

function table(parts: readonly ExplainedPart[], bytes: number): string {
  const width = Math.max(...parts.map(({ path }) => path.length));
  const lines = parts.map(
    (part) => `${part.path.padEnd(width)}  by ${part.how.padEnd(9)}  ${part.bytes} bytes  ${part.what}`,
  );
  return [...lines, `${bytes} bytes in all`].join('\n').replaceAll('by data     ', 'data        ');
}

const checked = new WeakSet<object>();
let warned = false;

/** Warns once: what a function captures is sent again with every submit. */
export function warnOfLargeCapture(
  fn: AnyFunction,
  args: readonly unknown[],
  payload: Payload,
  writer: GraphWriter,
): void {
  if (warned || checked.has(fn) || sizeOf(payload) < LARGE) return;
  checked.add(fn);
  const large = largeCapture(writer.edgesOf(fn), args, sizeOf(payload), writer);
  if (!large) return;
  warned = true;
  const [label, bytes] = large;
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const advice =
    'share it once with `executor.share(value)`, or load it inside the task or in an initializer, if that is too slow';
  process.emitWarning(
    `${label} of the task ${fn.name || 'function'} holds ${size}, which are sent with every submit: ${advice}`,
    {
      code: 'LOKY_LARGE_CAPTURE',
    },
  );
}

/** From what was counted while the message was written, as far as that distinguishes variables. */
function largeCapture(
  edges: readonly Edge[],
  args: readonly unknown[],
  whole: number,
  writer: GraphWriter,
): readonly [label: string, bytes: number] | undefined {
  const counted = (value: unknown): number | undefined =>
    isPrimitive(value) ? 0 : writer.plainSizeOf(value);
  let rest = whole;
  for (const [label, value] of edges) {
    const bytes = counted(value) ?? 0;
    if (bytes >= LARGE) return [label, bytes];
    rest -= bytes;
  }
  for (const value of args) rest -= counted(value) ?? 0;
  if (rest < LARGE) return undefined;
  const unknown = edges.filter(([, value]) => counted(value) === undefined);
  const [only] = unknown;
  if (only && unknown.length === 1 && !args.some((value) => counted(value) === undefined))
    return [only[0], rest];
  for (const [label, value] of unknown) {
    const bytes = measure(value);
    if (bytes >= LARGE) return [label, bytes];
  }
  return undefined;
}
