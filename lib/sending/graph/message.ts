/**
 * The bytes of a graph message: sizes, the heads of its rows, what devalue wrote, binary data. What is read of them is
 * checked as far as can be without building anything.
 */
import { ByteReader, malformed } from '../values/bytes.ts';
import type { ModuleSource, RowHead } from './row.ts';

export interface Message {
  /** The index of the root in `flat`. */
  readonly root: number;
  readonly heads: readonly RowHead[];
  /** Of each row, as indices in `flat`. */
  readonly children: readonly (readonly number[])[];
  /** What devalue wrote: each value by itself, with indices in the place of what it holds. */
  readonly flat: readonly unknown[];
  readonly blobs: Buffer;
}

/** What a list with holes begins with in `flat`; its length follows, then by turns a place and the index of what is there. */
export const SPARSE = -7;

/** @throws SerializationError, or an error of JSON, if `body` is no graph message. */
export function parseMessage(body: Uint8Array, offset: number): Message {
  const reader = new ByteReader(body, offset);
  const headSize = reader.uint32();
  const textSize = reader.uint32();
  const rest = reader.rest();
  if (headSize + textSize > rest.length) throw malformed('it ends too early');
  const heads = JSON.parse(rest.toString('utf8', 0, headSize)) as unknown;
  const flat = JSON.parse(rest.toString('utf8', headSize, headSize + textSize)) as unknown;
  if (!Array.isArray(heads) || !Array.isArray(flat)) throw malformed('it is not a graph');
  const [root, table] = Array.isArray(flat[0]) ? (flat[0] as unknown[]) : [];
  const list = typeof table === 'number' ? (flat[table] as unknown) : undefined;
  if (
    typeof root !== 'number' ||
    !Array.isArray(list) ||
    list[0] !== 'Set' ||
    list.length !== heads.length + 1
  ) {
    throw malformed('it has no table of rows');
  }
  const children = list.slice(1).map((index: unknown) => {
    const items: unknown = typeof index === 'number' ? flat[index] : undefined;
    if (!Array.isArray(items)) throw malformed('a row without children');
    return items as number[];
  });
  const blobs = rest.subarray(headSize + textSize);
  return { root, heads: heads as RowHead[], children, flat: flat as unknown[], blobs };
}

const NEED_A_MODULE = new Set<RowHead[0]>(['import', 'variable']);

/** The modules that must be there before the message is built. */
export function modulesOf({ heads }: Message): ModuleSource[] {
  const imports = heads.filter((head) => Array.isArray(head) && NEED_A_MODULE.has(head[0]));
  return imports.map((head) => head[1] as ModuleSource).filter((source) => source?.type === 'esm');
}

/** The number of the row for which the value at `index` stands. */
export function rowNumber({ flat }: Message, index: unknown): number {
  const number = typeof index === 'number' ? flat[index] : undefined;
  if (typeof number !== 'number') throw malformed('a reference to no row');
  return number;
}

/** @param text The root and the table of rows, as devalue writes them. */
export function packMessage(
  header: Uint8Array,
  heads: readonly RowHead[],
  text: string,
  blobs: readonly Uint8Array[] = [],
): Uint8Array {
  const head = Buffer.from(JSON.stringify(heads));
  const body = Buffer.from(text);
  const sizes = Buffer.allocUnsafe(8);
  sizes.writeUInt32LE(head.length, 0);
  sizes.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, sizes, head, body, ...blobs]);
}
