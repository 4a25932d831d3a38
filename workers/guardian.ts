/**
 * The guardian where there is no POSIX shell, or not the programs that it needs: it takes the orders of
 * lib/watchdog/guardian-script.ts, and does the same as far as the system reports enough.
 */
import { readdirSync, readFileSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { MOST_MESSAGES } from '../lib/watchdog/guardian-script.ts';
import { killSurvivorsOf, killTree } from '../lib/watchdog/kill.ts';
import { MARK_VARIABLE } from '../lib/watchdog/mark.ts';
import { decodeNotes } from '../lib/watchdog/notes.ts';
import { birthOf } from '../lib/watchdog/processes.ts';

const [, , owner, ...firstOrders] = process.argv;
/** The marks of the workers that run. */
const roots = new Map<number, string>();
/** Of those that have gone. */
const gone = { marks: new Set<string>(), pids: new Map<number, string | undefined>() };
let rest = '';

// It has a session of its own, but a shutdown of the system reaches it all the same.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdout.on('error', () => {}); // the host is gone

firstOrders.forEach(obey);
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  lines.forEach(obey);
});
process.stdin.on('end', finish).on('error', finish);

function obey(line: string): void {
  const [verb, number, mark = '-', ...descendants] = line.split(' ');
  const pid = Number(number);
  if (verb === 'add') roots.set(pid, mark);
  else if (verb === 'sweep') {
    sweep();
    process.stdout.write(`${number}\n`);
  } else if (verb === 'gone') {
    roots.delete(pid);
    gone.pids.set(pid, undefined);
    gone.marks.add(mark);
    for (const descendant of descendants) {
      const [member, birth] = descendant.split('@');
      gone.pids.set(Number(member), birth);
    }
  }
}

function sweep(): void {
  for (const [pid, birth] of gone.pids) {
    if (birth !== undefined && birthOf(pid) === birth) killTree(pid);
    else killSurvivorsOf(pid);
  }
  killMarked(gone.marks);
  gone.pids.clear();
  gone.marks.clear();
}

function killMarked(marks: ReadonlySet<string>): void {
  if (process.platform !== 'linux' || marks.size === 0) return;
  for (const name of readdirSync('/proc')) {
    const mark = /^\d+$/.test(name) ? markOf(name) : undefined;
    if (mark !== undefined && marks.has(mark)) killTree(Number(name));
  }
}

function markOf(pid: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return variables.find((entry) => entry.startsWith(`${MARK_VARIABLE}=`))?.slice(MARK_VARIABLE.length + 1);
  } catch {
    return undefined; // it has ended, or belongs to another user
  }
}

function finish(): void {
  for (const [pid, mark] of roots) {
    killTree(pid);
    gone.pids.set(pid, undefined);
    gone.marks.add(mark);
  }
  sweep();
  removeAll();
  if (messages.length > 0) report();
  process.exit();
}

/** Folders last: they may hold files that were registered, too. */
function removeAll(): void {
  const notes = decodeNotes(readNotes());
  for (const [kind, left, released] of [
    ['file', 'F', 'f'],
    ['folder', 'D', 'd'],
  ] as const) {
    const leaked = notes.filter(({ letter }) => letter === left).length;
    if (leaked > 0) {
      say(
        `removing ${leaked} leaked ${kind}${leaked > 1 ? 's' : ''} that process ${owner} had registered and left behind`,
      );
    }
    for (const { letter, path } of notes)
      if (letter === left || letter === released) remove(kind, path, letter === left);
  }
}

function readNotes(): string {
  try {
    return readFileSync(3, 'utf8');
  } catch {
    return ''; // there is no place for a file
  }
}

function remove(kind: 'file' | 'folder', path: string, isLeaked: boolean): void {
  try {
    if (kind === 'file') unlinkSync(path);
    else rmSync(path, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') say(`${path} could not be removed: ${message}`);
    else if (isLeaked) say(`${path} was removed by another process (ENOENT)`);
  }
}

const messages: string[] = [];

function say(text: string): void {
  messages.push(text);
}

/** The reader of our stderr may have ended as well. */
function report(): void {
  const more = messages.length - MOST_MESSAGES;
  const lines = more > 0 ? [...messages.slice(0, -more), `${more} more messages like these`] : messages;
  try {
    writeSync(2, lines.map((line) => `loky resource tracker: ${line}\n`).join(''));
  } catch {}
}
