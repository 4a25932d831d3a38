/** Anything that was thrown, in words. JavaScript throws any value, also one that has no text. Never throws itself. */

export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** An error's stack, or the value as a string. */
export function describeThrown(thrown: unknown): string {
  try {
    return isError(thrown) ? String(thrown.stack ?? thrown.message) : String(thrown);
  } catch {
    return 'a value that has no text';
  }
}
