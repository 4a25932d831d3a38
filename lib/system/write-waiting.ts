/**
 * Writes to a pipe without giving way to the event loop: while the pipe is full, the whole thread waits. For what has to
 * leave this process before anything else happens. All that it needs is taken when this is loaded: tasks replace such things.
 */
import fs from 'node:fs';

const { writeSync } = fs;
const { wait } = Atomics;
const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
/** How long a full pipe is left alone, in milliseconds. */
const PAUSE = 1;

/**
 * @param mayWait Asked each time that the pipe takes nothing more, with what was written so far.
 * @returns How many bytes were written: all of them, unless it was not to wait or the pipe is closed.
 */
export function writeWaiting(
  descriptor: number,
  bytes: Uint8Array,
  mayWait: (written: number) => boolean,
): number {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(descriptor, bytes, written, bytes.length - written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || !mayWait(written)) break;
      wait(nobodyWakesIt, 0, 0, PAUSE);
    }
  }
  return written;
}
