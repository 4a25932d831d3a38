/**
 * Ends a process with all its descendants, at once and synchronously, also in an 'exit' handler.
 * What is to be ended may end by itself at any moment, so that nothing here throws.
 */
import {
  descendantsOf,
  isAlive,
  type ProcessTable,
  type ReadDescendants,
  readDescendants,
  readProcessTable,
} from './processes.ts';
import * as tree from './windows/kill-tree.ts';

/** Loaded when it is asked for. */
const later = (): typeof tree => tree;

/** Each round finds what was forked during the one before. Stopped processes fork no more, so two are usual. */
const MAX_ROUNDS = 10;

/** What {@link killTree} stands on; tests put their own in its place. */
export interface KillSystem {
  readonly platform: NodeJS.Platform;
  readonly readDescendants: ReadDescendants;
  readProcessTable(): ProcessTable | undefined;
  kill(pid: number, signal: 'SIGSTOP' | 'SIGKILL'): void;
  killWindowsTree(pid: number): void;
}

const thisSystem: KillSystem = {
  platform: process.platform,
  readDescendants,
  readProcessTable,
  kill: (pid, signal) => process.kill(pid, signal),
  killWindowsTree: (pid) => later().killTreeOnWindows(pid),
};

/**
 * Ends `pid`, its process group and all its descendants with SIGKILL. On Linux the cost depends on the size of the
 * tree alone, and those that lost their parent and left the group are the guardian's to find.
 *
 * The caller must not pass a pid whose exit was seen: the number may belong to another process by now.
 *
 * @param onStopped Called with each descendant while it is stopped.
 */
export function killTree(
  pid: number,
  system: KillSystem = thisSystem,
  onStopped: (descendant: number) => void = () => {},
): void {
  if (!isForeignProcess(pid)) return;
  if (system.platform === 'win32') {
    attempt(() => system.killWindowsTree(pid));
    return;
  }
  const stopped = stopAll(() => withRoot(pid, system.readDescendants(pid)), system);
  for (const member of stopped) if (member !== pid) onStopped(member);
  killAll(stopped, system);
  send(-pid, 'SIGKILL', system);
  send(pid, 'SIGKILL', system);
}

/**
 * Ends what a process left behind whose exit was seen: the members of its session and of its process group. The
 * kernel reuses the number for no other process while it has such members, so they are its own. Does nothing if a
 * process with that number runs again, and nothing where no list of processes can be had.
 *
 * This reads the table of all processes: the guardian does it where there is a cheaper way for everything else.
 */
export function killSurvivorsOf(pid: number, system: KillSystem = thisSystem): void {
  if (!isForeignProcess(pid) || system.platform === 'win32') return;
  const entry = system.readProcessTable()?.get(pid);
  if (entry && isAlive(entry)) return;
  const survivors = () => {
    const table = system.readProcessTable();
    return table && descendantsOf(pid, table);
  };
  killAll(stopAll(survivors, system), system);
}

function withRoot(pid: number, descendants: number[] | undefined): number[] | undefined {
  return descendants && [pid, ...descendants];
}

/**
 * Stops all that `find` returns, in that order, until nothing new appears. Killing right away would give the children to
 * another parent, and those that lead sessions of their own would be lost.
 */
function stopAll(find: () => number[] | undefined, system: KillSystem): number[] {
  const stopped = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const fresh = find()?.filter((member) => !stopped.has(member) && isForeignProcess(member)) ?? [];
    if (fresh.length === 0) break;
    for (const member of fresh) {
      stopped.add(member);
      send(member, 'SIGSTOP', system);
    }
  }
  return [...stopped];
}

/** Children first: the kernel would wake a stopped group when the last parent outside of it dies. */
function killAll(pids: number[], system: KillSystem): void {
  for (const pid of pids.reverse()) send(pid, 'SIGKILL', system);
}

/** Signals to 0, 1 and -1 reach whole systems, and the caller itself must survive. */
function isForeignProcess(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1 && pid !== process.pid;
}

function send(pid: number, signal: 'SIGSTOP' | 'SIGKILL', system: KillSystem): void {
  attempt(() => system.kill(pid, signal));
}

/** What is to be ended may end by itself at any moment, or belong to another user: both are no error here. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {}
}
