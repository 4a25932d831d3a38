/** What a property is beside its value: read-only, hidden, fixed, an accessor, missing. It arrives so, or is refused. */
import { describe, expect, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';

const identity = (value: unknown): unknown => value;
const sender = createSender();
const receiver = await createReceiver(sender.settings());
const defined = new Set<number>();

async function sent<T>(value: T): Promise<T> {
  const call = sender.prepareCall(identity, [value]);
  for (const { id, payload } of call.definitions) {
    if (!defined.has(id)) receiver.define(id, payload);
    defined.add(id);
  }
  return (await receiver.decodeCall(call.encode())).args[0] as T;
}

const returned = <T>(value: T): T => sender.decodeValue(receiver.encodeValue(value)) as T;

/** Its keys in their order, with their attributes; of values those that are primitives. */
function attributes(owner: object): unknown[] {
  const list = Reflect.ownKeys(owner).map((key) => {
    const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
    const given: unknown = value ?? get ?? set;
    return [key, flags, Object(given) === given ? typeof given : given];
  });
  return [Object.isExtensible(owner), ...list];
}

const readOnly = <T extends object>(owner: T, key: string, more: PropertyDescriptor = {}): T =>
  Object.defineProperty(owner, key, { writable: false, ...more });

const numbers = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('an array whose length is read-only', () => {
  const arrays: Record<string, unknown[]> = {
    short: [1, 'a', {}],
    empty: [],
    'of numbers': numbers(300),
    'of texts': numbers(300).map(String),
    // biome-ignore lint/suspicious/noSparseArray: holes are what it is about
    'with holes': [1, , new Date(0)],
    'with a property': Object.assign([1, 2], { more: 3 }),
    sealed: Object.seal([1, 2]),
    frozen: Object.freeze([1, 2]) as never,
    'closed to more': Object.preventExtensions([1, 2]),
  };

  test.each(Object.keys(arrays))('%s', async (name) => {
    const array = readOnly(arrays[name] as unknown[], 'length');
    for (const there of [await sent(array), (await sent([array, identity]))[0] as unknown[], returned(array)])
      expect(attributes(there)).toEqual(attributes(array));
    const [, beside] = await sent([Array.from({ length: 500 }, () => ({ some: 'data' })), array, identity]);
    expect(attributes(beside as object)).toEqual(attributes(array));
  });

  test('can be an instance of a class, and hold a function', async () => {
    class List extends Array {}
    const list = readOnly((List as ArrayConstructor).of<unknown>(1, identity), 'length');
    expect(attributes(await sent(list))).toEqual(attributes(list));
  });
});

test('a RegExp whose position is read-only', async () => {
  const pattern = readOnly(/a/g, 'lastIndex');
  for (const there of [await sent(pattern), returned(pattern)])
    expect(attributes(there)).toEqual(attributes(pattern));
});

describe('a function has the length and the name that were defined', () => {
  const kinds: Record<string, () => object> = {
    arrow: () => (_: unknown) => 1,
    function: () => function named(_: unknown) {},
    generator: () => function* named(_: unknown) {},
    method: () => ({ named(_: unknown) {} }).named,
    class: () =>
      class Named {
        readonly #none = 1;
        named(): number {
          return this.#none;
        }
        static other(): void {}
      },
    'class with a static name': () =>
      class Named {
        readonly own = 1;
        static name(): void {}
      } as unknown as object,
  };
  const changes: Record<string, (fn: object, key: 'name' | 'length') => unknown> = {
    'as it is': () => undefined,
    another: (fn, key) => readOnly(fn, key, { value: key === 'name' ? 'other' : 7, enumerable: false }),
    'that JSON does not know': (fn, key) =>
      readOnly(fn, key, { value: key === 'name' ? '\ud800' : Number.NaN }),
    endless: (fn, key) => readOnly(fn, key, { value: key === 'name' ? '' : Number.POSITIVE_INFINITY }),
    'minus zero': (fn, key) => readOnly(fn, key, { value: key === 'name' ? '-0' : -0 }),
    'of another type': (fn, key) => readOnly(fn, key, { value: key === 'name' ? 7 : 'other' }),
    writable: (fn, key) => Object.defineProperty(fn, key, { writable: true }),
    enumerable: (fn, key) => Object.defineProperty(fn, key, { enumerable: true }),
    fixed: (fn, key) => readOnly(fn, key, { configurable: false }),
    'an accessor': (fn, key) => Object.defineProperty(fn, key, { get: () => 9 }),
    deleted: (fn, key) => Reflect.deleteProperty(fn, key),
    frozen: (fn) => Object.freeze(fn),
    sealed: (fn) => Object.seal(fn),
    'closed to more': (fn) => Object.preventExtensions(fn),
  };
  const cases = Object.keys(kinds).flatMap((kind) => Object.keys(changes).map((change) => [kind, change]));

  test.each(cases)('%s: %s', async (kind, change) => {
    for (const key of ['name', 'length'] as const) {
      const fn = kinds[kind as string]?.() as object;
      changes[change as string]?.(fn, key);
      expect(attributes(await sent(fn))).toEqual(attributes(fn));
      // Another function with this text is another one.
      const plain = kinds[kind as string]?.() as object;
      expect(attributes(await sent(plain))).toEqual(attributes(plain));
    }
  });

  test('also if it is the task', async () => {
    const make = () => (_: unknown) => 1;
    for (const value of [1, 5]) {
      const call = sender.prepareCall(readOnly(make(), 'length', { value }), []);
      for (const { id, payload } of call.definitions) receiver.define(id, payload);
      expect((await receiver.decodeCall(call.encode())).fn).toHaveLength(value);
    }
  });
});

describe('a captured function that is changed after it was sent several times', () => {
  const read = (fn: object): string => JSON.stringify(attributes(fn));
  const changes: Record<string, (fn: { prototype: object }) => unknown> = {
    'its length': (fn) => readOnly(fn, 'length', { value: 7 }),
    'an attribute of its length': (fn) => Object.defineProperty(fn, 'length', { enumerable: true }),
    'an attribute of its name': (fn) => Object.defineProperty(fn, 'name', { writable: true }),
    'an attribute of its prototype object': (fn) => readOnly(fn, 'prototype'),
    closed: (fn) => Object.preventExtensions(fn),
    frozen: (fn) => Object.freeze(fn),
    'its prototype object closed': (fn) => Object.preventExtensions(fn.prototype),
    'its prototype object frozen': (fn) => Object.freeze(fn.prototype),
    'another constructor': (fn) => Object.assign(fn.prototype, { constructor: 1 }),
    'an attribute of its constructor': ({ prototype }) => readOnly(prototype, 'constructor'),
  };

  test.each(Object.keys(changes))('%s', async (change) => {
    function changing(_: unknown): void {}
    const task = (): unknown[] => [changing, changing.prototype];
    const answer = async (): Promise<unknown> => {
      const call = sender.prepareCall(task, []);
      for (const { id, payload } of call.definitions) {
        if (!defined.has(id)) receiver.define(id, payload);
        defined.add(id);
      }
      const { fn } = await receiver.decodeCall(call.encode());
      return (fn() as object[]).map(read);
    };
    for (let n = 0; n < 3; n++) expect(await answer()).toEqual(task().map((value) => read(value as object)));
    changes[change]?.(changing as never);
    for (let n = 0; n < 3; n++) expect(await answer()).toEqual(task().map((value) => read(value as object)));
  });
});

describe('prototype objects of functions', () => {
  type Made = { prototype: object };
  // A text of its own for each: a class that comes again is the same class.
  const made: Record<string, () => Made> = {
    'assigned with the class first': () => {
      function F(): void {}
      F.prototype = { constructor: F, b: 1, a: 2 };
      return F as never;
    },
    'assigned with the class last': () => {
      function F(): void {}
      F.prototype = { b: 1, a: 2, 3: 4, constructor: F };
      return F as never;
    },
    'assigned without the class': () => {
      function F(): void {}
      F.prototype = { b: 1, a: 2 };
      return F as never;
    },
    'assigned and frozen': () => {
      function F(): void {}
      F.prototype = Object.freeze({ b: 1, constructor: F });
      return F as never;
    },
    'with a hidden class put last': () => {
      function F(): void {}
      F.prototype = Object.defineProperty({ b: 1 }, 'constructor', { value: F, writable: true });
      return F as never;
    },
    'read-only': () => readOnly(function F() {}, 'prototype') as never,
    'of a frozen function': () => Object.freeze(function F() {}) as never,
    'of a class, frozen': () => {
      class F {
        a(): void {}
        get b(): number {
          return 1;
        }
      }
      Object.freeze(F.prototype);
      return F;
    },
    'of a class, with its class enumerable': () => {
      class F {
        a(): void {}
      }
      Object.defineProperty(F.prototype, 'constructor', { enumerable: true });
      return F;
    },
    'of a class, without its class': () => {
      class F {
        a(): void {}
      }
      Reflect.deleteProperty(F.prototype, 'constructor');
      return F;
    },
    'of a class, with a read-only method': () => {
      class F {
        a(): void {}
        b(): void {}
      }
      readOnly(F.prototype, 'a');
      return F;
    },
    'of a generator': () => function* generate() {} as never,
  };

  test.each(Object.keys(made))('%s', async (name) => {
    const fn = made[name]?.() as Made;
    for (let time = 0; time < 2; time++) {
      const there = await sent(fn);
      expect(attributes(there)).toEqual(attributes(fn));
      expect(attributes(there.prototype)).toEqual(attributes(fn.prototype));
    }
  });
});

describe('a Proxy that was revoked is refused with the path to it', () => {
  function revoked(target: object): object {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  }
  class Holder {
    readonly held = revoked({});
  }
  const values: [path: string, value: unknown][] = [
    ['.map.get("k")', { map: new Map([['k', revoked({})]]) }],
    ['.held', new Holder()],
    ['.fn[0]', { fn: [revoked(identity)] }],
    ['.inherits', { inherits: Object.create(revoked({})) as object }],
    ['.a', { a: [revoked([])] }],
    ['.property', Object.assign(() => 1, { property: revoked({}) })],
  ];

  test.each(values)('%s', (path, value) => {
    const error = captureError(() => sender.prepareCall(identity, [{ deep: [value] }]));
    expect(error).toBeInstanceOf(SerializationError);
    // Where a list of data holds it, the list may be what cannot be looked into.
    expect((error as SerializationError).path).toMatch(/^argument 0\.deep/);
    if (path !== '.inherits') expect((error as SerializationError).path).toBe(`argument 0.deep[0]${path}`);
    expect(String(error)).toMatch(/ cannot be looked into: .*revoked| is a Proxy/);
  });

  test('in a result', () => {
    const error = captureError(() => receiver.encodeValue({ a: [revoked({})] })) as SerializationError;
    expect(error.path).toBe('result.a[0]');
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  function captureError(run: () => unknown): unknown {
    try {
      run();
    } catch (error) {
      return error;
    }
    return undefined;
  }
});
