/**
 * A snapshot of the processes of this machine, and who descends from whom in it.
 * Linux reads /proc, so it works without the program `ps`; other Unix systems ask `ps`. It ends nothing.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** One process as the kernel shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly ppid: number;
  /** The process group. Its number is the pid of the process that leads it. */
  readonly pgrp: number;
  /** The session, named likewise; 0 where the system does not tell. */
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

/** A zombie has ended: only its exit code waits for its parent. */
export function isAlive(entry: ProcessEntry): boolean {
  return !/^[ZXx]/.test(entry.state);
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

/** One line of /proc/PID/stat. The name may hold spaces and parentheses, so the fields are taken after its last one. */
export function parseStat(line: string): ProcessEntry | undefined {
  const nameEnd = line.lastIndexOf(')');
  const [state, ...numbers] = line.slice(nameEnd + 2).split(' ', 4);
  const [ppid, pgrp, session] = numbers.map(Number);
  const pid = Number.parseInt(line, 10);
  if (nameEnd < 0 || !state || !(pid > 0)) return undefined;
  if (ppid === undefined || pgrp === undefined || session === undefined) return undefined;
  return { pid, ppid, pgrp, session, state };
}

function readProc(): ProcessTable | undefined {
  const table = new Map<number, ProcessEntry>();
  try {
    // A /proc of another pid namespace would name other people's processes by our numbers.
    if (readlinkSync('/proc/self') !== String(process.pid)) return undefined;
    for (const name of readdirSync('/proc')) {
      const entry = /^\d/.test(name) ? readStat(name) : undefined;
      if (entry) table.set(entry.pid, entry);
    }
  } catch {
    return undefined;
  }
  return table;
}

function readStat(name: string): ProcessEntry | undefined {
  try {
    return parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'));
  } catch {
    return undefined; // it ended between the listing and the reading
  }
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
