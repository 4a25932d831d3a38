/**
 * One small process for each host, which ends the host's process trees when the host is gone in whatever way,
 * SIGKILL included: the end of the pipe between them tells it. It knows pids, and no workers.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { nodeCommand } from '../system/node-command.ts';
import { withoutPrototype } from '../system/own.ts';
import { clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';
import { nodeGuardian, shellGuardian } from './guardian-scripts.ts';
import { withoutMark } from './marked-processes.ts';

/** A guardian process that lived shorter than this did not work. */
const HEALTHY_LIFE = 1_000;
/** So many in a row, and the next is tried after a pause, or in Node instead of the shell. */
const MAX_FAILURES = 3;
const RETRY_DELAY = 1_000;
/** A guardian with nothing to do leaves within a few milliseconds; a stopped one must not hold up its host. */
const LEAVE_PATIENCE = 1_000;

/** Ends what it guards once this process is gone. */
export interface Guardian {
  /** From now on the tree of `pid` dies with this process. `pid` must lead its process group (`detached`). */
  guard(pid: number): void;
  /** To be called when the exit of `pid` was seen: its number may belong to somebody else soon. */
  unguard(pid: number): void;
  /** Resolves at once while something is guarded, else when no guardian process is left. Never rejects. */
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
  const guarded = new Set<number>();
  const running = new Set<ChildProcess>();
  let current: ChildProcess | undefined;
  let failures = 0;
  let retry: NodeJS.Timeout | undefined;

  function launch(): void {
    clearTimeout(retry);
    retry = undefined;
    const start = performance.now();
    const child = startProcess(failures < MAX_FAILURES ? shell : undefined, guarded);
    current = child;
    if (!child) {
      onGone(undefined, start);
      return;
    }
    running.add(child);
    let gone = false;
    const onEnd = () => {
      if (gone) return;
      gone = true;
      running.delete(child);
      onGone(child, start);
    };
    child.once('exit', onEnd).on('error', onEnd);
    if (child.pid !== undefined) onLaunch?.(child.pid);
  }

  function onGone(child: ChildProcess | undefined, start: number): void {
    if (child !== current) return; // it had been sent away
    current = undefined;
    failures = performance.now() - start < HEALTHY_LIFE ? failures + 1 : 0;
    if (guarded.size === 0) return;
    if (failures <= MAX_FAILURES) launch();
    else retry = setTimeout(launch, RETRY_DELAY).unref();
  }

  function dismiss(): void {
    if (guarded.size > 0) return;
    clearTimeout(retry);
    retry = undefined;
    current?.stdin?.end();
    current = undefined;
  }

  return {
    guard(pid) {
      if (!Number.isSafeInteger(pid) || pid < 2) {
        // A signal to the groups 0 and 1 reaches the caller itself, or every process of the system.
        throw new RangeError(
          `Expected the pid of a child process to guard, a whole number above 1, got ${pid}.`,
        );
      }
      if (guarded.has(pid)) return;
      guarded.add(pid);
      if (current) tell(current, `add ${pid}\n`);
      else if (!retry) launch();
    },
    unguard(pid) {
      if (!guarded.delete(pid)) return;
      if (current) tell(current, `remove ${pid}\n`);
      // A worker that is replaced is followed by another within the same turn of the event loop.
      if (guarded.size === 0) setImmediate(dismiss).unref();
    },
    async ended() {
      if (guarded.size > 0) return;
      dismiss();
      await Promise.all([...running].map(untilGone));
    },
  };
}

/** The guardian of this process. */
const { guard, unguard, ended: guardianEnded } = createGuardian();

export { guard, guardianEnded, unguard };

/** A session of its own keeps Ctrl-C away from it. Nothing of it keeps this process alive. */
function startProcess(shell: string | undefined, guarded: ReadonlySet<number>): ChildProcess | undefined {
  const { NODE_OPTIONS: _, ...ownEnv } = withoutMark(process.env);
  try {
    const useShell = shell !== undefined && process.platform !== 'win32' && existsSync(shell);
    // The script needs no program and no variable, and some variables (SHELLOPTS) would make it end at its first line.
    const guardian = useShell ? undefined : nodeCommand('guardian');
    const env = guardian === undefined ? {} : { ...ownEnv, ...guardian.env };
    const [file, args] =
      guardian === undefined
        ? [shell as string, ['-c', shellGuardian, 'loky-guardian']]
        : [guardian.command, ['-e', nodeGuardian]];
    const child = spawn(file, [...args, ...[...guarded].map(String)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: withoutPrototype(env),
      windowsHide: true,
      ...(process.platform === 'win32' ? {} : { cwd: '/' }),
    });
    child.unref();
    // Its death is seen by its exit, a moment after the pipe breaks.
    child.stdin?.on('error', () => {});
    (child.stdin as Socket | null)?.unref();
    return child;
  } catch {
    return undefined; // no process or no descriptor to be had at this moment, no permission to look for the shell, or no Node
  }
}

function tell(child: ChildProcess, lines: string): void {
  if (child.stdin?.writable) child.stdin.write(lines);
}

function untilGone(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => child.kill('SIGKILL'), LEAVE_PATIENCE);
    const done = () => {
      clearTimeout(impatience);
      resolve();
    };
    child.ref();
    child.once('exit', done).once('error', done);
  });
}
