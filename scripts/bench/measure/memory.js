/**
 * Resident memory of a process now and at its peak, in bytes, from `/proc`; `undefined` where there is none.
 */
import { readFileSync, writeFileSync } from 'node:fs';

export function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (field) => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)[1]) * 1024;
    return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
  } catch {
    return undefined;
  }
}

/** The peak counts from now on. */
export function resetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not on Linux: `memoryOf` gives nothing either.
  }
}
