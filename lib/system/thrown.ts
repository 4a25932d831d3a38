/** The text of a thrown value. JavaScript throws any value, also one that cannot be converted to text. These functions never throw. */

const NO_TEXT = 'a value that has no text';

export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
  } catch {
    return false; // a proxy that says nothing
  }
}

/** An error's stack, or the value as a string. */
export function describeThrown(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.stack ?? thrown.message) : String(thrown);
  } catch {
    return NO_TEXT;
  }
}

/** The message, or the value as a string. */
export function messageOf(thrown: unknown): string {
  try {
    const message: unknown = (thrown as Partial<Error> | null | undefined)?.message;
    return typeof message === 'string' ? message : String(thrown);
  } catch {
    return NO_TEXT;
  }
}
