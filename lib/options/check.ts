/**
 * Checks of options at run time: an unknown key, a wrong type or an out-of-range value throws at once, and the
 * message says what was expected and what came.
 */

export type Check = (value: unknown, name: string) => void;

/** Names that users of Python's loky would write, and the name to use here. */
const pythonNames: Readonly<Record<string, string>> = {
  max_workers: 'maxWorkers',
  timeout: 'idleTimeout',
  kill_workers: 'killWorkers',
  job_reducers: 'jobReducers',
  result_reducers: 'resultReducers',
  initargs: 'initArgs',
  chunksize: 'chunkSize',
  buffersize: 'bufferSize',
  cancel_futures: 'cancelFutures',
  return_when: 'returnWhen',
  only_physical_cores: 'onlyPhysicalCores',
  max_tasks_per_child: 'maxTasksPerWorker',
  mp_context: 'context',
};

/**
 * @returns The values that were checked: each is read once, wherever the object has it from.
 * @throws TypeError for an unknown key or a wrong type.
 * @throws RangeError for a value out of range.
 */
export function checkOptions<Options extends object>(
  options: Options | undefined,
  checks: Readonly<Record<string, Check>>,
  of: string,
  prefix = '',
): Partial<Options> {
  const checked: Record<string, unknown> = Object.create(null);
  if (options === undefined) return checked as Partial<Options>;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`the options of ${of} must be an object, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(checks, name))
      throw new TypeError(`unknown option ${name} of ${of}: ${wayOut(name, checks)}`);
  }
  for (const [name, check] of Object.entries(checks)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    check(value, `${prefix}${name}`);
    checked[name] = value;
  }
  return checked as Partial<Options>;
}

function wayOut(name: string, checks: Readonly<Record<string, Check>>): string {
  const here = pythonNames[name] ?? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  // A name of loky's that is taken beside our own is not one to learn.
  const names = Object.keys(checks).filter((each) => !Object.hasOwn(checks, pythonNames[each] ?? ''));
  if (here !== name && names.includes(here)) {
    return `it is called ${here} here${here === 'idleTimeout' ? '; the limit of a task is taskTimeout' : ''}`;
  }
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
  const kind = Object.prototype.toString.call(value).slice(8, -1);
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
export const bytes: Check = number({ min: 1, unit: 'bytes' });

/** A part of a whole. */
export const share: Check = (value, name) => {
  number({ min: 0 })(value, name);
  if ((value as number) > 1) throw new RangeError(`${name} must be a number from 0 to 1, got ${value}`);
};

export const boolean: Check = (value, name) => {
  if (typeof value !== 'boolean')
    throw new TypeError(`${name} must be true or false, got ${describe(value)}`);
};

export const string: Check = (value, name) => {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, got ${describe(value)}`);
};

export const callable: Check = (value, name) => {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, got ${describe(value)}`);
};

export const object: Check = (value, name) => {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`${name} must be an object, got ${describe(value)}`);
};

export const array: Check = (value, name) => {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be an array, got ${describe(value)}`);
};

export const strings: Check = (value, name) => {
  array(value, name);
  for (const [index, each] of (value as unknown[]).entries()) string(each, `${name}[${index}]`);
};

export function oneOf(...values: readonly (string | boolean)[]): Check {
  return (value, name) => {
    if (values.includes(value as string)) return;
    throw new TypeError(
      `${name} must be one of ${values.map((each) => JSON.stringify(each)).join(', ')}, got ${describe(value)}`,
    );
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
    checkOptions(value as object, checks, name, `${name}.`);
    for (const key of required) {
      if ((value as Record<string, unknown>)[key] === undefined) {
        throw new TypeError(`${name} must have ${required.join(' and ')}, but ${key} is missing`);
      }
    }
  };
}

/** An object of strings, as `process.env` is, or a function that makes one. */
export const environment: Check = (value, name) => {
  if (typeof value === 'function') return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${name} must be an object or a function of the rank, got ${describe(value)}`);
  }
  for (const [key, each] of Object.entries(value)) if (each !== undefined) string(each, `${name}.${key}`);
};

export const abortSignal: Check = (value, name) => {
  if (!(value instanceof AbortSignal))
    throw new TypeError(`${name} must be an AbortSignal, got ${describe(value)}`);
};

export const anything: Check = () => {};
