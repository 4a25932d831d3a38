/**
 * Which process descends from which. Linux lists the children of a process in /proc, so that the tree of a worker is read without
 * looking at any other process; elsewhere it takes a snapshot of all processes. Nothing here ends a process.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process as the kernel shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** The process group. Its number is the pid of the process that leads it. */
  readonly pgrp: number;
  /** The session, named likewise; 0 where the system does not report it. */
  readonly session: number;
  /** One letter, as in `ps`; `Z` is a zombie. */
  readonly state: string;
}

/** Every process by its pid, zombies included: they still link their parent to what they lead. */
export type ProcessTable = ReadonlyMap<number, ProcessEntry>;

/** A snapshot, or `undefined` where the system shows none (Windows, no /proc and no `ps`). Never throws. */
export function readProcessTable(platform: NodeJS.Platform = process.platform): ProcessTable | undefined {
  if (platform === 'linux' || platform === 'android') return readProc();
  return platform === 'win32' ? undefined : askPs();
}

/** The living descendants of a process, parents first; `undefined` where the system does not report them. */
export type ReadDescendants = (pid: number) => number[] | undefined;

/** Whether this Linux lists the children of each process (CONFIG_PROC_CHILDREN), by the numbers that this process knows. */
let listsChildren: boolean | undefined;

/**
 * For all questions of this moment. An answer costs as much as the tree is large on Linux; where there are no lists of
 * children all processes are looked at, once.
 */
export function descendantsReader(): ReadDescendants {
  listsChildren ??= hasChildrenLists();
  if (listsChildren) return listedDescendants;
  const table = readProcessTable();
  return (pid) => table && descendantsOf(pid, table);
}

export const readDescendants: ReadDescendants = (pid) => descendantsReader()(pid);

function hasChildrenLists(): boolean {
  try {
    return (
      readlinkSync('/proc/self') === String(process.pid) &&
      existsSync(`/proc/${process.pid}/task/${process.pid}/children`)
    );
  } catch {
    return false;
  }
}

/** By parent links alone: processes that lost their parent are not among them. The lists are exact for processes that are stopped. */
function listedDescendants(pid: number): number[] {
  const seen = new Set([process.pid, pid]);
  const found: number[] = [];
  for (let next: number | undefined = pid, at = 0; next !== undefined; next = found[at++]) {
    for (const child of childrenOf(next)) {
      if (seen.has(child)) continue;
      seen.add(child);
      found.push(child);
    }
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOfThread(pid, thread));
  } catch {
    return []; // it has ended
  }
}

function childrenOfThread(pid: number, thread: string): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  } catch {
    return []; // the thread has ended
  }
}

/** `/proc/PID/stat`; empty for a process that has ended, and on other systems than Linux. */
function readStat(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return '';
  }
}

/** The fields from the third on, the state. The name before it may hold spaces and parentheses. */
const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

export const statFields = (pid: number): string[] => fieldsOf(readStat(pid));

/** Distinguishes a process from a later one with the same number: clock ticks from the start of the system. Linux only. */
export function birthOf(pid: number): string | undefined {
  return statFields(pid)[19];
}

/** It waits for something, as far as that can be seen: on Linux. */
export function isAsleep(pid: number): boolean {
  return statFields(pid)[0] === 'S';
}

/** The kernel's flag of a process that has begun to end: PF_EXITING. */
const EXITING = 0x4;

/** It is ending, or has ended and its exit waits to be seen, as far as that can be seen: on Linux. */
export function isExiting(pid: number): boolean {
  const [state = '', , , , , , flags] = statFields(pid);
  return HAS_ENDED.test(state) || (Number(flags) & EXITING) !== 0;
}

const HAS_ENDED = /^[ZXx]/;

/** A zombie has ended: only its exit code waits for its parent. */
export function isAlive(entry: ProcessEntry): boolean {
  return !HAS_ENDED.test(entry.state);
}

/**
 * The pids of the living descendants of `pid`, parents before their children: by parent links, and everything in
 * the session or process group that `pid` or one of its descendants leads, as those are found when they lost
 * their parent too. `pid` itself is not part of it, nor is the calling process.
 */
export function descendantsOf(pid: number, table: ProcessTable): number[] {
  const relatives = new Map<number, ProcessEntry[]>();
  for (const entry of table.values()) {
    for (const ancestor of new Set([entry.ppid, entry.pgrp, entry.session])) {
      const group = relatives.get(ancestor);
      if (group) group.push(entry);
      else relatives.set(ancestor, [entry]);
    }
  }
  const seen = new Set([pid, process.pid]);
  const queue = [pid];
  const living: number[] = [];
  for (const ancestor of queue) {
    for (const entry of relatives.get(ancestor) ?? []) {
      if (seen.has(entry.pid)) continue;
      seen.add(entry.pid);
      queue.push(entry.pid);
      if (isAlive(entry)) living.push(entry.pid);
    }
  }
  return living;
}

/** One line of /proc/PID/stat. */
export function parseStat(line: string): ProcessEntry | undefined {
  const [state, ...numbers] = fieldsOf(line).slice(0, 4);
  const [ppid, pgrp, session] = numbers.map(Number);
  const pid = Number.parseInt(line, 10);
  if (!state || !(pid > 0)) return undefined;
  if (ppid === undefined || pgrp === undefined || session === undefined) return undefined;
  return { pid, ppid, pgrp, session, state };
}

function readProc(): ProcessTable | undefined {
  const table = new Map<number, ProcessEntry>();
  try {
    // A /proc of another pid namespace would name other people's processes by our numbers.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    for (const name of readdirSync('/proc')) {
      const entry = /^\d/.test(name) ? parseStat(readStat(name)) : undefined;
      if (entry) table.set(entry.pid, entry);
    }
  } catch {
    return undefined;
  }
  return table;
}

function askPs(): ProcessTable | undefined {
  // `-o pid=,ppid=` would make ",ppid=" a heading on BSD, hence one option for each column.
  const columns = ['pid=', 'ppid=', 'pgid=', 'state='].flatMap((column) => ['-o', column]);
  const { stdout } = spawnSync('ps', ['-A', ...columns], {
    encoding: 'utf8',
    timeout: 2_000,
    env: process.env,
  });
  if (!stdout) return undefined;
  return parsePs(stdout);
}

/** The output of `ps -A -o pid= -o ppid= -o pgid= -o state=`. */
export function parsePs(output: string): ProcessTable {
  const table = new Map<number, ProcessEntry>();
  for (const line of output.split('\n')) {
    const [pid, ppid, pgrp, state] = line.trim().split(/\s+/);
    if (pid && ppid && pgrp && state) {
      table.set(Number(pid), { pid: Number(pid), ppid: Number(ppid), pgrp: Number(pgrp), session: 0, state });
    }
  }
  return table;
}
