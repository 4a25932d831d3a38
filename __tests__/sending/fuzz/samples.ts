/** Answers of a worker, of every form that there is: what the fuzzer changes. */

import type { Payload } from '../../../lib/sending/common/payload.ts';
import { encodeOutcomes } from '../../../lib/sending/outcomes.ts';
import { createReceiver } from '../../../lib/sending/receiver.ts';
import type { Sender } from '../../../lib/sending/sender.ts';

class Lost extends Error {
  override name = 'Lost';
}

const graphOf = (heads: readonly unknown[], flat: readonly unknown[]): Payload => {
  const [first, second] = [heads, flat].map((part) => Buffer.from(JSON.stringify(part))) as [Buffer, Buffer];
  const sizes = Buffer.alloc(9);
  sizes[0] = 6;
  sizes.writeUInt32LE(first.length, 1);
  sizes.writeUInt32LE(second.length, 5);
  return { body: Buffer.concat([sizes, first, second]), views: [] };
};

/** @param ids Numbers of functions that the host has sent. */
export async function samplesOf(sender: Sender, ids: readonly number[]): Promise<Payload[]> {
  const { encodeValue, encodeError } = await createReceiver(sender.settings());
  const record = (id: number): object => ({
    id,
    name: `n${id}`,
    tags: ['a', 'b'],
    nested: { x: id / 3, y: null },
  });
  const cyclic: { self?: unknown; when: Date } = { when: new Date(0) };
  cyclic.self = cyclic;
  const holes: unknown[] = [];
  holes[300] = 1;
  const values: unknown[] = [
    5,
    -0.5,
    'text',
    'ü'.repeat(50),
    2n ** 90n,
    null,
    undefined,
    [],
    {},
    [1, 2, 3, 4, 5, 6, 7],
    [0.5, 1.5, 2.5, 3, 4, 5.5, 7],
    Array.from({ length: 40 }, (_, i) => `text ${i}`),
    Array.from({ length: 30 }, (_, i) => record(i)),
    record(1),
    { long: 'x'.repeat(300), list: [true, false, undefined, -0, Number.NaN] },
    new Map<unknown, unknown>([
      [1, new Set([2])],
      ['k', record(2)],
    ]),
    cyclic,
    holes,
    [holes, new Date(5), /a+b/giu],
    Buffer.from('abc'),
    new Float64Array(4),
    [new Uint8Array(9), new DataView(new ArrayBuffer(8)), new ArrayBuffer(3)],
    Buffer.alloc(70_000),
    { s: Symbol.for('x'), i: Symbol.iterator, l: Symbol('l') },
    {
      e: new TypeError('m', { cause: new RangeError('n') }),
      u: new URL('http://a/?b=c'),
      q: new URLSearchParams('a=b'),
    },
    [Object(1), Object('s'), Object(2n ** 80n), Symbol.for('s'), holes, 2n ** 300n],
    Object.create(null),
    new Map([[Symbol.for('a'), /x/y]]),
    { s: Symbol.for('b'), b: Buffer.from('bytes'), t: new Int16Array(5) },
    { parse: JSON.parse, S: String },
    Object.defineProperty([1, 2], 'hidden', { value: Symbol.for('h') }),
  ];
  const errors = [
    new Error('m'),
    new AggregateError([new Error('a'), new Lost('b')], 'both'),
    new DOMException('m', 'AbortError'),
    Object.assign(new Lost('l'), {
      code: 'E',
      context: { socket: Promise.resolve(), kept: 1, deep: [new WeakMap(), 2] },
    }),
    'text',
    { a: 1 },
  ];
  const [known, lazy, make] = ids;
  const instances = [known, lazy].flatMap((id) => [
    graphOf(
      [
        ['object', { base: 'object', prototype: 'child', props: ['x', 'watched', 'secret'] }],
        ['prototype', 'K'],
        ['known', id],
      ],
      [[1, 3], ['$', 2], 0, ['Set', 4, 6, 8], [5, 11, 11, 11], ['$', 9], [7, -1], ['$', 10], [], 1, 2, 7],
    ),
    graphOf(
      [['hook'], ['known', id], ['known', make]],
      [[1, 3], ['$', 2], 0, ['Set', 4, 7, 7], [5, 6, 10], ['$', 8], ['$', 9], [], 1, 2, 5],
    ),
  ]);
  const outcomes = encodeOutcomes(
    [
      [true, 1],
      [false, new Error('m')],
      [true, new Map([[Symbol.for('s'), 1]])],
    ],
    { encodeValue, encodeError },
  );
  return [
    ...values.map((value) => encodeValue(value)),
    ...errors.map((error) => encodeError(error)),
    ...instances,
    outcomes,
    outcomes,
    encodeValue([1, 2, 3]),
  ];
}
