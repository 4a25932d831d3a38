/** Which processes there are, from what the system tells of them. */
import { readdirSync, readFileSync } from 'node:fs';

/** The living processes that this one has started, and those that they have; none where there is no /proc. */
export function descendants() {
  const parents = new Map(processIds().flatMap((pid) => parentOf(pid) ?? []));
  const found = new Set([process.pid]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  found.delete(process.pid);
  return [...found];
}

export function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return !hasEnded(pid);
}

function processIds() {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    return [];
  }
}

/** A pair of the process and its parent; `undefined` if it has ended. */
function parentOf(pid) {
  const [state, parent] = stat(pid) ?? ['Z'];
  return state === 'Z' ? undefined : [[pid, Number(parent)]];
}

/** A process that has ended has a place in the table until its parent has asked for its exit code. */
function hasEnded(pid) {
  return stat(pid)?.[0] === 'Z';
}

/** What follows the program's name, which may have spaces and parentheses. */
function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
