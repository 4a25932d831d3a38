/**
 * One worker process seen from the host: the process is started, carries frames, and ends, which is reported once, after
 * everything that it had sent was read.
 */
import type { ChildProcess } from 'node:child_process';
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Payload } from '../sending/common/payload.ts';
import { isNoWorker } from '../system/start-mark.ts';
import { isError, messageOf } from '../system/thrown.ts';
import { clearTimeout, nextTick, setImmediate, setTimeout } from '../system/timers.ts';
import { readOomKills } from '../watchdog/oom-killer.ts';
import { isAsleep, isExiting } from '../watchdog/processes.ts';
import { type WorkerTree, watchTree } from '../watchdog/worker-tree.ts';
import type { ClaimLedger } from './claims.ts';
import type { ExitReport } from './exit-report.ts';
import { Channel, PIPE_DESCRIPTOR } from './frames.ts';
import type { Launched } from './launch.ts';
import { captureOutput, type OutputListener, type StdioMode } from './output.ts';
import { encodeStart, type Frame, FrameKind, MalformedFrameError, type StartMessage } from './protocol.ts';
import { createStallWatch } from './stall-watch.ts';

export interface WorkerProcessSettings {
  readonly stdio: StdioMode;
  readonly start: StartMessage;
  /** May throw: code of the user may be asked for the environment. */
  launch(): Launched;
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
  /** How tasks that were sent ahead are revoked; `undefined` where that cannot be done. */
  readonly claims: ClaimLedger | undefined;
  /** Whether its output is marked with the number under which a task was sent. */
  readonly marksOutput: boolean;
  send(kind: Frame['kind'], id: number, payload?: Payload): void;
  /** The pipe to it; `undefined` if it could not be created. */
  readonly channel: Channel | undefined;
  /** Asks it to exit when it has nothing to do. */
  leave(): void;
  /** Ends it with all its descendants. */
  kill(): void;
}

/** A dying process closes its descriptors a moment before its exit can be seen. In milliseconds. */
const EXIT_GRACE = 100;

export function startWorkerProcess(
  settings: WorkerProcessSettings,
  listener: WorkerProcessListener,
): WorkerProcess {
  let launched: Launched | undefined;
  let channel: Channel | undefined;
  let tree: WorkerTree | undefined;
  const end = (report: ExitReport): void => {
    listener.onExit(report);
    launched?.claims?.close();
  };
  let subprocess: ChildProcess | undefined;
  try {
    launched = settings.launch();
    subprocess = launched.subprocess;
    tree = subprocess.pid === undefined ? undefined : watchTree(subprocess.pid, launched.mark);
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
    claims: launched?.claims,
    marksOutput: settings.start.outputMark !== undefined,
    send: (kind, id, payload) => channel?.send(kind, id, payload?.body, payload?.views),
    channel,
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
  const stopWatching = watchBoot(subprocess, tree);
  const pipe = openPipe(subprocess, pid, tree, (frame) => {
    stopWatching();
    pipe.channel.onFrame = listener.onFrame;
    listener.onFrame(frame);
  });
  const { body, views } = encodeStart(start);
  pipe.channel.send(FrameKind.start, 0, body, views);
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
 * An application that was started instead of a worker writes that to stderr, and may keep running: stderr is read for it until the first frame.
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
  const pipe = readInBulk(subprocess.stdio[PIPE_DESCRIPTOR] as Socket, (bytes, buffer) => {
    if (channel.receive(buffer.subarray(0, bytes) as Buffer)) stalls.start();
    return true;
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
  /** A worker that ends takes as long as the system needs; a worker that keeps running without its channel is of no use. */
  const expectExit = () => {
    exitClock = setTimeout(() => (isExiting(pid) ? expectExit() : giveUp()), EXIT_GRACE);
  };
  let exitClock: NodeJS.Timeout | undefined;
  subprocess.once('exit', () => clearTimeout(exitClock));
  const channel = new Channel(pipe, onFrame, (error) => {
    stalls.stop();
    malformedFrame ??= error;
    if (error !== undefined) giveUp();
    else if (!hasExited(subprocess)) expectExit();
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
    // The errors of a socket whose other end closed with unread data, or was closed already.
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

const READ_BYTES = 256 * 1024;

/** What is read is used up before anything else is read, whichever worker sent it. */
let sharedBuffer: Buffer | undefined;

/**
 * A socket that takes over the pipe of `made` and reads it in bulk: into one buffer for all workers, in pieces of up to
 * 256 KiB. A socket that Node makes for a child allocates 64 KiB for each read, which costs as much again as the data
 * itself. Node takes `onread` only where a socket is made, so this is a second one on the same handle; where the first
 * does not show its handle, it goes on itself.
 *
 * @param onRead Given how many bytes of the buffer were filled. It is used again for the next read.
 */
function readInBulk(made: Socket, onRead: (bytes: number, buffer: Uint8Array) => boolean): Socket {
  const holder = made as unknown as { _handle?: unknown };
  const handle = holder._handle;
  if (handle === undefined || handle === null)
    return made.on('data', (chunk: Buffer) => onRead(chunk.length, chunk));
  sharedBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const options: SocketConstructorOpts & { onread: OnReadOpts; handle: unknown } = {
    handle,
    readable: true,
    writable: true,
    onread: { buffer: sharedBuffer, callback: onRead },
  };
  const pipe = new Socket(options);
  holder._handle = null;
  made.destroy();
  return pipe.resume();
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

/** What descendants that outlive the process may still write, or hold open, is not waited for. In milliseconds. */
const OUTPUT_GRACE = 100;

/**
 * The end of a process: it has exited, and all that it wrote was read. Node's own 'close' event comes
 * later: it waits for every descendant that holds an output open.
 */
function onceEnded(
  subprocess: ChildProcess,
  onEnd: (exitCode: number | null, signal: NodeJS.Signals | null) => void,
): void {
  const { stdout, stderr } = subprocess;
  const streams = subprocess.stdio.filter((stream) => stream !== null && stream !== undefined);
  let missing = streams.length + 1;
  let graceTimer: NodeJS.Timeout | undefined;
  const countDown = () => {
    missing -= 1;
    if (missing > 0) return;
    clearTimeout(graceTimer);
    onEnd(subprocess.exitCode, subprocess.signalCode);
  };
  for (const stream of streams) stream.once('close', countDown);
  subprocess.once('exit', () => {
    // After the event loop has polled: this process may have been too busy to read what the process itself had written.
    graceTimer = setTimeout(() => {
      setImmediate(() => {
        stdout?.destroy();
        stderr?.destroy();
      });
    }, OUTPUT_GRACE);
    for (const stream of streams)
      if (stream !== stdout && stream !== stderr) destroyOnceQuiet(stream as Socket);
    countDown();
  });
}

/** What the process itself had written is read before: this process may have been too busy for it. */
function destroyOnceQuiet(stream: Socket): void {
  if (stream.closed) return;
  const { bytesRead } = stream;
  const timer = setTimeout(() => {
    // After the event loop has polled, so that whatever waits to be read was read.
    setImmediate(() => {
      if (stream.bytesRead === bytesRead) stream.destroy();
      else destroyOnceQuiet(stream);
    });
  }, OUTPUT_GRACE);
  stream.once('close', () => clearTimeout(timer));
}
