/** The state of a process on Linux at this moment. On other systems nothing is known, and every answer is `false`. */
import { readFileSync } from 'node:fs';

/** The kernel's flag of a process that has begun to end: PF_EXITING. */
const EXITING = 0x4;

/** It waits for something. */
export function isAsleep(pid: number): boolean {
  return read(pid)?.state === 'S';
}

/** It is ending, or has ended and its exit waits to be seen. */
export function isExiting(pid: number): boolean {
  const process = read(pid);
  return process !== undefined && (/[ZXx]/.test(process.state) || (process.flags & EXITING) !== 0);
}

function read(pid: number): { readonly state: string; readonly flags: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name may hold spaces and parentheses, so the fields are counted from its last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 7);
    return { state: fields[0] as string, flags: Number(fields[6]) };
  } catch {
    return undefined;
  }
}
