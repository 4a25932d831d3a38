/**
 * The process that outlives this one and removes what was registered: started when it is first needed, again when
 * it dies, ended when there is nothing to watch. What is to be removed is decided elsewhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { entryPoint } from '../system/entry-points.ts';
import { nodeCommand } from '../system/node-command.ts';
import { withoutPrototype } from '../system/own.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { writeWaiting } from '../system/write-waiting.ts';
import { withoutMark } from './marked-processes.ts';

/** It takes 40 ms to start, so it waits a little for more work. */
const LINGER = 1_000;
const LEAVE_PATIENCE = 5_000;
/** How long this process stands still, at most, for one that does not read. */
const READ_PATIENCE = 5_000;
/** Deaths in a row without a healthy life between them, after which it is started by the next order only. */
const MAX_FAILURES = 3;
const HEALTHY_LIFE = 1_000;

/** How a tracker process is started; tests watch it. */
export interface TrackerProcessOptions {
  /** All lines that a fresh process has to know; none means that nothing needs watching. */
  readonly state: () => string[];
  readonly warn: (message: string) => void;
  readonly onLaunch?: (pid: number) => void;
}

/** A line to the process, or its end. */
export interface TrackerProcess {
  /** Passes a line on. The process is started if there is something to watch. */
  tell(line: string): void;
  /** Resolves when no process is left, at once if something needs it. */
  ended(): Promise<void>;
}

export function createTrackerProcess({ state, warn, onLaunch }: TrackerProcessOptions): TrackerProcess {
  const running = new Set<ChildProcess>();
  let current: ChildProcess | undefined;
  let linger: NodeJS.Timeout | undefined;
  let failures = 0;

  function launch(): void {
    const start = performance.now();
    const child = startProcess(warn);
    if (!child) return;
    current = child;
    running.add(child);
    let gone = false;
    const onEnd = () => {
      if (gone) return;
      gone = true;
      running.delete(child);
      if (child === current) onDeath(child, performance.now() - start);
    };
    child.once('exit', onEnd).on('error', onEnd);
    write(child, state().join(''));
    if (child.pid !== undefined) onLaunch?.(child.pid);
  }

  function onDeath(child: ChildProcess, lifetime: number): void {
    current = undefined;
    failures = lifetime < HEALTHY_LIFE ? failures + 1 : 0;
    if (state().length === 0) return;
    const again = failures <= MAX_FAILURES;
    warn(
      `The resource tracker of loky ended unexpectedly (${child.signalCode ?? `exit code ${child.exitCode}`}) and is ` +
        `started again ${again ? 'now' : 'when it is next used'}. What is registered stays registered.`,
    );
    if (again) launch();
  }

  function dismiss(): void {
    clearTimeout(linger);
    linger = undefined;
    if (state().length > 0) return;
    current?.stdin?.end();
    current = undefined;
  }

  return {
    tell(line) {
      if (current?.stdin?.writable) write(current, line);
      else if (!current && state().length > 0) launch();
      if (state().length === 0) linger ??= setTimeout(dismiss, LINGER).unref();
    },
    async ended() {
      dismiss();
      if (!current) await Promise.all([...running].map(untilGone));
    },
  };
}

/** Its stderr is ours: it is where it says what it removed. */
function startProcess(warn: (message: string) => void): ChildProcess | undefined {
  const { NODE_OPTIONS: _, ...env } = withoutMark(process.env);
  try {
    const script = entryPoint('resource-tracker');
    const node = nodeCommand(script);
    const child = spawn(node.command, [script, String(process.pid)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
      env: withoutPrototype({ ...env, ...node.env }),
      windowsHide: true,
    });
    child.unref();
    // Its death is seen by its exit, a moment after the pipe breaks.
    child.stdin?.on('error', () => {});
    (child.stdin as Socket | null)?.unref();
    return child;
  } catch (error) {
    warn(
      `The resource tracker of loky could not be started: ${error instanceof Error ? error.message : error} ` +
        'Registered files and folders are left behind if this process is killed.',
    );
    return undefined;
  }
}

/** Of Node's own, and not documented; without it the stream works as Node has made it. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * At once: this process may be killed right after. A socket takes some hundred lines and the process reads as soon as it
 * has booted, so that is waited for; what one that is stopped does not take goes the stream's way.
 */
function write({ stdin }: ChildProcess, lines: string): void {
  if (stdin === null) return;
  const bytes = Buffer.from(lines);
  const descriptor = (stdin as WithHandle)._handle?.fd ?? -1;
  const deadline = performance.now() + READ_PATIENCE;
  const isDirect = descriptor >= 0 && stdin.writableLength === 0;
  const written = isDirect ? writeWaiting(descriptor, bytes, () => performance.now() < deadline) : 0;
  if (written < bytes.length) stdin.write(bytes.subarray(written));
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
