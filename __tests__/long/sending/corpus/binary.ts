/** Binary data: views, buffers, and memory that cannot be carried. */
import { type Case, gives, refuses, survives } from './case.ts';

const symbolKey = Symbol.for('loky.corpus');
const views = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
];
const offset = new Uint8Array(new Uint8Array([1, 2, 3, 4, 5]).buffer, 1, 3);
const large = Buffer.alloc(200_000, 7);
const tag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
const id = <T>(x: T): T => x;
const resizable = (): ArrayBuffer =>
  new (ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer)(2, { maxByteLength: 8 });
const transferred = (): ArrayBuffer => {
  const memory = new ArrayBuffer(8);
  structuredClone(memory, { transfer: [memory] });
  return memory;
};
const viewOfTransferred = (): Uint8Array => {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
};

export const binary: readonly Case[] = [
  ...views.map((View) =>
    survives(
      `a ${View.name}`,
      View.from([1, 2, 3]) as Uint8Array,
      (
        (name) => (x: Uint8Array) =>
          tag(x) === name && x.length === 3 && x[2] === 3
      )(View.name),
    ),
  ),
  ...views.map((View) =>
    survives(
      `a ${View.name} inside data`,
      { v: View.from([1, 2, 3]) as Uint8Array, s: symbolKey },
      (
        (name) => (x: { v: Uint8Array }) =>
          tag(x.v) === name && x.v[2] === 3
      )(View.name),
    ),
  ),
  survives(
    'a BigInt64Array',
    BigInt64Array.from([1n, -2n]),
    (x) => tag(x) === 'BigInt64Array' && x[1] === -2n,
  ),
  survives('a BigUint64Array', BigUint64Array.from([2n ** 64n - 1n]), (x) => x[0] === 2n ** 64n - 1n),
  survives(
    'a DataView',
    new DataView(new Uint8Array([1, 2, 3]).buffer, 1),
    (x) => tag(x) === 'DataView' && x.byteLength === 2 && x.getUint8(0) === 2,
  ),
  survives(
    'an ArrayBuffer',
    new Uint8Array([1, 2, 3]).buffer as ArrayBuffer,
    (x) => tag(x) === 'ArrayBuffer' && x.byteLength === 3,
  ),
  survives('a Buffer', Buffer.from('héllo'), (x) => Buffer.isBuffer(x) && x.toString() === 'héllo'),
  survives(
    'a Buffer inside data',
    { b: Buffer.from('abc'), when: new Date(0) },
    (x) => Buffer.isBuffer(x.b) && x.b.toString() === 'abc',
  ),
  survives('a large Buffer', large, (x) => Buffer.isBuffer(x) && x.length === 200_000 && x[199_999] === 7),
  survives(
    'a large Buffer inside data',
    { a: large, b: [large] },
    (x) => x.a === x.b[0] && x.a.length === 200_000,
  ),
  survives(
    'a large typed array beside an instance',
    { f: new Float64Array(20_000).fill(1.5), s: symbolKey },
    (x) => x.f.length === 20_000 && x.f[19_999] === 1.5,
  ),
  survives(
    'a view carries its own range only',
    offset,
    (x) => x.length === 3 && x[0] === 2 && x.buffer.byteLength <= 8192,
  ),
  survives('an empty view', new Uint8Array(0), (x) => x.length === 0 && tag(x) === 'Uint8Array'),
  survives(
    'one view in two places',
    (() => {
      const v = new Uint8Array([1]);
      return { a: v, b: v };
    })(),
    (x) => x.a === x.b,
  ),
  gives(
    'a view of resizable memory',
    [2, 7],
    (x: Uint8Array) => [x.length, x[1] ?? 0],
    new Uint8Array(resizable()).fill(7),
  ),
  refuses(
    'a view of shared memory',
    /argument 0 is a view of a SharedArrayBuffer.*\n\s+hint: send a copy/,
    () => [id, new Uint8Array(new SharedArrayBuffer(4))],
  ),
  refuses('a view of shared memory in data', /argument 0\.a\[0\] is a view of a SharedArrayBuffer/, () => [
    id,
    { a: [new DataView(new SharedArrayBuffer(4))] },
  ]),
  refuses('resizable memory', /argument 0 is a resizable ArrayBuffer\n\s+hint: send a copy/, () => [
    id,
    resizable(),
  ]),
  refuses('memory that was transferred', /argument 0 is a detached ArrayBuffer/, () => [id, transferred()]),
  refuses(
    'a view of memory that was transferred',
    /argument 0\.v is a view of a detached ArrayBuffer/,
    () => [id, { v: viewOfTransferred() }],
  ),
  {
    name: 'a result in shared memory',
    async run(submit) {
      const failure = await submit(() => new Uint8Array(new SharedArrayBuffer(4))).then(
        (value) => value,
        (error: unknown) => error,
      );
      if (!/result is a view of a SharedArrayBuffer/.test(String(failure)))
        throw new Error(`unexpected: ${String(failure)}`);
    },
  },
];
