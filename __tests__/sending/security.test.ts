/** A worker that sends forged answers can neither run code here, nor pollute a prototype, nor take this process down. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { ERROR_GRAPH, VALUE_CLONE, VALUE_GRAPH } from '../../lib/sending/common/format.ts';
import type { Payload } from '../../lib/sending/common/payload.ts';
import { numberOf } from '../../lib/sending/host/known.ts';
import { createReceiver, type Receiver } from '../../lib/sending/receiver.ts';
import { createSender, type Sender } from '../../lib/sending/sender.ts';

interface Forged {
  readonly heads: readonly unknown[];
  readonly flat: readonly unknown[];
  readonly tag?: number;
}

/** A graph message as a worker could write it by hand. */
function forge({ heads, flat, tag = VALUE_GRAPH }: Forged): Payload {
  const first = Buffer.from(JSON.stringify(heads));
  const second = Buffer.from(JSON.stringify(flat));
  const sizes = Buffer.alloc(9);
  sizes[0] = tag;
  sizes.writeUInt32LE(first.length, 1);
  sizes.writeUInt32LE(second.length, 5);
  return { body: Buffer.concat([sizes, first, second]), views: [] };
}

/** One object as the root, with these properties and children. */
const object = (props: readonly unknown[], heads: readonly unknown[] = [], tag = VALUE_GRAPH): Payload =>
  forge({
    tag,
    heads: [['object', { base: 'object', prototype: 'default', props }], ...heads],
    flat: [
      [1, 3],
      ['$', 2],
      0,
      ['Set', 4, ...heads.map((_, i) => 6 + 3 * i)],
      heads.map((_, i) => 5 + 3 * i),
      ...heads.flatMap((_, i) => [['$', 7 + 3 * i], [], i + 1]),
    ],
  });

/** A repeatable source of chance: the seed is part of a failure's message. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

let sender: Sender;
let receiver: Receiver;
const globalsBefore = Object.getOwnPropertyNames(Object.prototype).join();

beforeAll(async () => {
  sender = createSender();
  receiver = await createReceiver(sender.settings());
});

const refusedWith = (payload: Payload, message: RegExp): void => {
  expect(() => sender.decodeValue(payload)).toThrow(message);
  expect(() => sender.decodeValue(payload)).toThrow(SerializationError);
};

describe('a forged answer', () => {
  test('the forging of these tests works', () => {
    expect(sender.decodeValue(object(['a'], [['symbol', 'registered', 'x']]))).toEqual({
      a: Symbol.for('x'),
    });
  });

  test('cannot bring code', () => {
    const head = [
      'function',
      { code: 1, id: 1, name: 'evil', props: [], prototypeProps: [], prototype: 'default' },
    ];
    refusedWith(object(['f'], [head]), /evaluates no code/);
  });

  test('cannot have something called to be built', () => {
    refusedWith(object(['f'], [['bound']]), /made by a call/);
    refusedWith(object(['f'], [['rebuilt', 'x', null]]), /made by a call/);
    refusedWith(object(['f'], [['hook']]), /rebuild itself/);
    refusedWith(object(['f'], [['named', 'x', null]]), /does not have/);
  });

  test('cannot name what this process did not send', () => {
    refusedWith(
      object(['f'], [['import', { type: 'esm', specifier: 'file:///x.mjs', from: null }, ['y'], null]]),
      /not loaded/,
    );
    refusedWith(
      object(['f'], [['import', { type: 'cjs', specifier: '__proto__', from: null }, ['constructor'], null]]),
      /not loaded/,
    );
    refusedWith(object(['f'], [['known', 999_999]]), /no longer has/);
    refusedWith(object(['f'], [['require', '/x']]), /does not accept/);
    refusedWith(object(['f'], [['meta', 'file:///x']]), /does not accept/);
    refusedWith(object(['f'], [['own', '__proto__']]), /does not accept/);
  });

  test('cannot get hold of the process, of eval, or of modules of Node', () => {
    for (const path of [
      ['process'],
      ['process', 'exit'],
      ['eval'],
      ['Function'],
      ['globalThis'],
      ['Reflect', 'apply'],
    ]) {
      refusedWith(object(['f'], [['global', path]]), /does not accept/);
    }
    refusedWith(object(['f'], [['builtin', 'child_process', ['execSync']]]), /does not accept/);
  });

  test('cannot put functions where the language calls them', () => {
    for (const name of ['then', 'toJSON', 'toString', 'valueOf']) {
      refusedWith(object([name], [['global', ['setTimeout']]]), /calls by itself/);
    }
    refusedWith(object([['now', 8 | 1]], [['global', ['setTimeout']]]), /accessor/);
  });

  test('cannot pollute a prototype', () => {
    const polluting = ['__proto__', 'constructor', 'prototype'].map((name) =>
      object([name], [['symbol', 'registered', 'p']]),
    );
    for (const payload of polluting) sender.decodeValue(payload);
    const text = '[[1,3],{"__proto__":2,"constructor":2},{"polluted":4,"prototype":2},["Set"],1]';
    sender.decodeValue(forge({ heads: [], flat: JSON.parse(text) as unknown[] }));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(globalsBefore);
  });

  test('an unknown class of an error is replaced, of a value refused', () => {
    const heads = [
      ['object', { base: 'error', prototype: 'child', props: [] }],
      ['prototype', 'Strange'],
      ['known', 999_999],
    ];
    const flat = [[1, 3], ['$', 2], 0, ['Set', 4, 6, 8], [5], ['$', 9], [7, -1], ['$', 10], [], 1, 2];
    refusedWith(forge({ heads, flat }), /no longer has/);
    expect(sender.decodeValue(forge({ heads, flat, tag: ERROR_GRAPH }))).toMatchObject({ name: 'Strange' });
  });

  /** An object of that prototype, in a list. */
  const instance = (prototype: readonly unknown[], base = 'object'): Payload =>
    forge({
      heads: [
        ['object', { base, data: base === 'array' ? 0 : undefined, prototype: 'child', props: [] }],
        prototype,
      ],
      flat: [[1, 4], [2], ['$', 3], 0, ['Set', 5, 6], [7], [], ['$', 8], 1],
    });

  test('cannot build what an await would call', () => {
    class Query {
      // biome-ignore lint/suspicious/noThenProperty: it is what this test is about
      then(): never {
        throw new Error('called');
      }
    }
    class Lazy {
      // biome-ignore lint/suspicious/noThenProperty: it is what this test is about
      get then(): never {
        throw new Error('called');
      }
    }
    class Heir extends Query {}
    for (const cls of [Query, Heir, Lazy]) {
      const heads = [
        ['object', { base: 'object', prototype: 'child', props: [] }],
        ['prototype', 'Q'],
        ['known', numberOf(cls)],
      ];
      const flat = [[1, 3], ['$', 2], 0, ['Set', 4, 6, 8], [5], ['$', 9], [7, -1], ['$', 10], [], 1, 2];
      refusedWith(forge({ heads, flat }), /a method `then`/);
      const fn = Object.defineProperty(() => 1, 'then', { value: cls });
      refusedWith(object(['q'], [['known', numberOf(fn)]]), /a method `then`/);
    }
    refusedWith(instance(['global', ['Promise', 'prototype']]), /a method `then`/);
    expect(sender.decodeValue(instance(['global', ['Map', 'prototype']]))).toHaveLength(1);
  });

  test('cannot put functions where a pattern or a resource calls them', () => {
    const pattern = ['object', { base: 'regexp', data: ['a', ''], prototype: 'default', props: ['exec'] }];
    const flat = [[1, 3], ['$', 2], 0, ['Set', 4, 6], [5], ['$', 7], [], 1];
    refusedWith(forge({ heads: [pattern, ['global', ['setTimeout']]], flat }), /calls by itself/);
    const { dispose, asyncDispose } = Symbol as { dispose?: symbol; asyncDispose?: symbol };
    for (const [name, symbol] of Object.entries({ dispose, asyncDispose })) {
      if (symbol === undefined) continue;
      const owner = ['object', { base: 'object', prototype: 'default', props: [[null, 7]] }];
      const heads = [owner, ['symbol', 'well-known', name], ['global', ['setTimeout']]];
      const disposable = [[1, 3], ['$', 2], 0, ['Set', 4, 7, 7], [5, 6], ['$', 8], ['$', 9], [], 1, 2];
      refusedWith(forge({ heads, flat: disposable }), /calls by itself/);
    }
  });

  test('cannot have objects of this process as values', () => {
    const root = (head: readonly unknown[]): Payload =>
      forge({ heads: [head], flat: [[1, 3], ['$', 2], 0, ['Set', 4], []] });
    for (const path of [
      ['Object', 'prototype'],
      ['console'],
      ['Math'],
      ['Intl'],
      ['%TypedArray', 'prototype'],
    ]) {
      refusedWith(root(['global', path]), /an object of this process/);
      refusedWith(object(['x'], [['global', path]]), /an object of this process/);
    }
    refusedWith(root(['global', ['Array']]), /by itself/);
    for (const hidden of ['%AsyncFunction', '%Generator', '%AsyncGenerator'])
      refusedWith(instance(['global', [hidden]]), /does not accept/);
  });

  test('is refused when it leads nowhere or to itself', () => {
    const broken: unknown[][] = [
      [],
      [[0, 0]],
      [[1, 2], ['$', 1], ['Set']],
      [[9, 1], ['Set']],
      [[1, 2], ['$', 0], ['Set']],
      [[1, 2], ['-7'], ['Set']],
      [[1, 2], [-7, -5], ['Set']],
      [[1, 2], [-7, 1, 5, 1], ['Set']],
      [[1, 2], ['Evil', 1], ['Set']],
      [[-2, 1], ['Set']],
    ];
    for (const flat of broken) refusedWith(forge({ heads: [], flat }), /./);
    refusedWith(
      forge({ heads: [['prototype', 'x']], flat: [[1, 3], ['$', 2], 0, ['Set', 4], [1]] }),
      /itself/,
    );
  });

  test('a very deep one is refused, and costs no memory for what it only claims', () => {
    const levels = 200_000;
    const flat: unknown[] = [[2, 1], ['Set']];
    for (let i = 2; i < levels; i++) flat.push([i + 1]);
    flat.push([]);
    refusedWith(forge({ heads: [], flat }), /./);
    const huge = sender.decodeValue(
      forge({ heads: [], flat: [[1, 2], [-7, 2 ** 32 - 1], ['Set']] }),
    ) as unknown[];
    expect(huge.length).toBe(2 ** 32 - 1);
  });
});

describe('rubbish', () => {
  const samples = (): Payload[] => [
    receiver.encodeValue(5),
    receiver.encodeValue('text'),
    receiver.encodeValue({ a: [1, 'b', { c: null }] }),
    receiver.encodeValue({
      when: new Date(0),
      map: new Map([[1, new Set([2])]]),
      bytes: new Uint8Array([1, 2, 3]),
    }),
    receiver.encodeValue({
      s: Symbol.for('x'),
      e: new TypeError('m'),
      r: /x/g,
      u: new URL('http://a/'),
      b: Buffer.from('abc'),
    }),
    receiver.encodeError(new Error('m', { cause: new RangeError('n') })),
    receiver.encodeValue(Buffer.alloc(70_000)),
  ];

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'changed bytes give a value or a SerializationError, never more (seed %i)',
    (seed) => {
      const chance = random(seed);
      for (const { body, views } of samples()) {
        for (let round = 0; round < 300; round++) {
          const changed = Buffer.from(body);
          for (let changes = 1 + Math.floor(chance() * 4); changes > 0; changes--) {
            changed[Math.floor(chance() * changed.length)] = Math.floor(chance() * 256);
          }
          const cut = chance() < 0.2 ? changed.subarray(0, Math.floor(chance() * changed.length)) : changed;
          try {
            sender.decodeValue({ body: cut, views });
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_SERIALIZATION' });
          }
        }
      }
      expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(globalsBefore);
    },
  );

  test('random bytes behind every tag', () => {
    const chance = random(99);
    for (let round = 0; round < 4000; round++) {
      const body = Buffer.from(
        Array.from({ length: Math.floor(chance() * 40) }, () => Math.floor(chance() * 256)),
      );
      if (body.length > 0) body[0] = Math.floor(chance() * 12);
      try {
        sender.decodeValue({ body, views: [] });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_SERIALIZATION' });
      }
    }
  });

  test('an empty answer', () => {
    refusedWith({ body: Buffer.alloc(0), views: [] }, /unknown kind/);
    refusedWith({ body: Buffer.from([VALUE_CLONE]), views: [] }, /./);
  });
});
