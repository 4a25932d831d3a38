/**
 * Why something could not be sent or rebuilt, in the words of what was thrown: by V8 when it is too much, or by code
 * of the user, which throws anything. Never throws itself: the future gets a SerializationError whatever it was.
 */

/** V8's own; a RangeError that a reducer throws is about something else. */
const TOO_MUCH = /^(Maximum call stack size|Invalid (array|string|typed array) length|.*allocation failed)/;

export function reasonOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return String(thrown);
    const message = String(thrown.message);
    const isTooMuch = thrown instanceof RangeError && TOO_MUCH.test(message);
    return isTooMuch ? 'it is nested too deeply or too large' : message;
  } catch {
    return 'what was thrown has no text';
  }
}
