/**
 * Checks of options at run time: an unknown key, a wrong type or an out-of-range value throws at once, and the
 * message says what was expected and what came.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameHere } from './names-elsewhere.ts';

/**
 * Throws if the value is wrong. What it returns, if anything, replaces the value: a copy that holds
 * nothing but what was checked.
 */
export type Check = (value: unknown, name: string) => unknown;

/** Options with their defaults in place; those of `Open` have none. */
export type Resolved<Options, Open extends keyof Options> = Readonly<
  Required<Omit<Options, Open>> & Pick<Options, Open>
>;

/**
 * Options are own, enumerable properties: a property that was added to `Object.prototype` sets no option.
 *
 * @returns The values that were checked, each read once, in an object that inherits nothing.
 * @throws TypeError for an unknown key, a wrong type, or an option that is inherited from a class or from defaults.
 * @throws RangeError for a value out of range.
 */
export function checkOptions<Options extends object>(
  options: Options | undefined,
  checks: Readonly<Record<string, Check>>,
  of: string,
  prefix = '',
): Partial<Options> {
  const checked = Object.create(null) as Record<string, unknown>;
  if (options === undefined) return checked as Partial<Options>;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`the options of ${of} must be an object, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(checks, name))
      throw new TypeError(`unknown option ${name} of ${of}: ${wayOut(name, checks)}`);
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) checked[name] = checks[name]?.(value, `${prefix}${name}`) ?? value;
  }
  assertNothingInherited(options, checks, of);
  return checked as Partial<Options>;
}

/** Defaults in a prototype, or accessors in a class, would otherwise be ignored silently. */
function assertNothingInherited(options: object, checks: Readonly<Record<string, Check>>, of: string): void {
  let holder: object | null = Object.getPrototypeOf(options);
  for (; holder !== null; holder = Object.getPrototypeOf(holder)) {
    if (Object.getPrototypeOf(holder) === null) return; // Object.prototype, of whatever realm
    const inherited = Object.getOwnPropertyNames(holder).find((name) => Object.hasOwn(checks, name));
    if (inherited === undefined) continue;
    throw new TypeError(
      `the option ${inherited} of ${of} is inherited, and options must be own properties: pass a plain object`,
    );
  }
}

function wayOut(name: string, checks: Readonly<Record<string, Check>>): string {
  const known = nameHere(name, (ours) => Object.hasOwn(checks, ours));
  if (known !== undefined) return known;
  // A name of loky's that is taken beside our own is not one to learn.
  const names = Object.keys(checks).filter((each) => !each.includes('_'));
  const meant = names.find((each) => isSlipOf(each, name));
  return `${meant === undefined ? '' : `did you mean ${meant}? `}expected one of ${names.join(', ')}`;
}

/** Whether `written` is `name` but for its case and one letter that is missing, added or wrong, or two that are swapped. */
function isSlipOf(name: string, written: string): boolean {
  const [a, b] = [name.toLowerCase(), written.toLowerCase()];
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const rest = (text: string, skipped: number): string => text.slice(start + skipped);
  const isSwapped = a[start] === b[start + 1] && a[start + 1] === b[start] && rest(a, 2) === rest(b, 2);
  return (
    isSwapped ||
    a === b ||
    rest(a, 1) === rest(b, 1) ||
    rest(a, 1) === rest(b, 0) ||
    rest(a, 0) === rest(b, 1)
  );
}

export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : describeObject(value);
  return typeof value === 'undefined' ? 'undefined' : `${String(value)} (${typeof value})`;
}

function describeObject(value: object): string {
  const kind = kindOf(value);
  if (kind === 'Object') return 'an object';
  return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

export function number({ min, integer, unit }: { min: number; integer?: boolean; unit?: string }): Check {
  const expected = `${integer ? 'a whole number' : 'a number'}${unit === undefined ? '' : ` of ${unit}`}`;
  return (value, name) => {
    if (typeof value !== 'number') throw new TypeError(`${name} must be ${expected}, got ${describe(value)}`);
    if (!(value >= min) || (integer && value !== Number.POSITIVE_INFINITY && !Number.isInteger(value))) {
      throw new RangeError(`${name} must be ${expected}, ${min} or more, got ${value}`);
    }
  };
}

export const count = (min: number): Check => number({ min, integer: true });

/** For what is really made so many times: without end it would never end. */
export const finiteCount = (min: number): Check => {
  const check = count(min);
  return (value, name) => {
    check(value, name);
    if (value !== Number.POSITIVE_INFINITY) return;
    throw new RangeError(`${name} must be a whole number, ${min} or more, got Infinity`);
  };
};

export const milliseconds: Check = number({ min: 0, unit: 'milliseconds' });

/** How long something may take. 0, which others take for no limit, would end everything at once. */
export const timeLimit: Check = (value, name) => {
  const expected = `${name} must be a number of milliseconds above 0`;
  if (typeof value !== 'number') throw new TypeError(`${expected}, got ${describe(value)}`);
  if (!(value > 0)) throw new RangeError(`${expected}, got ${value}: for no limit leave it undefined`);
};

export const bytes: Check = number({ min: 1, unit: 'bytes' });

/** A part of a whole. */
export const share: Check = (value, name) => {
  number({ min: 0 })(value, name);
  if ((value as number) > 1) throw new RangeError(`${name} must be a number from 0 to 1, got ${value}`);
};

/** @param what The value must be. */
const mustBe =
  (what: string, isOne: (value: unknown) => boolean): Check =>
  (value, name) => {
    if (!isOne(value)) throw new TypeError(`${name} must be ${what}, got ${describe(value)}`);
  };

export const boolean = mustBe('true or false', (value) => typeof value === 'boolean');
export const string = mustBe('a string', (value) => typeof value === 'string');
export const callable = mustBe('a function', (value) => typeof value === 'function');
export const object = mustBe('an object', (value) => typeof value === 'object' && value !== null);
export const array = mustBe('an array', Array.isArray);
export const abortSignal = mustBe('an AbortSignal', (value) => value instanceof AbortSignal);

export const filled: Check = (value, name) => {
  string(value, name);
  if (value === '') throw new RangeError(`${name} must not be empty`);
};

const arrayOf =
  (check: Check): Check =>
  (value, name) => {
    array(value, name);
    for (const [index, each] of (value as unknown[]).entries()) check(each, `${name}[${index}]`);
  };

export const strings = arrayOf(string);
export const functions = arrayOf(callable);

/** Specifiers. */
export const modules = arrayOf(
  mustBe(
    'the name, path or URL of a module',
    (value) => value instanceof URL || (typeof value === 'string' && value !== ''),
  ),
);

/** The path or `file:` URL of a folder that is there. */
export const folder: Check = (value, name) => {
  if (typeof value !== 'string' && !(value instanceof URL)) {
    throw new TypeError(`${name} must be the path or URL of a folder, got ${describe(value)}`);
  }
  if (value instanceof URL && value.protocol !== 'file:') {
    throw new TypeError(`${name} must be the path or file: URL of a folder, got ${value.href}`);
  }
  const path = resolve(value instanceof URL ? fileURLToPath(value) : value);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new RangeError(`${name} must be a folder that is there, got ${path}`);
  }
  return path;
};

export function oneOf(...values: readonly (string | boolean)[]): Check {
  return (value, name) => {
    if (values.includes(value as string)) return;
    throw new TypeError(
      `${name} must be one of ${values.map((each) => JSON.stringify(each)).join(', ')}, got ${describe(value)}`,
    );
  };
}

/** A word, or what else is checked. */
export function either(word: string, check: Check): Check {
  return (value, name) => {
    if (value === word) return undefined;
    if (typeof value === 'string')
      throw new TypeError(`${name} must be ${JSON.stringify(word)} or a number, got ${describe(value)}`);
    return check(value, name);
  };
}

export function nullable(check: Check): Check {
  return (value, name) => {
    if (value !== null) check(value, name);
  };
}

/** @param required What must not be left out. */
export function nested(checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (value, name) => {
    object(value, name);
    const checked = checkOptions(value as Record<string, unknown>, checks, name, `${name}.`);
    for (const key of required) {
      if (checked[key] === undefined) {
        throw new TypeError(`${name} must have ${required.join(' and ')}, but ${key} is missing`);
      }
    }
    return checked;
  };
}

/** An object of strings, as `process.env` is. A promise or a `Map` has none, and would silently change nothing. */
export const environment: Check = (value, name) => {
  if (!isPlain(value)) throw new TypeError(`${name} must be an object of strings, got ${describe(value)}`);
  for (const [key, each] of Object.entries(value)) if (each !== undefined) string(each, `${name}.${key}`);
};

export const environmentOrFunction: Check = (value, name) => {
  if (typeof value === 'function') return;
  if (!isPlain(value)) {
    throw new TypeError(`${name} must be an object or a function of the rank, got ${describe(value)}`);
  }
  environment(value, name);
};

const isPlain = (value: unknown): value is object => kindOf(value) === 'Object';
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export const anything: Check = () => {};
