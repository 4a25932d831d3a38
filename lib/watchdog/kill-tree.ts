/**
 * Ends a process with all its descendants, at once and synchronously, also in an 'exit' handler.
 * It ends what it is told to end: it knows neither workers nor tasks, and never throws.
 */
import treeKill from 'tree-kill';
import { descendantsOf, isAlive, type ProcessTable, readProcessTable } from './process-table.ts';

/** Each round finds what was forked during the one before. Stopped processes fork no more, so two are usual. */
const MAX_ROUNDS = 10;

/** What {@link killTree} stands on; tests put their own in its place. */
export interface KillTreeSystem {
  readonly platform: NodeJS.Platform;
  readProcessTable(): ProcessTable | undefined;
  kill(pid: number, signal: 'SIGSTOP' | 'SIGKILL'): void;
  killWindowsTree(pid: number): void;
}

const thisSystem: KillTreeSystem = {
  platform: process.platform,
  readProcessTable,
  kill: (pid, signal) => process.kill(pid, signal),
  // The callback takes the error of a process that is gone already: there is nobody to tell.
  killWindowsTree: (pid) => treeKill(pid, 'SIGKILL', () => {}),
};

/**
 * Ends `pid` and all its descendants with SIGKILL: its process group, its session, its children by parent links,
 * and the same of each of those. Works without `ps` on Linux. Where no list of processes can be had, its process
 * group alone is ended.
 *
 * The caller must not pass a pid whose exit was seen: the number may belong to somebody else by now.
 * See {@link killSurvivorsOf} for those.
 */
export function killTree(pid: number, system: KillTreeSystem = thisSystem): void {
  if (!isForeignProcess(pid)) return;
  if (system.platform === 'win32') {
    attempt(() => system.killWindowsTree(pid));
    return;
  }
  endAll(freeze(pid, system), system);
  send(-pid, 'SIGKILL', system);
  send(pid, 'SIGKILL', system);
}

/**
 * Ends what a process left behind whose exit was seen: the members of its session and of its process group. The
 * kernel gives the number to nobody else while it has such members, so they are its own. Does nothing if a
 * process with that number runs again, and nothing where no list of processes can be had.
 */
export function killSurvivorsOf(pid: number, system: KillTreeSystem = thisSystem): void {
  if (!isForeignProcess(pid) || system.platform === 'win32') return;
  const entry = system.readProcessTable()?.get(pid);
  if (entry && isAlive(entry)) return;
  endAll(freeze(pid, system, false), system);
}

/**
 * Stops the tree from its root down until nothing new appears, and lists it in that order. Killing right away
 * would give the children to another parent, and those that lead sessions of their own would be lost.
 */
function freeze(pid: number, system: KillTreeSystem, withRoot = true): number[] {
  const stopped = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const table = system.readProcessTable();
    if (!table) return [];
    const members = descendantsOf(pid, table);
    if (withRoot && table.has(pid)) members.unshift(pid);
    const fresh = members.filter((member) => !stopped.has(member) && isForeignProcess(member));
    if (fresh.length === 0) break;
    for (const member of fresh) {
      stopped.add(member);
      send(member, 'SIGSTOP', system);
    }
  }
  return [...stopped];
}

/** Children first: the kernel would wake a stopped group when the last parent outside of it dies. */
function endAll(pids: number[], system: KillTreeSystem): void {
  for (const pid of pids.reverse()) send(pid, 'SIGKILL', system);
}

/** Signals to 0, 1 and -1 reach whole systems, and nobody asks for the end of the caller. */
function isForeignProcess(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
}

function send(pid: number, signal: 'SIGSTOP' | 'SIGKILL', system: KillTreeSystem): void {
  attempt(() => system.kill(pid, signal));
}

/** What is to be ended may end by itself at any moment, or belong to another user: both are no error here. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}
