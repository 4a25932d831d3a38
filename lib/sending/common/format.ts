/** The first byte of every body, and the forms behind it. Both ends share this. */

/** What was sent did not fit into the memory of this end: how many bytes it was follows, f64. Put there by the channel. */
export const LOST = 0;
/** Header: tag, number of the function. Then the count of arguments and each of them as an item. */
export const CALL_ITEMS = 1;
/** Header as above, then the array of arguments as a structured clone. */
export const CALL_CLONE = 2;
/** Header as above, then a graph: the arguments, or the function and the arguments if the number is 0. */
export const CALL_GRAPH = 3;
export const VALUE_ITEM = 4;
export const VALUE_CLONE = 5;
export const VALUE_GRAPH = 6;
/** A graph as above, of something thrown: classes that the host does not have are replaced. */
export const ERROR_GRAPH = 10;
/** A structured clone of what became of each item of a chunk, with the answer to each as a payload. */
export const OUTCOMES = 11;
/** Text that says why something thrown cannot be sent at all. */
export const ERROR_LOST = 12;
/** A code text as JSON. */
export const DEFINE_CODE = 7;
/** A graph whose root is a function. */
export const DEFINE_FUNCTION = 8;
/** Codes, then a graph whose root is a `Settings`. */
export const DEFINE_SETTINGS = 9;

export const CALL_HEADER = 5;
export const VALUE_HEADER = 1;

export function callHeader(tag: number, fn: number): Buffer {
  const header = Buffer.allocUnsafe(CALL_HEADER);
  header[0] = tag;
  header.writeUInt32LE(fn, 1);
  return header;
}

export const valueHeader = (tag: number): Buffer => Buffer.from([tag]);

/** What the worker must know about this executor: how answers travel. */
export interface Settings {
  readonly serializer: string;
  /** Instances whose class the host does not have are written all the same. */
  readonly nearestClasses?: boolean;
  readonly reducers: readonly (readonly [name: string, test: unknown, reduce: unknown])[];
}
