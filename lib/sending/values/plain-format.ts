/**
 * The bytes of plain data: where the structure ends, the structure, and a structured clone of a list of texts, if there
 * are any. In the structure, a text is its length in UTF-8 and its bytes, or `LISTED` for the next one of the list.
 * Objects with the same keys in the same order share a shape, whose keys are written once.
 */

export const UNDEFINED = 0;
export const NULL = 1;
export const TRUE = 2;
export const FALSE = 3;
/** A zigzag number follows. */
export const INTEGER = 4;
export const DOUBLE = 5;
/** A text. */
export const TEXT = 6;
/** A text of hexadecimal digits. */
export const BIGINT = 7;
/** A count and so many values. */
export const LIST = 8;
/** A count and so many numbers of 32 bits. */
export const INTEGERS = 9;
/** A count and so many numbers of 64 bits. */
export const DOUBLES = 10;
/** A count; so many texts, which are keys; so many values. It is the next shape. */
export const NEW_SHAPE = 11;
/** The number of a shape, and its values. */
export const SHAPE = 12;
/** A count; so many of the listed texts. */
export const TEXTS = 13;

/** In the place of a text's length. */
export const LISTED = 255;

/** Shapes beyond this number are not remembered, at either end. */
export const MAX_SHAPES = 1024;
/** Nor are those of more keys: objects that large are seldom alike. */
export const MAX_KEYS = 64;

/** Hexadecimal, because engines read and write it in linear time. */
export const hexOf = (value: bigint): string =>
  value < 0n ? `-${(-value).toString(16)}` : value.toString(16);
