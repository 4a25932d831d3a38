/**
 * What descends from a process that is asked to leave, so that it can be ended when that process has gone: a descendant
 * that leads a session of its own, and has an environment of its own, is known by nothing but its parents. Linux only.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { killTree } from './kill-tree.ts';
import { descendantsOf, readProcessTable } from './process-table.ts';

export interface Family {
  /** Ends all who are left of it. To be called when the process has gone. */
  end(): void;
}

/** @param pid Of a process that runs. */
export function familyOf(pid: number, platform: NodeJS.Platform = process.platform): Family {
  const table = platform === 'linux' && mayHaveChildren(pid) ? readProcessTable() : undefined;
  const members = table ? descendantsOf(pid, table).map((member) => [member, bornAt(member)] as const) : [];
  return {
    end() {
      // A number may belong to somebody else by now.
      for (const [member, born] of members)
        if (born !== undefined && bornAt(member) === born) killTree(member);
    },
  };
}

/** Saves the look at all processes of the system. */
function mayHaveChildren(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.some((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8') !== '');
  } catch {
    return true; // not every kernel has these files
  }
}

/** In clock ticks since the system was started. */
function bornAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
