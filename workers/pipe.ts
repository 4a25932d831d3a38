/** The worker's end of the private pipe, with as little of the stream's machinery as can be. */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { PIPE_DESCRIPTOR } from '../lib/child/frames.ts';
import { natives } from './natives.ts';

/** All reads share one buffer of this size: larger than what a socket holds, so that large frames take few reads. */
const READ_BYTES = 256 * 1024;

/** @param onRead Given how many bytes of the buffer were filled. It is used again for the next read. */
export function openPipe(onRead: (bytes: number, buffer: Uint8Array) => boolean): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: PIPE_DESCRIPTOR,
    readable: true,
    writable: true,
    onread: { buffer, callback: onRead },
  };
  const pipe = new Socket(options);
  pipe.resume();
  return pipe;
}

/** How the channel gets its bytes into the pipe. */
export interface PipeWriter {
  /**
   * Writes at once as long as the pipe takes it: what is finished has left this process before the next task begins.
   * What the pipe does not take goes the stream's way.
   */
  write(bytes: Uint8Array): void;
  /** What `send` sends has left this process when this returns, however long the host does not read. */
  toTheEnd(send: () => void): void;
  /**
   * Sends nothing if the pipe takes nothing at this moment: `false`. What has begun is written to its end, as a task may
   * not give way for long, and a frame of which no more comes is a fault.
   */
  offer(send: () => void): boolean;
}

const { writeSync } = natives;
const { wait } = Atomics;
const nobodyWakesIt = new Int32Array(new SharedArrayBuffer(4));
/** How long a full pipe is left alone, in milliseconds. */
const PAUSE = 1;

type Patience = 'none' | 'to the end' | 'once begun';

export function createPipeWriter(pipe: Socket): PipeWriter {
  const isDirect = process.platform !== 'win32';
  let patience: Patience = 'none';
  let hasBegun = false;
  let isRefused = false;

  const mayWait = (written: number) =>
    patience === 'to the end' || (patience === 'once begun' && (hasBegun || written > 0));

  function during(kind: Patience, send: () => void): void {
    patience = kind;
    hasBegun = isRefused = false;
    try {
      send();
    } finally {
      patience = 'none';
    }
  }

  return {
    write(bytes) {
      if (patience === 'once begun' && isRefused) return;
      let written = 0;
      if (isDirect && pipe.writableLength === 0) {
        // While the pipe is full and what is sent may not be held back, the whole thread waits.
        while (written < bytes.length) {
          try {
            written += writeSync(PIPE_DESCRIPTOR, bytes, written, bytes.length - written);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || !mayWait(written)) break;
            wait(nobodyWakesIt, 0, 0, PAUSE);
          }
        }
        hasBegun ||= written > 0;
        isRefused = !hasBegun;
        if (patience === 'once begun' && isRefused) return;
      }
      if (written < bytes.length) pipe.write(bytes.subarray(written)); // a closed pipe reports its error there
    },
    toTheEnd: (send) => during('to the end', send),
    offer(send) {
      if (pipe.writableLength > 0) return false;
      during('once begun', send);
      return !isRefused;
    },
  };
}
