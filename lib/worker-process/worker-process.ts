/**
 * One worker process seen from the host: it is started, carries frames, and ends, which is told once, after
 * everything that it had sent was read. It knows no task and decides nothing.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Channel, createChannel } from '../channel/channel.ts';
import { type ClaimLedger, createClaimLedger } from '../channel/claims.ts';
import { type Frame, FrameKind, MalformedFrameError } from '../channel/frame.ts';
import { encodeStart, PIPE_DESCRIPTOR, type StartMessage } from '../channel/start-message.ts';
import type { InlineBody, Payload } from '../sending/index.ts';
import { isNoWorker } from '../system/start-mark.ts';
import { isError, messageOf } from '../system/thrown.ts';
import { clearTimeout, nextTick, setImmediate, setTimeout } from '../system/timers.ts';
import { readOomKills } from '../watchdog/oom-killer.ts';
import { createMark, type WorkerTree, watchTree } from '../watchdog/worker-tree.ts';
import { readInBulk } from './bulk-reading.ts';
import type { ExitReport } from './exit-report.ts';
import { onceEnded } from './once-ended.ts';
import { captureOutput, type OutputListener } from './output.ts';
import { isAsleep, isExiting } from './process-state.ts';
import { type SpawnSettings, spawnWorker } from './spawn-worker.ts';
import { createStallWatch } from './stall-watch.ts';

export interface WorkerProcessSettings extends SpawnSettings {
  readonly start: StartMessage;
}

export interface WorkerProcessListener extends OutputListener {
  readonly onFrame: (frame: Frame) => void;
  /** Called once, when all that it had sent was read. */
  onExit(report: ExitReport): void;
  /** Called once, after `onExit`: what it had started and left behind is ended soon, too. */
  onGone(): void;
}

export interface WorkerProcess {
  /** `undefined` if it could not be created. */
  readonly pid: number | undefined;
  /** How tasks that were sent ahead are taken back; `undefined` where that cannot be done. */
  readonly claims: ClaimLedger | undefined;
  /** Whether its output tells under which number a task was sent. */
  readonly marksOutput: boolean;
  send(kind: Frame['kind'], id: number, payload?: Payload): void;
  /** The same for a body that is written straight into its frame. `false` if it cannot be: nothing was sent then. */
  sendInline(kind: Frame['kind'], id: number, body: InlineBody): boolean;
  /** Asks it to exit when it has nothing to do. */
  leave(): void;
  /** Ends it with all its descendants. */
  kill(): void;
}

/** A dying process closes its descriptors a moment before its exit can be seen. In milliseconds. */
const EXIT_GRACE = 100;

/** @param settingsOf May throw: code of the user may be asked for the environment. */
export function startWorkerProcess(
  settingsOf: () => WorkerProcessSettings,
  listener: WorkerProcessListener,
): WorkerProcess {
  let claims: ClaimLedger | undefined;
  const end = (report: ExitReport): void => {
    listener.onExit(report);
    claims?.close();
  };
  let subprocess: ChildProcess | undefined;
  let channel: Channel | undefined;
  let marksOutput = false;
  let tree: WorkerTree | undefined;
  try {
    claims = createClaimLedger();
    const settings = settingsOf();
    const mark = createMark();
    marksOutput = settings.start.outputMark !== undefined;
    subprocess = spawnWorker(settings, mark, claims);
    tree = subprocess.pid === undefined ? undefined : watchTree(subprocess.pid, mark);
    channel = supervise(subprocess, settings, tree, { ...listener, onExit: end });
  } catch (error) {
    if (subprocess !== undefined) abandon(subprocess, tree);
    subprocess = undefined;
    nextTick(() => {
      end(neverStarted(error));
      listener.onGone();
    });
  }
  return {
    pid: subprocess?.pid,
    claims,
    marksOutput,
    send: (kind, id, payload) => channel?.send(kind, id, payload?.body, payload?.views),
    sendInline: (kind, id, body) => channel?.sendInline(kind, id, body) ?? false,
    leave() {
      if (subprocess !== undefined && !hasExited(subprocess)) tree?.leaving();
      channel?.send(FrameKind.leave, 0);
    },
    kill() {
      tree?.kill();
    },
  };
}

function supervise(
  subprocess: ChildProcess,
  { start, stdio }: WorkerProcessSettings,
  tree: WorkerTree | undefined,
  listener: WorkerProcessListener,
): Channel | undefined {
  const { pid } = subprocess;
  if (pid === undefined || tree === undefined) {
    subprocess.once('error', (error) => {
      listener.onExit(neverStarted(error));
      listener.onGone();
    });
    return undefined;
  }
  const stderr = captureOutput(subprocess, stdio, start.outputMark, listener);
  let stopWatching: (() => void) | undefined = watchBoot(subprocess, tree);
  const pipe = openPipe(subprocess, pid, tree, (frame) => {
    stopWatching?.();
    stopWatching = undefined;
    listener.onFrame(frame);
  });
  pipe.channel.send(FrameKind.start, 0, encodeStart(start));
  // The first result waits for what comes before the first message.
  let oomKills: number | undefined;
  setImmediate(() => {
    oomKills = readOomKills();
  });
  subprocess.on('error', () => {}); // a signal to a process that is just ending
  subprocess.once('exit', () => tree.exited());
  onceEnded(subprocess, (exitCode, signal) => {
    listener.onExit({
      pid,
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      stderr: stderr.text(),
      startError: undefined,
      malformedFrame: pipe.malformedFrame(),
      closedChannel: pipe.wasGivenUp() && signal === 'SIGKILL',
      leftUnread: pipe.hasUnread(),
      killedByKernel: oomKills !== undefined && (readOomKills() ?? 0) > oomKills,
    });
    setImmediate(() => {
      tree.endRest();
      listener.onGone();
    });
  });
  subprocess.unref();
  return pipe.channel;
}

/**
 * An application that was started in place of a worker says so, and may go on: until the first frame it is listened to.
 *
 * @returns Ends that.
 */
function watchBoot({ stderr }: ChildProcess, tree: WorkerTree): () => void {
  const look = (chunk: Buffer) => {
    if (isNoWorker(chunk)) tree.kill();
  };
  stderr?.on('data', look);
  return () => stderr?.off('data', look);
}

/** It was started and cannot be supervised: nothing of it stays. */
function abandon(subprocess: ChildProcess, tree: WorkerTree | undefined): void {
  subprocess.on('error', () => {}); // a signal to a process that is just ending
  subprocess.once('exit', () => {
    tree?.exited();
    tree?.endRest();
  });
  tree?.kill();
  for (const stream of subprocess.stdio) stream?.destroy();
}

interface WorkerPipe {
  readonly channel: Channel;
  malformedFrame(): MalformedFrameError | undefined;
  /** The worker went on without its channel and was killed for it. */
  wasGivenUp(): boolean;
  /** The worker's end was closed before all that was sent had been read. */
  hasUnread(): boolean;
}

function openPipe(
  subprocess: ChildProcess,
  pid: number,
  tree: WorkerTree,
  onFrame: (frame: Frame) => void,
): WorkerPipe {
  const pipe = readInBulk(subprocess.stdio[PIPE_DESCRIPTOR] as Socket, (chunk) => {
    if (channel.receive(chunk)) stalls.start();
  });
  subprocess.stdio[PIPE_DESCRIPTOR] = pipe;
  let malformedFrame: MalformedFrameError | undefined;
  let givenUp = false;
  let hasUnread = false;
  const giveUp = () => {
    if (hasExited(subprocess)) return;
    givenUp = true;
    tree.kill();
  };
  /** One that ends takes as long as the system needs for it; one that goes on without its channel is of no use. */
  const expectExit = () => {
    exitClock = setTimeout(() => (isExiting(pid) ? expectExit() : giveUp()), EXIT_GRACE);
  };
  let exitClock: NodeJS.Timeout | undefined;
  subprocess.once('exit', () => clearTimeout(exitClock));
  const channel = createChannel(pipe, {
    onFrame,
    onEnd(error) {
      stalls.stop();
      malformedFrame ??= error;
      if (error !== undefined) giveUp();
      else if (!hasExited(subprocess)) expectExit();
    },
  });
  const stalls = createStallWatch({
    isMidFrame: () => channel.isMidFrame,
    bytesRead: () => pipe.bytesRead,
    isAsleep: () => isAsleep(pid),
    onStall() {
      malformedFrame = new MalformedFrameError('it announced more than it sent');
      giveUp();
    },
  });
  pipe.on('error', ({ code }: NodeJS.ErrnoException) => {
    // What the system says of a socket whose other end went with something unread, or was gone already.
    hasUnread = code === 'ECONNRESET' || code === 'EPIPE';
  });
  pipe.unref();
  return {
    channel,
    malformedFrame: () => malformedFrame,
    wasGivenUp: () => givenUp,
    hasUnread: () => hasUnread,
  };
}

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function neverStarted(error: unknown): ExitReport {
  return {
    pid: undefined,
    exitCode: undefined,
    signal: undefined,
    stderr: '',
    startError: isError(error) ? error : new Error(messageOf(error), { cause: error }),
    malformedFrame: undefined,
    closedChannel: false,
    leftUnread: false,
    killedByKernel: false,
  };
}
