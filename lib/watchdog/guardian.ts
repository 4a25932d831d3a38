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

/** How a guardian is started; tests watch it and take the shell away. */
export interface GuardianOptions {
  readonly shell?: string;
  /** Called with its pid each time a guardian process starts. */
  readonly onLaunch?: (pid: number) => void;
}

/**
 * What is left of trees whose root has gone: one search of all processes serves all that came since the last one. The orders
 * for them stay until a guardian process has carried them out.
 */
class Sweeps {
  readonly orders: string[] = [];
  readonly #send: (order: string) => boolean;
  readonly #onNothingLeft: () => void;
  /** The one that the guardian process is at. */
  #current: { readonly number: number; readonly orders: number } | undefined;
  #last = 0;
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param send Gives an order to the guardian process: `false` if there is none.
   * @param onNothingLeft Called when nothing is left to sweep, or there is nobody to do it.
   */
  constructor(send: (order: string) => boolean, onNothingLeft: () => void) {
    this.#send = send;
    this.#onNothingLeft = onNothingLeft;
  }

  /** At once if there was none for a while. */
  soon(): void {
    if (this.#current !== undefined || this.#timer !== undefined) return;
    const pause = Math.min(Math.max(0, this.#nextAt - performance.now()), SWEEP_INTERVAL); // whatever a program does to the clock
    this.#timer = setTimeout(() => this.#begin(), pause).unref();
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#current !== undefined || this.orders.length === 0) return;
    if (!this.#send(`sweep ${this.#last + 1}\n`)) return;
    this.#last += 1;
    this.#current = { number: this.#last, orders: this.orders.length };
  }

  /** The guardian process has answered. */
  done(number: number): void {
    if (this.#current?.number !== number) return;
    this.orders.splice(0, this.#current.orders);
    this.#current = undefined;
    this.#nextAt = performance.now() + SWEEP_INTERVAL;
    if (this.orders.length === 0) this.#settle();
    else if (this.#waiting.length > 0) this.#begin();
    else this.soon();
  }

  /** The guardian process has ended: the next one gets the orders again. */
  interrupted(): void {
    this.#current = undefined;
    if (this.orders.length === 0) this.#settle();
  }

  giveUp(): void {
    this.orders.length = 0;
    this.interrupted();
  }

  ended(): Promise<void> {
    if (this.orders.length === 0) return Promise.resolve();
    // It keeps this process alive until then.
    const patience = setTimeout(() => this.giveUp(), SWEEP_PATIENCE);
    this.#begin();
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).finally(() => clearTimeout(patience));
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#onNothingLeft();
  }
}

/**
 * Ends what it guards once this process is gone. It starts its process when that is first needed, again when it dies, and ends it
 * when it is not.
 */
export class Guardian {
  readonly #shell: string;
  readonly #onLaunch: ((pid: number) => void) | undefined;
  /** The marks of those that run. */
  readonly #guarded = new Map<number, string>();
  readonly #sweeps = new Sweeps(
    (order) => {
      if (this.#current) sendLines(this.#current, order);
      return this.#current !== undefined;
    },
    () => this.#dismissLater(),
  );
  #notes: Notes | undefined;
  /** All that have not ended, also those that were sent away; resolves when one has. */
  readonly #running = new Map<ChildProcess, Promise<void>>();
  #current: ChildProcess | undefined;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  #wake: NodeJS.Timeout | undefined;

  constructor(options: GuardianOptions = {}) {
    const { shell = '/bin/sh', onLaunch } = withoutPrototype(options);
    this.#shell = shell;
    this.#onLaunch = onLaunch;
  }

  /**
   * From now on the tree of `pid` dies with this process. `pid` must lead its process group (`detached`).
   *
   * @param mark What {@link MARK_VARIABLE} is in its environment.
   */
  guard(pid: number, mark = NO_MARK): void {
    if (!Number.isSafeInteger(pid) || pid < 2) {
      // A signal to the groups 0 and 1 reaches the caller itself, or every process of the system.
      throw new RangeError(
        `Expected the pid of a child process to guard, a whole number above 1, got ${pid}.`,
      );
    }
    if (this.#guarded.has(pid)) return;
    this.#guarded.set(pid, mark);
    this.#give(addOrder(pid, mark));
  }

  /**
   * To be called when the exit of `pid` was seen: its number may soon belong to another process. What is left of its tree is
   * ended within a second or two.
   *
   * @param descendants Those that are known, by pid and birth; others are found by session, group and mark.
   */
  unguard(pid: number, descendants: ReadonlyMap<number, string> = new Map()): void {
    const mark = this.#guarded.get(pid);
    if (mark === undefined) return;
    this.#guarded.delete(pid);
    const order = goneOrder(pid, mark, descendants);
    this.#sweeps.orders.push(order);
    this.#give(order);
    this.#sweeps.soon();
  }

  /** The guardian removes the file or folder once this process is gone. `undefined` if it cannot be noted. */
  note(letter: NoteLetter, path: string): Note | undefined {
    if (!this.#current && !this.#retry) this.#launch();
    this.#stay();
    const note = this.#notes?.add(letter, path);
    return (
      note && {
        change: note.change,
        erase: () => {
          note.erase();
          this.#dismissLater();
        },
      }
    );
  }

  /**
   * Resolves when nothing is left of the trees whose end was seen and, if nothing is guarded or noted, when no guardian
   * process is left. Never rejects.
   */
  async ended(): Promise<void> {
    await this.#sweeps.ended();
    if (this.#isNeeded) return;
    this.#dismiss();
    await Promise.all([...this.#running].map(([child, ended]) => untilGone(child, ended)));
  }

  get #isNeeded(): boolean {
    return this.#guarded.size > 0 || this.#sweeps.orders.length > 0 || (this.#notes?.size ?? 0) > 0;
  }

  #launch(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#notes ??= openNotes();
    const start = performance.now();
    const { orders } = this.#sweeps;
    const first = [...[...this.#guarded].map(([pid, mark]) => addOrder(pid, mark)), ...orders];
    const child = startProcess(this.#failures < MAX_FAILURES ? this.#shell : undefined, this.#notes, first);
    this.#current = child;
    if (child === undefined) this.#onGone(undefined, start);
    else this.#attend(child, start);
  }

  #attend(child: ChildProcess, start: number): void {
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve()).on('error', () => resolve());
    });
    this.#running.set(child, ended);
    void ended.then(() => {
      this.#running.delete(child);
      this.#onGone(child, start);
    });
    let answers = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (answers + chunk).split('\n');
      answers = lines.pop() as string;
      if (child === this.#current) for (const line of lines) this.#sweeps.done(Number(line));
    });
    this.#wake ??= setInterval(() => this.#wakeUp(), WAKE_INTERVAL).unref();
    if (child.pid !== undefined) this.#onLaunch?.(child.pid);
    if (this.#sweeps.orders.length > 0) this.#sweeps.soon();
  }

  #onGone(child: ChildProcess | undefined, start: number): void {
    if (child !== this.#current) return; // it had been sent away
    this.#current = undefined;
    this.#failures = performance.now() - start < HEALTHY_LIFE ? this.#failures + 1 : 0;
    if (this.#failures > MAX_FAILURES)
      this.#sweeps.giveUp(); // there may never be one to carry them out
    else this.#sweeps.interrupted();
    if (!this.#isNeeded) return;
    if (this.#failures <= MAX_FAILURES) this.#launch();
    else this.#retry = setTimeout(() => this.#launch(), RETRY_DELAY).unref();
  }

  #give(order: string): void {
    this.#stay();
    if (this.#current) sendLines(this.#current, order);
    else if (!this.#retry) this.#launch();
  }

  #wakeUp(): void {
    if (process.platform !== 'win32') this.#current?.kill('SIGCONT');
  }

  #stay(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
  }

  #dismissLater(): void {
    if (!this.#isNeeded) this.#linger ??= setTimeout(() => this.#dismiss(), LINGER).unref();
  }

  #dismiss(): void {
    this.#stay();
    if (this.#isNeeded) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearInterval(this.#wake);
    this.#wake = undefined;
    this.#current?.stdin?.end();
    this.#current = undefined;
    this.#notes?.close();
    this.#notes = undefined;
  }
}

const NO_MARK = '-';

/** The guardian of this process. */
export const guardian = new Guardian();

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
