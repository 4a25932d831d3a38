/**
 * Arbitrary values go to a worker's end and back and are what they were, with the identity of what they share. A
 * failure names its seed: `LOKY_PROPERTY_SEED=<seed>` in the environment runs the same values again.
 */
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SerializationError } from '../../../lib/errors.ts';
import type { Payload } from '../../../lib/sending/common/payload.ts';
import { createReceiver } from '../../../lib/sending/receiver.ts';
import { createSender } from '../../../lib/sending/sender.ts';
import { differenceOf } from '../../sending/same-graph.ts';

const seed = Number(process.env['LOKY_PROPERTY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const runs = (numRuns: number): { seed: number; numRuns: number } => ({ seed, numRuns });

const identity = (value: unknown): unknown => value;
const sender = createSender();
const receiver = await createReceiver(sender.settings());
const told = new Set<number>();

/** The arguments as a worker has them. */
async function sent(...args: unknown[]): Promise<unknown[]> {
  const call = sender.prepareCall(identity, args);
  for (const { id, payload } of call.definitions) {
    if (!told.has(id)) receiver.define(id, payload);
    told.add(id);
  }
  return (await receiver.decodeCall(call.encode())).args;
}

/** There and back: what a task gets, and what the host gets when the task returns it. */
async function survives(value: unknown): Promise<void> {
  const [there] = await sent(value);
  expect(differenceOf(value, there)).toBeUndefined();
  expect(differenceOf(value, sender.decodeValue(receiver.encodeValue(there)))).toBeUndefined();
}

const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 1e21),
);
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'a', 'ü') }),
  fc.string({ minLength: 60, maxLength: 300 }),
);
const primitive = fc.oneof(
  number,
  text,
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }),
);
const key = fc.oneof(
  fc.string(),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', 'then', '0', '17', '-1', 'a', 'b'),
);

/** Entries instead of an object: `__proto__` is a key like others. */
const objectOf = (entries: readonly (readonly [string, unknown])[]): object => {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
};

const { plain } = fc.letrec<{ plain: unknown }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    primitive,
    fc.array(tie('plain')),
    fc.array(fc.tuple(key, tie('plain'))).map(objectOf),
  ),
}));

/** Rows of a few shapes, as data often is, in which shapes and texts come again. */
const table = fc
  .tuple(fc.array(fc.uniqueArray(key, { maxLength: 6 }), { minLength: 1, maxLength: 9 }), fc.nat(150))
  .chain(([shapes, rows]) =>
    fc.array(
      fc
        .constantFrom(...shapes)
        .chain((keys) =>
          fc
            .tuple(...keys.map(() => primitive))
            .map((values) => objectOf(keys.map((k, i) => [k, values[i]]))),
        ),
      { minLength: rows, maxLength: rows },
    ),
  );

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

type Part = { readonly to: number } | { readonly leaf: unknown };
const part: fc.Arbitrary<Part> = fc.oneof(
  { weight: 2, arbitrary: fc.nat(30).map((to) => ({ to })) },
  primitive.map((leaf) => ({ leaf })),
);
const KINDS = ['object', 'array', 'map', 'set', 'error', 'null', 'class'] as const;

class Node {
  readonly isNode = true;
}

/** Any directed graph: shared nodes, cycles, nodes that lead to themselves. */
const graph = (kinds: readonly (typeof KINDS)[number][]): fc.Arbitrary<unknown> =>
  fc
    .array(fc.tuple(fc.constantFrom(...kinds), fc.array(part, { maxLength: 5 })), {
      minLength: 1,
      maxLength: 20,
    })
    .map((specs) => {
      const nodes = specs.map(([kind]) => emptyOf(kind));
      const contentOf = (one: Part): unknown => ('leaf' in one ? one.leaf : nodes[one.to % nodes.length]);
      specs.forEach(([, parts], at) => {
        parts.forEach((one, i) => {
          put(nodes[at] as object, `k${i}`, contentOf(one));
        });
      });
      return nodes[0];
    });

function emptyOf(kind: (typeof KINDS)[number]): object {
  switch (kind) {
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'error':
      return Object.assign(new RangeError('of a graph'), { code: 'E_GRAPH' });
    case 'null':
      return Object.create(null) as object;
    case 'class':
      return new Node();
    default:
      return {};
  }
}

function put(owner: object, name: string, value: unknown): void {
  if (Array.isArray(owner)) owner.push(value);
  else if (owner instanceof Map) owner.set(value, name);
  else if (owner instanceof Set) owner.add(value);
  else (owner as Record<string, unknown>)[name] = value;
}

/** What must not get lost among ordinary things, however many there are. Each changes one object or one array. */
const oddities: Record<string, (record: Record<string, unknown>, list: unknown[]) => void> = {
  'an accessor': (record) => Object.defineProperty(record, 'id', { get: () => 5, enumerable: true }),
  'a hidden property': (record) => Object.defineProperty(record, 'hidden', { value: 1 }),
  'a symbol as a key': (record) => Object.assign(record, { [Symbol.for('loky.odd')]: 1 }),
  'a hole': (_, list) => Reflect.deleteProperty(list, 0),
  'one more property of an array': (_, list) => Object.assign(list, { extra: 1 }),
  'a hidden property of an array': (_, list) => Object.defineProperty(list, 'hidden', { value: 1 }),
  'a symbol as a key of an array': (_, list) => Object.assign(list, { [Symbol.for('loky.odd')]: 1 }),
  'one object in two places': (record, list) => Object.assign(record, { again: list }),
  'an instance of a class': (record) => Object.assign(record, { one: new Node() }),
  'no prototype': (record) => Object.setPrototypeOf(record, null),
  'minus zero': (record) => Object.assign(record, { id: -0 }),
  'a Date': (record) => Object.assign(record, { when: new Date(5) }),
  'a position in a RegExp': (record) =>
    Object.assign(record, { regexp: Object.assign(/x/g, { lastIndex: 2 }) }),
};

describe(`whatever is sent arrives as it was (seed ${seed})`, () => {
  const inheritedBefore = Reflect.ownKeys(Object.prototype).map(String).join();
  afterAll(() => expect(Reflect.ownKeys(Object.prototype).map(String).join()).toBe(inheritedBefore));

  test('plain data', async () => {
    await fc.assert(fc.asyncProperty(plain, survives), runs(400));
  });

  test('tables', async () => {
    await fc.assert(fc.asyncProperty(table, survives), runs(120));
  });

  test('lists of numbers', async () => {
    const lists = fc.oneof(
      fc.array(fc.integer(), { maxLength: 400, size: 'max' }),
      fc.array(number, { maxLength: 400, size: 'max' }),
      fc.array(fc.oneof({ weight: 40, arbitrary: number }, primitive), { maxLength: 400, size: 'max' }),
    );
    await fc.assert(fc.asyncProperty(lists, survives), runs(200));
  });

  test('dates, Maps, Sets, typed arrays, boxed values, sparse arrays, objects without a prototype', async () => {
    await fc.assert(fc.asyncProperty(anything, survives), runs(400));
  });

  test('cycles and shared objects of plain data', async () => {
    await fc.assert(fc.asyncProperty(graph(['object', 'array']), survives), runs(200));
  });

  test('cycles and shared objects through Maps and Sets', async () => {
    await fc.assert(fc.asyncProperty(graph(['object', 'array', 'map', 'set']), survives), runs(200));
  });

  test('cycles and shared objects through errors, instances and objects without a prototype', async () => {
    await fc.assert(fc.asyncProperty(graph(KINDS), survives), runs(200));
  });

  test('symbols, in one place or several', async () => {
    const symbols = fc
      .tuple(fc.array(fc.constantFrom('local', 'registered', 'iterator')), primitive)
      .map(([kinds, value]) => {
        const all = kinds.map((kind) =>
          kind === 'local' ? Symbol(kind) : kind === 'iterator' ? Symbol.iterator : Symbol.for(kind),
        );
        return [all, ...all.map((symbol) => ({ [symbol]: value }))];
      });
    await fc.assert(fc.asyncProperty(symbols, survives), runs(100));
  });

  test('objects that several arguments share', async () => {
    const shared = fc.tuple(graph(['object', 'array']), graph(KINDS), plain);
    await fc.assert(
      fc.asyncProperty(shared, fc.array(fc.nat(2), { maxLength: 5 }), async (values, order) => {
        const args = order.map((at) => values[at]);
        expect(differenceOf(args, await sent(...args))).toBeUndefined();
      }),
      runs(150),
    );
  });

  for (const [name, add] of Object.entries(oddities)) {
    test(`${name}, anywhere among many`, async () => {
      const places = fc
        .integer({ min: 1, max: 700 })
        .chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1)));
      await fc.assert(
        fc.asyncProperty(places, async ([count, at]) => {
          const records = Array.from({ length: count }, (_, id) => ({ id, list: [id, `item ${id % 5}`] }));
          const record = records[at] as { id: number; list: [number, string] };
          add(record, record.list);
          const [there] = await sent(records);
          expect(accessorsOf(there)).toEqual(accessorsOf(records));
          expect(differenceOf(records, there)).toBeUndefined();
        }),
        runs(10),
      );
    });
  }
});

/** How many objects of a list have accessors: their functions cannot be compared. */
const accessorsOf = (list: unknown): number =>
  (list as object[]).filter((one) =>
    Object.values(Object.getOwnPropertyDescriptors(one)).some(({ get }) => get !== undefined),
  ).length;

describe(`bytes that no worker of ours wrote (seed ${seed})`, () => {
  test('are refused or are some value, and nothing else happens', () => {
    const spoilt = fc.tuple(
      fc.oneof(plain, table),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
      fc.nat(3),
    );
    fc.assert(
      fc.property(spoilt, ([value, changes, cut]) => {
        const { body, views } = receiver.encodeValue(value);
        const forged = Buffer.from(body.subarray(0, body.length - (cut === 0 ? 1 : 0)));
        for (const [at, byte] of changes)
          if (forged.length > 1) forged[1 + (at % (forged.length - 1))] = byte;
        const payload: Payload = { body: forged, views };
        try {
          sender.decodeValue(payload);
        } catch (error) {
          expect(error).toBeInstanceOf(SerializationError);
        }
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }),
      runs(500),
    );
  });
});
