/**
 * Why something could not be sent or rebuilt, in the words of what was thrown: by V8 when it is too much, or by code
 * of the user, which throws anything. Never throws itself: the future gets a SerializationError whatever it was.
 */
import { messageOf } from '../../system/thrown.ts';

/** V8's own; a RangeError that a reducer throws is about something else. */
const TOO_MUCH = /^(Maximum call stack size|Invalid (array|string|typed array) length|.*allocation failed)/;

export function reasonOf(thrown: unknown): string {
  return isTooMuch(thrown) ? 'it is nested too deeply or too large' : messageOf(thrown);
}

/** Whether V8 gave up. */
export function isTooMuch(thrown: unknown): boolean {
  try {
    return thrown instanceof RangeError && TOO_MUCH.test(thrown.message);
  } catch {
    return false;
  }
}
