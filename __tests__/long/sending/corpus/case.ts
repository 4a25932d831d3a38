/** One promise about sending, checked through a real other process. Knows no test runner: any program can run it. */
import { inspect } from 'node:util';

export type Submit = <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => PromiseLike<Awaited<R>>;

export interface Case {
  readonly name: string;
  run(submit: Submit): Promise<void>;
}

/** The task gives this result. */
export function gives<A extends unknown[], R>(
  name: string,
  expected: NoInfer<Awaited<R>>,
  fn: (...args: A) => R,
  ...args: A
): Case {
  return {
    name,
    async run(submit) {
      const got = await submit(fn, ...args);
      if (!same(got, expected)) throw new Error(`expected ${inspect(expected)}, got ${inspect(got)}`);
    },
  };
}

/** The value comes back from a task as it was, and so says `check` in the task. */
export function survives<T>(name: string, value: T, check: (value: T) => boolean): Case {
  return {
    name,
    async run(submit) {
      if (!check(value)) throw new Error('the check does not even hold here');
      const there = await submit((v: T, holds: (value: T) => boolean) => holds(v), value, check);
      if (there !== true) throw new Error(`the check does not hold in the worker for ${inspect(value)}`);
      const back = await submit((v: T) => v, value);
      if (!check(back as T)) throw new Error(`the check does not hold for what came back: ${inspect(back)}`);
    },
  };
}

/** As `survives`, for what can be sent to a worker but not back. */
export function arrives<T>(name: string, value: T, check: (value: T) => boolean): Case {
  return {
    name,
    async run(submit) {
      if (!check(value)) throw new Error('the check does not even hold here');
      if ((await submit(check, value)) !== true)
        throw new Error(`the check fails in the worker for ${inspect(value)}`);
    },
  };
}

/** Minifiers give variables and private fields other names. */
const keptName = {};
const minified = !String(() => keptName).includes('keptName');

const anyNames = (message: RegExp): RegExp =>
  new RegExp(
    message.source
      .replace(/`(?!this|new|arg|eval|super)\w+`/g, '`[\\w$]+`')
      .replace(/#\w+/g, '#\\w+')
      .replace(/ a \w*Private\w*/g, ' a \\S+'),
  );

/** Refused before anything is sent, with this message. `make` gives the arguments of `submit`. */
export function refuses(
  name: string,
  message: RegExp,
  make: () => [(...args: never[]) => unknown, ...unknown[]],
): Case {
  return {
    name,
    async run(submit) {
      let failure: unknown;
      try {
        await (submit as (...args: unknown[]) => PromiseLike<unknown>)(...make());
      } catch (error) {
        failure = error;
      }
      const { code, message: text } = (failure ?? {}) as { code?: unknown; message?: unknown };
      if (code !== 'ERR_SERIALIZATION')
        throw new Error(`expected a SerializationError, got ${inspect(failure)}`);
      if (!(minified ? anyNames(message) : message).test(String(text)))
        throw new Error(`expected ${message}, got ${String(text)}`);
    },
  };
}

/** Fails in the task, with an error of which this holds. */
export function fails(name: string, check: (error: never) => boolean, fn: () => unknown): Case {
  return {
    name,
    async run(submit) {
      let failed = false;
      let failure: unknown;
      try {
        await submit(fn);
      } catch (error) {
        failed = true;
        failure = error;
      }
      if (!failed) throw new Error('expected the task to fail');
      if (!check(failure as never)) throw new Error(`unexpected error ${inspect(failure)}`);
    },
  };
}

/** Deep equality that takes no notice of realms: test runners have one of their own. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const tag = Object.prototype.toString.call(a);
  if (tag !== Object.prototype.toString.call(b)) return false;
  if (tag === '[object Date]' || tag === '[object RegExp]') return String(a) === String(b);
  if (tag === '[object Map]' || tag === '[object Set]')
    return same([...(a as Set<unknown>)], [...(b as Set<unknown>)]);
  const keys = Reflect.ownKeys(a);
  return (
    keys.length === Reflect.ownKeys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(at(a, key), at(b, key)))
  );
}

const at = (owner: object, key: string | symbol): unknown => (owner as Record<string | symbol, unknown>)[key];
