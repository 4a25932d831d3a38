/**
 * Marks in a worker's output that tell where a task begins and ends: the worker writes them, the host takes them out again.
 * They travel in the stream itself, so that no other order than that of the writes is to be kept.
 */

/** Nothing that a program is likely to print; unknown to tasks. */
export function newMark(): string {
  return `\0loky ${process.getBuiltinModule('node:crypto').randomBytes(12).toString('hex')} `;
}

/** The number of a task, always as long. */
const DIGITS = 8;
/** The mark of an end: no task has this number. */
export const END_OF_TASK = 0;

export function markOf(mark: string, id: number): string {
  return mark + id.toString(16).padStart(DIGITS, '0');
}

export interface MarkReader {
  read(chunk: Buffer): void;
  /** What was held back because it could have been the beginning of a mark. */
  end(): void;
}

/** @param onMark Called between the bytes before the mark and those after it. */
export function createMarkReader(
  mark: string,
  onBytes: (bytes: Buffer) => void,
  onMark: (id: number) => void,
): MarkReader {
  const wanted = Buffer.from(mark);
  const length = wanted.length + DIGITS;
  let rest: Buffer = Buffer.alloc(0);

  return {
    read(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (;;) {
        const start = bytes.indexOf(wanted, at);
        if (start < 0 || start + length > bytes.length) break;
        if (start > at) onBytes(bytes.subarray(at, start));
        onMark(Number.parseInt(bytes.toString('latin1', start + wanted.length, start + length), 16));
        at = start + length;
      }
      const end = endOfPlain(bytes, at, wanted, length);
      if (end > at) onBytes(bytes.subarray(at, end));
      rest = Buffer.from(bytes.subarray(end));
    },
    end() {
      if (rest.length > 0) onBytes(rest);
      rest = Buffer.alloc(0);
    },
  };
}

/** Where a mark begins of which the end is still to come; the length of all if none does. */
function endOfPlain(bytes: Buffer, from: number, wanted: Buffer, length: number): number {
  let at = bytes.indexOf(wanted[0] as number, Math.max(from, bytes.length - length + 1));
  for (; at >= 0; at = bytes.indexOf(wanted[0] as number, at + 1)) {
    const known = bytes.subarray(at, at + wanted.length);
    if (wanted.subarray(0, known.length).equals(known)) return at;
  }
  return bytes.length;
}
