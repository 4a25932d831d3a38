/**
 * A hint for calls that pass options of a task to `submit`, as with other pools: there they are one more argument, and
 * nothing would ever say so.
 */
import { types } from 'node:util';
import type { TaskOptions } from '../options/task-options.ts';
import { nameOf } from '../system/function-name.ts';

const isNumber = (value: unknown): boolean => typeof value === 'number';

const KINDS: Readonly<Record<keyof TaskOptions, (value: unknown) => boolean>> = {
  timeout: isNumber,
  killGrace: isNumber,
  retries: isNumber,
  priority: isNumber,
  signal: (value) => value instanceof AbortSignal,
  name: (value) => typeof value === 'string',
  bufferSize: isNumber,
};
const NAMES = Object.keys(KINDS) as (keyof TaskOptions)[];

/** Once for each executor is enough. */
const hinted = new WeakSet<object>();

/**
 * Warns where the last argument is nothing but options of a task, and the function has no parameter for it. Cheap for
 * arguments that have no such property.
 *
 * @param owner Who the warning is given for, once.
 */
export function hintAtOptions(
  owner: object,
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
): void {
  const last = args.at(-1);
  if (typeof last !== 'object' || last === null || types.isProxy(last)) return;
  if (!NAMES.some((name) => Object.hasOwn(last, name)) || hinted.has(owner)) return;
  if (!isTaskOptions(last) || mayTake(fn, args.length)) return;
  hinted.add(owner);
  const options = `{ ${Object.keys(last).join(', ')} }`;
  process.emitWarning(
    `submit passed ${options} to ${nameOf(fn) || 'a function'} as one more argument, for which it has no parameter. ` +
      `Options of a task are given before: executor.withOptions(${options}).submit(…).`,
    { type: 'LokyWarning', code: 'LOKY_OPTIONS_AS_ARGUMENT' },
  );
}

function isTaskOptions(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.entries(Object.getOwnPropertyDescriptors(value)).every(
    ([name, each]) => Object.hasOwn(KINDS, name) && KINDS[name as keyof TaskOptions](each.value),
  );
}

/** `length` counts neither rest parameters nor those with a default, nor what is taken from `arguments`. */
function mayTake(fn: (...args: never[]) => unknown, count: number): boolean {
  if (types.isProxy(fn)) return true;
  const length: unknown = Object.getOwnPropertyDescriptor(fn, 'length')?.value;
  if (typeof length !== 'number' || count <= length) return true;
  const text = Function.prototype.toString.call(fn);
  if (/\[native code\]|\barguments\b/.test(text)) return true;
  const parameters = text.split(/\)|=>/, 1)[0] as string;
  return /=|\.\.\./.test(parameters);
}
