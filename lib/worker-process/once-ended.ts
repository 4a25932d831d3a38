/**
 * The end of a process: it has exited, and all that it wrote was read. Node's own 'close' event does not
 * tell: it waits for every descendant that holds an output open.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';

/** What descendants that outlive the process may still write, or hold open, is not waited for. In milliseconds. */
const OUTPUT_GRACE = 100;

export function onceEnded(
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
