/**
 * Primitives in the form of items, written straight into the frame that carries them and read straight out of it: most
 * calls and results are nothing else, and a function of its own for each byte is most of what they cost until the engine
 * has compiled it. What is not simple or not short is left to `writeItem` and `readItem`, which know all forms.
 */

const UNDEFINED = 0;
const NULL = 1;
const TRUE = 2;
const FALSE = 3;
const INT32 = 4;
const DOUBLE = 5;
export const TEXT = 6;

/** Texts of up to so many characters are read and written one by one: that is faster than to ask the engine. */
export const SHORT_TEXT = 24;

/** A tag, a length, and a text of ASCII characters. */
export const LONGEST = 1 + 4 + SHORT_TEXT;

/** Stands for what is none of these. */
export const OTHER = Symbol('other');

export function isPrimitive(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null;
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

/** Arguments that are all primitives need no preparation: they cannot change. */
export function allPrimitive(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) if (!isPrimitive(args[i])) return false;
  return true;
}

/** @returns Where it ends; -1 if it is none of these, or there may be no room for it before `limit`. */
export function writePrimitive(buffer: Buffer, at: number, limit: number, value: unknown): number {
  if (at + LONGEST > limit) return -1;
  switch (typeof value) {
    case 'undefined':
      buffer[at] = UNDEFINED;
      return at + 1;
    case 'boolean':
      buffer[at] = value ? TRUE : FALSE;
      return at + 1;
    case 'number':
      if (Object.is(value | 0, value)) {
        buffer[at] = INT32;
        return buffer.writeInt32LE(value, at + 1);
      }
      buffer[at] = DOUBLE;
      return buffer.writeDoubleLE(value, at + 1);
    case 'string':
      return writeShortAscii(buffer, at, value);
    default:
      if (value !== null) return -1;
      buffer[at] = NULL;
      return at + 1;
  }
}

function writeShortAscii(buffer: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > SHORT_TEXT) return -1;
  buffer[at] = TEXT;
  const start = buffer.writeUInt32LE(length, at + 1);
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 127) return -1;
    buffer[start + index] = code;
  }
  return start + length;
}

/** Where the next value begins. */
interface Cursor {
  at: number;
}

/** Reads one value and moves on; `OTHER`, and stays, if it is none of these or not all there. */
export function readPrimitive(body: Buffer, cursor: Cursor): unknown {
  const { at } = cursor;
  const tag = at < body.length ? body[at] : OTHER;
  switch (tag) {
    case UNDEFINED:
    case NULL:
    case TRUE:
    case FALSE:
      cursor.at = at + 1;
      return tag === UNDEFINED ? undefined : tag === NULL ? null : tag === TRUE;
    case INT32:
      if (at + 5 > body.length) return OTHER;
      cursor.at = at + 5;
      return body.readInt32LE(at + 1);
    case DOUBLE:
      if (at + 9 > body.length) return OTHER;
      cursor.at = at + 9;
      return body.readDoubleLE(at + 1);
    case TEXT:
      return readShortAscii(body, cursor);
    default:
      return OTHER;
  }
}

function readShortAscii(body: Buffer, cursor: Cursor): unknown {
  const start = cursor.at + 5;
  if (start > body.length) return OTHER;
  const length = body.readUInt32LE(cursor.at + 1);
  if (length > SHORT_TEXT || start + length > body.length) return OTHER;
  let text = '';
  for (let index = start; index < start + length; index += 1) {
    const code = body[index] as number;
    if (code > 127) return OTHER;
    text += String.fromCharCode(code);
  }
  cursor.at = start + length;
  return text;
}

const ofOne: Cursor = { at: 0 };

/** The value that begins at `at`, or `OTHER`. */
export function primitiveAt(body: Uint8Array, at: number): unknown {
  if (!Buffer.isBuffer(body)) return OTHER;
  ofOne.at = at;
  return readPrimitive(body, ofOne);
}

/** A list of primitives with its length before it; `undefined` if it holds anything else. */
export function primitivesAt(body: Uint8Array, at: number): unknown[] | undefined {
  if (!Buffer.isBuffer(body) || at + 4 > body.length) return undefined;
  const values: unknown[] = [];
  ofOne.at = at + 4;
  for (let left = body.readUInt32LE(at); left > 0; left -= 1) {
    const value = readPrimitive(body, ofOne);
    if (value === OTHER) return undefined;
    values.push(value);
  }
  return values;
}
