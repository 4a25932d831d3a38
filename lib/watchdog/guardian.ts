/**
 * One small process for each host, which does what is left to do when the host is gone in whatever way, SIGKILL included:
 * it ends the process trees of workers and removes temporary files. It learns of the host's end by the end of the pipe between them. While the
 * host runs, it finds what ended workers have left behind, which takes a look at all processes of the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, fstatSync } from 'node:fs';
import type { Socket } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import { entryPoint } from '../system/entry-points.ts';
import { nodeCommand } from '../system/node-command.ts';
import { withoutPrototype } from '../system/own.ts';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../system/timers.ts';
import { shellGuardian } from './guardian-script.ts';
import { MARK_VARIABLE } from './mark.ts';
import { type Note, type NoteLetter, type Notes, openNotes, READINGS } from './notes.ts';

/** All in milliseconds. A guardian process that lived shorter than this did not work. */
const HEALTHY_LIFE = 1_000;
/** So many in a row, and the next is tried after a pause, or in Node instead of the shell. */
const MAX_FAILURES = 3;
const RETRY_DELAY = 1_000;
/** The next worker or file often comes soon. */
const LINGER = 500;
/** A guardian with nothing to do leaves within a few milliseconds; a stopped one must not hold up its host. */
const LEAVE_PATIENCE = 1_000;
/** A task may have stopped it, and a stopped guardian could not follow the end of the host. */
const WAKE_INTERVAL = 500;
/** One search of all processes serves all workers that ended since the last one. */
const SWEEP_INTERVAL = 1_000;
const SWEEP_PATIENCE = 5_000;

/** Ends what it guards once this process is gone. */
export interface Guardian {
  /**
   * From now on the tree of `pid` dies with this process. `pid` must lead its process group (`detached`).
   *
   * @param mark What {@link MARK_VARIABLE} is in its environment.
   */
  guard(pid: number, mark?: string): void;
  /**
   * To be called when the exit of `pid` was seen: its number may soon belong to another process. What is left of its tree is
   * ended within a second or two.
   *
   * @param descendants Those that are known, by pid and birth; others are found by session, group and mark.
   */
  unguard(pid: number, descendants?: ReadonlyMap<number, string>): void;
  /** The guardian removes the file or folder once this process is gone. `undefined` if it cannot be noted. */
  note(letter: NoteLetter, path: string): Note | undefined;
  /**
   * Resolves when nothing is left of the trees whose end was seen and, if nothing is guarded or noted, when no guardian
   * process is left. Never rejects.
   */
  ended(): Promise<void>;
}

/** How a guardian is started; tests watch it and take the shell away. */
export interface GuardianOptions {
  readonly shell?: string;
  /** Called with its pid each time a guardian process starts. */
  readonly onLaunch?: (pid: number) => void;
}

/** A guardian that starts its process when it is first needed, again when it dies, and ends it when it is not. */
export function createGuardian(options: GuardianOptions = {}): Guardian {
  const { shell = '/bin/sh', onLaunch } = withoutPrototype(options);
  /** The marks of those that run. */
  const guarded = new Map<number, string>();
  /** Orders for the rest of those that have gone. */
  let gone: string[] = [];
  let notes: Notes | undefined;
  /** All that have not ended, also those that were sent away; resolves when one has. */
  const running = new Map<ChildProcess, Promise<void>>();
  let current: ChildProcess | undefined;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;
  let linger: NodeJS.Timeout | undefined;
  let wake: NodeJS.Timeout | undefined;

  let sweep: { readonly number: number; readonly orders: number } | undefined;
  let sweeps = 0;
  let nextSweep = 0;
  let sweepTimer: NodeJS.Timeout | undefined;
  const onSwept: (() => void)[] = [];

  const isNeeded = () => guarded.size > 0 || gone.length > 0 || (notes !== undefined && notes.size > 0);

  function launch(): void {
    clearTimeout(retry);
    retry = undefined;
    notes ??= openNotes();
    const start = performance.now();
    const orders = [...[...guarded].map(([pid, mark]) => addOrder(pid, mark)), ...gone];
    const child = startProcess(failures < MAX_FAILURES ? shell : undefined, notes, orders);
    current = child;
    if (!child) {
      onGone(undefined, start);
      return;
    }
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve()).on('error', () => resolve());
    });
    running.set(child, ended);
    void ended.then(() => {
      running.delete(child);
      onGone(child, start);
    });
    let answers = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (answers + chunk).split('\n');
      answers = lines.pop() as string;
      if (child === current) for (const line of lines) hear(Number(line));
    });
    wake ??= setInterval(wakeUp, WAKE_INTERVAL).unref();
    if (child.pid !== undefined) onLaunch?.(child.pid);
    if (gone.length > 0) sweepSoon();
  }

  function onGone(child: ChildProcess | undefined, start: number): void {
    if (child !== current) return; // it had been sent away
    current = undefined;
    sweep = undefined;
    failures = performance.now() - start < HEALTHY_LIFE ? failures + 1 : 0;
    if (failures > MAX_FAILURES) gone = []; // there may never be a guardian to sweep
    if (gone.length === 0) settle();
    if (!isNeeded()) return;
    if (failures <= MAX_FAILURES) launch();
    else retry = setTimeout(launch, RETRY_DELAY).unref();
  }

  function give(order: string): void {
    clearTimeout(linger);
    linger = undefined;
    if (current) sendLines(current, order);
    else if (!retry) launch();
  }

  function wakeUp(): void {
    if (process.platform !== 'win32') current?.kill('SIGCONT');
  }

  /** At once if there was none for a while. */
  function sweepSoon(): void {
    if (sweep !== undefined || sweepTimer !== undefined) return;
    const pause = Math.min(Math.max(0, nextSweep - performance.now()), SWEEP_INTERVAL); // whatever a program does to the clock
    sweepTimer = setTimeout(sweepNow, pause).unref();
  }

  function sweepNow(): void {
    clearTimeout(sweepTimer);
    sweepTimer = undefined;
    if (sweep !== undefined || gone.length === 0 || !current) return;
    sweeps += 1;
    sweep = { number: sweeps, orders: gone.length };
    sendLines(current, `sweep ${sweeps}\n`);
  }

  function hear(swept: number): void {
    if (sweep === undefined || swept !== sweep.number) return;
    gone = gone.slice(sweep.orders);
    sweep = undefined;
    nextSweep = performance.now() + SWEEP_INTERVAL;
    if (gone.length === 0) settle();
    else if (onSwept.length > 0) sweepNow();
    else sweepSoon();
  }

  /** Nothing is left to sweep, or no guardian to do it. */
  function settle(): void {
    for (const resolve of onSwept.splice(0)) resolve();
    dismissLater();
  }

  function swept(): Promise<void> {
    if (gone.length === 0) return Promise.resolve();
    // It keeps this process alive until then.
    const patience = setTimeout(() => {
      gone = [];
      sweep = undefined;
      settle();
    }, SWEEP_PATIENCE);
    sweepNow();
    return new Promise<void>((resolve) => onSwept.push(resolve)).finally(() => clearTimeout(patience));
  }

  function dismissLater(): void {
    if (!isNeeded()) linger ??= setTimeout(dismiss, LINGER).unref();
  }

  function dismiss(): void {
    clearTimeout(linger);
    linger = undefined;
    if (isNeeded()) return;
    clearTimeout(retry);
    retry = undefined;
    clearInterval(wake);
    wake = undefined;
    current?.stdin?.end();
    current = undefined;
    notes?.close();
    notes = undefined;
  }

  return {
    guard(pid, mark = NO_MARK) {
      if (!Number.isSafeInteger(pid) || pid < 2) {
        // A signal to the groups 0 and 1 reaches the caller itself, or every process of the system.
        throw new RangeError(
          `Expected the pid of a child process to guard, a whole number above 1, got ${pid}.`,
        );
      }
      if (guarded.has(pid)) return;
      guarded.set(pid, mark);
      give(addOrder(pid, mark));
    },
    unguard(pid, descendants = new Map()) {
      const mark = guarded.get(pid);
      if (mark === undefined) return;
      guarded.delete(pid);
      const order = goneOrder(pid, mark, descendants);
      gone.push(order);
      give(order);
      sweepSoon();
    },
    note(letter, path) {
      if (!current && !retry) launch();
      clearTimeout(linger);
      linger = undefined;
      const note = notes?.add(letter, path);
      return (
        note && {
          change: note.change,
          erase() {
            note.erase();
            dismissLater();
          },
        }
      );
    },
    async ended() {
      await swept();
      if (isNeeded()) return;
      dismiss();
      await Promise.all([...running].map(([child, ended]) => untilGone(child, ended)));
    },
  };
}

/** The guardian of this process. */
export const guardian: Guardian = createGuardian();

const NO_MARK = '-';

function addOrder(pid: number, mark: string): string {
  return `add ${pid} ${mark}\n`;
}

function goneOrder(pid: number, mark: string, descendants: ReadonlyMap<number, string>): string {
  const others = [...descendants].map(([descendant, birth]) => ` ${descendant}@${birth}`);
  return `gone ${pid} ${mark}${others.join('')}\n`;
}

/** A session of its own keeps Ctrl-C away from it. Nothing of it keeps this process alive. */
function startProcess(
  shell: string | undefined,
  notes: Notes | undefined,
  orders: readonly string[],
): ChildProcess | undefined {
  try {
    const { file, args, env, ...options } = programFor(shell);
    const child = spawn(file, [...args, ...orders.map((order) => order.trimEnd())], {
      detached: true,
      stdio: ['pipe', 'pipe', isOpen(2) ? 'inherit' : 'ignore', ...(notes?.descriptors ?? noDescriptors)],
      ...options,
      env: withoutPrototype<NodeJS.ProcessEnv>(env),
      windowsHide: true,
      ...(process.platform === 'win32' ? {} : { cwd: '/' }),
    });
    child.unref();
    for (const stream of [child.stdin, child.stdout]) {
      // Its death is seen by its exit, a moment after the pipe breaks.
      stream?.on('error', () => {});
      (stream as Socket | null)?.unref();
    }
    return child;
  } catch {
    return undefined; // no process or descriptor is available at this moment, no permission to look for the shell, or no Node
  }
}

const noDescriptors = Array.from({ length: READINGS }, () => 'ignore' as const);

/** The script needs no variable, and some variables (SHELLOPTS) would make it end at its first line. */
function programFor(shell: string | undefined) {
  const owner = String(process.pid);
  const path = process.platform === 'win32' || shell === undefined ? undefined : pathOfPrograms();
  if (shell !== undefined && path !== undefined && existsSync(shell))
    return { file: shell, argv0: 'sh', args: ['-c', shellGuardian, 'loky-guardian', owner, path], env: {} };
  const { NODE_OPTIONS: _, [MARK_VARIABLE]: __, ...env } = process.env;
  const script = entryPoint('guardian');
  const node = nodeCommand(script);
  return { file: node.command, args: [script, owner], env: { ...env, ...node.env } };
}

/** Where the programs are that the shell needs; looked for once. */
let programs: { readonly path: string | undefined } | undefined;

function pathOfPrograms(): string | undefined {
  programs ??= { path: findPrograms(process.platform === 'linux' ? ['rm', 'grep'] : ['rm']) };
  return programs.path;
}

function findPrograms(names: readonly string[]): string | undefined {
  const folders = ['/usr/bin', '/bin', ...(process.env.PATH ?? '').split(delimiter).filter(isAbsolute)];
  const found = names.map((name) => folders.find((folder) => existsSync(join(folder, name))));
  return found.includes(undefined) ? undefined : [...new Set(found)].join(delimiter);
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

function sendLines(child: ChildProcess, lines: string): void {
  if (child.stdin?.writable) child.stdin.write(lines);
}

async function untilGone(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const impatience = setTimeout(() => child.kill('SIGKILL'), LEAVE_PATIENCE);
  child.ref();
  await ended;
  clearTimeout(impatience);
}
